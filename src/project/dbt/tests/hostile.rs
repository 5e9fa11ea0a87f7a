//! Templates that nobody writes, but that somebody may send: those that work hard without many steps, and
//! those that are nearly templates. Each ends soon, and says why it was not rendered.

use std::sync::mpsc::channel;
use std::time::Duration;

use headsup_lineage::relation::Rung;

use super::given;

/// Nothing here takes a tenth of it; what would take for ever takes longer.
const LONGEST: Duration = Duration::from_secs(120);

/// Does some work, and fails if it does not end.
fn ends<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, outcome) = channel();
    std::thread::spawn(move || done.send(work()));
    outcome.recv_timeout(LONGEST).unwrap_or_else(|_| panic!("{what}: no end, or a panic"))
}

/// Says that a model is given up because of its size or its time.
#[track_caller]
fn is_refused(template: &'static str) {
    let told = ends(template, || given(&[("models/m.sql", template)]).told());
    let limits = ["too large", "too long", "too many", "more than", "grows beyond", "nests too deep"];
    let refused = |one: &String| one.starts_with("not-rendered") && limits.iter().any(|limit| one.contains(limit));
    assert!(told.iter().any(refused), "{template}: {told:?}");
}

#[test]
fn texts_do_not_double_for_ever() {
    is_refused("{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}");
    is_refused("{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}");
    is_refused("{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x|join('cd') %}{% endfor %}");
    is_refused(
        "{% set ns = namespace(x='aa') %}{% for i in range(60) %}{% set ns.x = ns.x|replace('a', 'aa') %}{% endfor %}",
    );
    is_refused("{% set x = 'a' * 1000000 %}{% set y = x|replace('a', x) %}");
    is_refused("{% set x = 'a' * 1000000 %}{% set y = x.replace('a', x) %}");
    is_refused("{% set x = 'a' * 1000000 %}{% set y = modules.re.sub('a', x, x) %}");
    is_refused("{% set x = 'a' * 1000000 %}{% set y = x.join(x) %}");
    is_refused("{% set x = 'a' * 1000000 %}{{ ('%s' * 1000) % x }}");
}

#[test]
fn what_is_repeated_stays_small() {
    is_refused("{{ 'x' * 10**9 }}");
    is_refused("{% for i in range(10**9) %}{% endfor %}");
    is_refused("{% set x = [1] * 90000000 %}");
    is_refused("{% for i in range(100000) %}{% set x = 'a' * 90000000 %}{% endfor %}");
    is_refused("{% set l = [] %}{% for i in range(100000) %}{% do l.append('a' * 1000000) %}{% endfor %}");
    is_refused(
        "{% set x = 'a' * 1000000 %}{% set l = [] %}{% for i in range(1000) %}{% do l.append(x) %}{% endfor %}{{ l|join }}",
    );
}

#[test]
fn loops_over_large_values_end() {
    is_refused("{% set l = range(90000)|list %}{% for i in range(90000) %}{% set x = l|sort %}{% endfor %}");
    is_refused("{% set x = 'a' * 4000000 %}{% for i in range(90000) %}{% if x ~ i == x %}{% endif %}{% endfor %}");
    is_refused("{% set l = range(90000)|list %}{% for i in range(90000) %}{% if -1 in l %}{% endif %}{% endfor %}");
    is_refused("{% set l = range(90000)|list %}{% set x = l.intersection(l) %}");
}

#[test]
fn lists_do_not_hold_each_other_for_ever() {
    is_refused("{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}");
}

#[test]
fn what_projects_do_is_not_refused() {
    let template = "{% set ns = namespace(sql='') %}{% set l = [] %}{% for i in range(1000) %}\
                    {% set ns.sql = ns.sql ~ 'select ' ~ i ~ ' as a' ~ (' union all ' if not loop.last) %}\
                    {% do l.append('column_' ~ i * 10000) %}{% endfor %}{{ ns.sql }} where {{ l|sort|join(', ') }}";
    let read = ends("a long list", move || given(&[("models/m.sql", template)]));
    assert_eq!(read.codes(), [""; 0], "{:?}", read.told());
    assert!(read.sql("model.shop.m")[0].starts_with("select 0 as a union all select 1 as a"));
}

