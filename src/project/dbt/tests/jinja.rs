//! Jinja with Python's meaning.

use super::renders;

#[test]
fn lists_and_dicts_can_change() {
    renders("{% set l = [1] %}{% do l.append(2) %}{% do l.extend([3, 4]) %}{{ l }}", "[1, 2, 3, 4]");
    renders(
        "{% set l = [3, 1, 2] %}{% do l.sort() %}{% do l.reverse() %}{{ l }} {{ l.pop() }} {{ l }}",
        "[3, 2, 1] 1 [3, 2]",
    );
    renders("{% set l = ['a'] %}{% do l.insert(0, 'b') %}{% do l.remove('a') %}{{ l }}", "['b']");
    renders("{% set d = {'a': 1} %}{% do d.update({'b': 2}) %}{{ d }} {{ d.b }} {{ d['a'] }}", "{'a': 1, 'b': 2} 2 1");
    renders("{% set d = {} %}{% do d.setdefault('x', []).append(1) %}{{ d.x }} {{ d.pop('x') }} {{ d }}", "[1] [1] {}");
    renders("{% set l = [1] + [2] %}{% do l.append(3) %}{{ l | length }} {{ l[-1] }} {{ l[1:] }}", "3 3 [2, 3]");
    renders("{% set l = [] %}{% for i in range(3) %}{% do l.append(i * 2) %}{% endfor %}{{ l | join('+') }}", "0+2+4");
    renders("{% set l = 'a,b'.split(',') %}{% do l.append('c') %}{{ l }}", "['a', 'b', 'c']");
    renders("{% set l = ['a', 'b'] | map('upper') | list %}{% do l.append('c') %}{{ l }}", "['A', 'B', 'c']");
    renders("{% set x = [] %}{{ x.append(1) or '' }}{{ x }}", "[1]");
}

#[test]
fn a_list_cannot_hold_itself() {
    let read = super::given(&[("models/m.sql", "{% set l = [] %}{% do l.append(l) %}{{ l }}")]);
    assert_eq!(read.codes(), ["not-rendered"]);
}

#[test]
fn texts_format_as_in_python() {
    renders("{{ '%s-%02d' % ('a', 7) }} {{ '%s' % 'x' }} {{ '{}-{}'.format(1, 2) }}", "a-07 x 1-2");
    renders("{{ 7 % 3 }} {{ -7 % 3 }} {{ 7 // 2 }} {{ 2 ** 3 }} {{ 'a' ~ 1 ~ true ~ none }}", "1 2 3 8 a1TrueNone");
    renders(
        "{{ 'abc'[1:] }} {{ 'a-b'.replace('-', '_').upper() }} {{ 'x'.zfill(3) }} {{ ' y '.strip() }}",
        "bc A_B 00x y",
    );
    renders("{{ 'a' 'b' }} {{ +1 }} {{ 'p_x'.removeprefix('p_') }} {{ 'abc'.startswith('ab') }}", "ab 1 x True");
}

#[test]
fn sets_namespaces_and_loops() {
    renders(
        "{% set ns = namespace(n=0, l=[]) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% do ns.l.append(i) %}{% endfor %}{{ ns.n }} {{ ns.l }}",
        "3 [1, 2]",
    );
    renders("{% set a, b = 1, 2 %}{{ a }}{{ b }}", "12");
    renders("{% set t %}x {{ 1 }}{% endset %}{{ t }}", "x 1");
    renders(
        "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }}{% if not loop.last %},{% endif %}{% endfor %}",
        "a=1,b=2",
    );
    renders(
        "{% for i in range(9) %}{% if i == 1 %}{% continue %}{% elif i > 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
        "023",
    );
    renders("{{ [{'n': 'a', 'k': 1}, {'n': 'b'}] | selectattr('k', 'defined') | map(attribute='n') | join }}", "a");
}

#[test]
fn filters_of_dbt() {
    renders(
        "{{ '3' | as_number + 1 }} {{ 'true' | as_bool }} {{ '[1, 2]' | as_native | length }} {{ 5 | as_text ~ 'x' }}",
        "4 True 2 5x",
    );
    renders("{{ '' | as_bool }}|{{ 'x' | as_number }}", "|x");
    renders(
        "{{ tojson({'a': [1, none]}) }} {{ fromjson('{\"a\": 2}').a }} {{ fromyaml('b: 3').b }}",
        "{\"a\": [1, null]} 2 3",
    );
    renders(
        "{{ set([1, 1, 2]) | length }} {{ zip([1, 2], ['a', 'b']) | list }} {{ 'x' | int }}",
        "2 [(1, 'a'), (2, 'b')] 0",
    );
}

#[test]
fn one_clock_for_everything() {
    renders("{{ run_started_at.strftime('%Y-%m-%d') }}", "2000-01-01");
    renders(
        "{{ (modules.datetime.datetime.now() - modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d') }}",
        "1999-12-31",
    );
    renders("{{ modules.datetime.date(2024, 2, 28) + modules.datetime.timedelta(2) }}", "2024-03-01");
    renders("{{ modules.re.sub('[0-9]+', '', 'a1b22') }} {{ modules.re.match('(a)b', 'abc').group(1) }}", "ab a");
    renders("{{ modules.itertools.product([1, 2], ['x']) | list }}", "[(1, 'x'), (2, 'x')]");
}

#[test]
fn a_no_break_space_is_a_space() {
    renders("{{ 1\u{a0}}}\u{a0}{% set x = 2\u{a0}%}{{ x }}", "1 2");
}

#[test]
fn raw_and_comments_are_left_alone() {
    renders("{% raw %}{{ x }}{% endraw %} {# {{ ref('nope') }} #}y", "{{ x }} y");
}