const SEEDS: [&str; 14] = [
    "{{ config(materialized='incremental', unique_key=['a', 'b']) }} select * from {{ ref('a') }} {% if is_incremental() %} where x > (select max(x) from {{ this }}) {% endif %}",
    "{% set l = ['a', 'b'] %}{% for x in l %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{%- set d = {'a': 1, 'b': [2, 3]} -%}{% for k, v in d.items() %}{{ k }}={{ v | string | upper }}{% else %}-{% endfor %}",
    "{% macro f(a, b=2, c='x') %}{{ return(a ~ b ~ c) }}{% endmacro %}{{ f(1, c='y') }}{{ f(*[1, 2]) }}{{ f(**{'a': 1}) }}",
    "{% call f(1) %}inside{% endcall %}{% filter upper %}text{% endfilter %}{% raw %}{{ x }}{% endraw %}{# note #}",
    "{% set x %}a {{ 1 + 2 }} b{% endset %}{{ x | trim | replace('a', 'b') | indent(4) | length }}",
    "{{ '%s-%05d' % ('a', 7) }} {{ '{}-{:>5}'.format(1, 'b') }} {{ 7 // 2 ** 2 % 3 }} {{ -x if x else +1 }} {{ 'a' 'b' }}",
    "{{ var('since') }} {{ env_var('HOME', 'none') }} {{ target.name }} {{ source('s', 't') }} {{ adapter.quote('x') }}",
    "{% do l.append(1) %}{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
    "{{ modules.datetime.datetime.now().strftime('%Y') }} {{ modules.re.sub('(a)', '\\\\1b', 'aa') }} {{ modules.itertools.product([1], [2]) | list }}",
    "{% if execute and run_query('select 1').rows | length > 0 %}{{ load_result('x')['data'] }}{% endif %}",
    "{{ [3, 1, 2] | sort(reverse=true) | map('string') | join('|') }} {{ [1, 2, 3, 4][1:-1] }} {{ {'a': 1}.get('b', 2) }} {{ 'x' in ['x'] }}",
    "{{ dbt_utils.star(from=ref('a'), except=['b']) }} {{ dbt_utils.generate_surrogate_key(['a', 'b']) }} {{ adapter.dispatch('f', 'shop')(1) }}",
    "{{ fromjson('{\"a\": [1, 2]}').a | tojson }} {{ fromyaml('a: 1') | string }} {{ zip([1, 2], 'ab') | list }} {{ set([1, 1]) }} {{ 'a,b'.split(',') }}",
];

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).unwrap() % bound.max(1)
    }

    /// One of the seeds with some of its pieces lost, doubled, moved, or from another one.
    fn mutated(&mut self) -> String {
        let mut text = pieces(SEEDS[self.below(SEEDS.len())]);
        for _ in 0..=self.below(2) {
            let at = self.below(text.len());
            match self.below(5) {
                0 => drop(text.drain(at..(at + 1 + self.below(4)).min(text.len()))),
                1 => text.insert(at, text[self.below(text.len())]),
                2 => {
                    let other = self.below(text.len());
                    text.swap(at, other);
                }
                3 => {
                    let other = pieces(SEEDS[self.below(SEEDS.len())]);
                    let start = self.below(other.len());
                    let end = (start + self.below(16)).min(other.len());
                    text.splice(at..at, other[start..end].iter().copied());
                }
                _ => text.truncate(at.max(1)),
            }
            if text.is_empty() {
                text.push("{{");
            }
        }
        text.concat()
    }
}

/// Words, spaces, and the signs of tags.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let signs = ["{%-", "-%}", "{{", "}}", "{%", "%}", "{#", "#}", "**", "//"];
        let end = match signs.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => sign.len(),
            None if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            None => first.len_utf8(),
        };
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces
}

/// A number that the environment sets, for longer runs than those of every day.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn no_template_is_too_odd() {
    const AT_ONCE: u64 = 60;
    let mut numbers = Numbers(setting("HEADSUP_MUTATION_SEED", 0x9E37_79B9_7F4A_7C15));
    let mut rendered = 0;
    for _ in 0..setting("HEADSUP_TEMPLATE_MUTATIONS", 900) / AT_ONCE {
        let templates: Vec<(String, String)> =
            (0..AT_ONCE).map(|number| (format!("models/m{number}.sql"), numbers.mutated())).collect();
        let all = format!("{templates:?}");
        rendered += ends(&all, move || {
            let files: Vec<(&str, &str)> = templates.iter().map(|(path, text)| (&**path, &**text)).collect();
            let read = given(&files);
            read.part.relations.iter().filter(|relation| relation.rung <= Rung::Tables).count()
        });
    }
    assert!(rendered > 50, "only {rendered} were rendered: the templates are too odd to say anything");
}
