//! What of a template decides what it renders to elsewhere: the parts that ask for the target, the
//! environment or the warehouse. It must not know what they render to here.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use headsup_lineage::relation::conditions::{Answers, Conditions};

use super::aimed::Aimed;
use super::engine::Macro;
use super::scan;

/// What asks.
const QUESTIONS: [&str; 13] = [
    "target.",
    "target[",
    "env_var",
    "flags.",
    "graph.",
    "load_relation",
    "should_full_refresh",
    "run_query",
    "load_result",
    "statement(",
    "get_relation",
    "get_columns_in_relation",
    "get_column_values",
];

/// Parts of the target, each with a text that it is compared with.
type Tests = BTreeSet<(String, String)>;

/// What a file asks of the target, if all that it asks is whether a part of it is some text.
///
/// Under each of these texts, and where it is none of them, the file can be rendered; so nothing else may be asked,
/// and nothing of it in the configuration, which is not rendered again.
pub(in crate::project) fn tests_of_target(text: &str) -> Option<Tests> {
    let asks_more = QUESTIONS.iter().skip(2).any(|question| text.contains(question));
    if !text.contains("target") {
        return Some(Tests::new());
    }
    let mut found = Tests::new();
    for tag in tags(text)? {
        let mut rest = tag.inside;
        while let Some(at) = word_at(rest, "target") {
            if asks_more || tag.inside.trim().starts_with("config(") {
                return None;
            }
            rest = test(&rest[at + "target".len()..], &mut found)?;
        }
    }
    Some(found)
}

/// Where a word begins that is no part of another, nor of something else.
fn word_at(text: &str, word: &str) -> Option<usize> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let (before, after) = (&text[..*at], &text[at + word.len()..]);
        !before.ends_with(|letter: char| is_part(letter) || letter == '.') && !after.starts_with(is_part)
    })
}

/// Reads `.part == 'text'`, with `!=` or `in` and a list as well, and gives what comes behind.
fn test<'t>(text: &'t str, found: &mut Tests) -> Option<&'t str> {
    let rest = text.strip_prefix('.')?;
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
    let (part, rest) = rest.split_at(end);
    let rest = rest.trim_start();
    let literal = |rest: &'t str| -> Option<(&'t str, &'t str)> {
        let quote = rest.chars().next().filter(|letter| matches!(letter, '\'' | '"'))?;
        let (text, rest) = rest[1..].split_once(quote)?;
        (!text.contains('\\')).then(|| (text, rest.trim_start()))
    };
    if let Some(rest) = rest.strip_prefix("==").or_else(|| rest.strip_prefix("!=")) {
        let (text, rest) = literal(rest.trim_start())?;
        // What is done with the text makes another one of it.
        if rest.starts_with(['~', '+', '|', '.', '[', '*', '%']) {
            return None;
        }
        found.insert((part.to_owned(), text.to_owned()));
        return Some(rest);
    }
    let rest = rest.strip_prefix("not ").map_or(rest, str::trim_start).strip_prefix("in")?.trim_start();
    let (mut rest, close) = match rest.strip_prefix('(') {
        Some(rest) => (rest.trim_start(), ')'),
        None => (rest.strip_prefix('[')?.trim_start(), ']'),
    };
    loop {
        let (text, behind) = literal(rest)?;
        found.insert((part.to_owned(), text.to_owned()));
        rest = behind.strip_prefix(',').unwrap_or(behind).trim_start();
        if let Some(rest) = rest.strip_prefix(close) {
            return Some(rest);
        }
    }
}

/// What asks for columns, and follows from the project where they are known.
const OF_COLUMNS: &str = "get_columns_in_relation";

/// Whether the columns of tables that a template asks for are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// What was rendered has them all.
    Known,
    /// Only the warehouse has them.
    Asked,
}

fn asks(text: &str) -> bool {
    QUESTIONS.iter().any(|question| text.contains(question))
}

fn still_asks(text: &str, columns: Columns) -> bool {
    match columns {
        Columns::Known if text.contains(OF_COLUMNS) => asks(&text.replace(OF_COLUMNS, "")),
        _ => asks(text),
    }
}

/// The texts that decide what a template renders to elsewhere: the parts of the template that ask for
/// the target, the environment or the warehouse; the macros that it reaches and that do; and the macros
/// of its hooks, which are not rendered. Comments and layout do not count.
pub(super) fn conditions(
    file: &str,
    reach: &scan::Reach,
    hooks: &[String],
    columns: Columns,
    aimed: Aimed<'_>,
) -> Option<Arc<Conditions>> {
    // What was rendered under all that a file asks for is compared by that.
    let is_rendered = |path: &str| !aimed.texts.is_empty() && aimed.elsewhere.has(path);
    let macros = reach.macros.values().filter(|one| &*one.package != "dbt" && !is_rendered(&one.path));
    // Macros that ask for columns only are held against each other where these are not known in both versions.
    let asking = macros.filter(|one| asks(&without_own_table(one)));
    let (more, of_columns): (Vec<_>, Vec<_>) =
        asking.partition(|one| still_asks(&without_own_table(one), Columns::Known));
    let text = |one: &Arc<Macro>| without_comments(one.text());
    let of_columns: Vec<String> = of_columns.into_iter().map(text).collect();
    let macros = more.into_iter().map(text);
    let whole: Vec<String> = macros.chain(hooks.iter().map(|hook| without_comments(hook))).collect();
    let own = (still_asks(file, columns) && !is_rendered(aimed.path))
        .then(|| asking_parts(&without_config(without_comments(file))));
    if own.is_none() && whole.is_empty() && of_columns.is_empty() && aimed.texts.is_empty() {
        return None;
    }
    let mut conditions = own.unwrap_or_default();
    let whole: Vec<&str> = Some(&*conditions.whole).into_iter().chain(whole.iter().map(String::as_str)).collect();
    conditions.whole = Arc::from(whole.join("\n"));
    conditions.columns = Arc::from(of_columns.join("\n"));
    conditions.answers = match columns {
        Columns::Known => Answers::Known,
        Columns::Asked => Answers::Unknown,
    };
    conditions.elsewhere = aimed.texts;
    Some(Arc::new(conditions))
}

/// The text of a macro. A project's own `is_incremental` asks whether the model's table is there and is built anew, and
/// both are rendered.
fn without_own_table(one: &Macro) -> String {
    const OWN: [&str; 3] = ["load_relation", "get_relation", "should_full_refresh"];
    let mut text = one.text().to_owned();
    if &*one.name == "is_incremental" {
        OWN.iter().for_each(|question| text = text.replace(question, ""));
    }
    text
}

/// A template without its comments, its words one space apart.
fn without_comments(template: &str) -> String {
    let mut kept = String::new();
    let mut rest = template;
    while let Some(start) = rest.find("{#") {
        kept.push_str(&rest[..start]);
        rest = rest[start..].find("#}").map_or("", |end| &rest[start + end + 2..]);
    }
    kept.push_str(rest);
    let lines = kept.lines().filter(|line| !line.trim_start().starts_with("--"));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// A template without its configuration, which is compared by itself; what asks in it stays.
fn without_config(template: String) -> String {
    let config = |tag: &&Tag<'_>| {
        let inside = tag.inside.trim();
        tag.word.is_empty() && inside.starts_with("config(") && inside.ends_with(')') && !asks(inside)
    };
    let found: Vec<Range<usize>> =
        tags(&template).unwrap_or_default().iter().filter(config).map(|tag| tag.place.clone()).collect();
    let mut kept = template;
    for place in found.into_iter().rev() {
        kept.replace_range(place, " ");
    }
    kept
}

/// A tag of a template.
struct Tag<'t> {
    place: Range<usize>,
    /// Its first word: `if`, `endif`; empty for an expression.
    word: &'t str,
    inside: &'t str,
}

fn tags(text: &str) -> Option<Vec<Tag<'_>>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find('{').map(|start| at + start) {
        let close = match text.as_bytes().get(start + 1) {
            Some(b'%') => "%}",
            Some(b'{') => "}}",
            _ => {
                at = start + 1;
                continue;
            }
        };
        let end = start + 2 + text[start + 2..].find(close)? + 2;
        let inside = text[start + 2..end - 2].trim_matches(['-', '+', ' ']);
        let word = match close {
            "%}" => inside.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default(),
            _ => "",
        };
        found.push(Tag { place: start..end, word, inside });
        at = end;
    }
    Some(found)
}

/// The parts of a template that ask, the words of the rest, and which of the parts' words stand there as
/// well; the whole template where parts cannot be told.
///
/// Outside of these parts a template says the same wherever it is rendered, so that what differs there
/// shows in any rendering. Words that stand inside and outside may be names, and one that only the inside still has would
/// be a name that nothing bears.
fn asking_parts(text: &str) -> Conditions {
    let Some(parts) = parts(text) else { return Conditions { whole: Arc::from(text), ..Conditions::default() } };
    let mut conditions = Conditions::default();
    let mut at = 0;
    let mut inside: BTreeSet<&str> = BTreeSet::new();
    let mut outside: BTreeSet<&str> = BTreeSet::new();
    for part in parts.iter().cloned().chain(std::iter::once(text.len()..text.len())) {
        let rest = &text[at..part.start];
        conditions.rest.extend(rest.split_whitespace().map(Arc::from));
        outside.extend(words(rest));
        at = part.end;
        if !part.is_empty() {
            conditions.places.push(conditions.rest.len());
            conditions.parts.push(Arc::from(&text[part.clone()]));
            inside.extend(words(&text[part]));
        }
    }
    let shared: Vec<&str> = inside.intersection(&outside).copied().collect();
    conditions.shared = Arc::from(shared.join(" "));
    conditions
}

/// What may be a name in a text; numbers are none.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    pieces.filter(|word| word.starts_with(|first: char| !first.is_ascii_digit()))
}

/// The places of a template that depend on what is asked, in order; none where that cannot be told.
fn parts(text: &str) -> Option<Vec<Range<usize>>> {
    let tags = tags(text)?;
    // What is said in one place and stands in another is not followed.
    let is_apart = |tag: &Tag<'_>| match tag.word {
        "macro" | "call" | "raw" | "filter" | "block" => true,
        "set" => !tag.inside.contains('='),
        _ => false,
    };
    if tags.iter().any(is_apart) {
        return None;
    }
    // A name that is set to an answer asks wherever it stands.
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let depends = |inside: &str, names: &BTreeSet<&str>| asks(inside) || words(inside).any(|word| names.contains(word));
    loop {
        let known = names.len();
        for tag in tags.iter().filter(|tag| tag.word == "set") {
            if !depends(tag.inside, &names) {
                continue;
            }
            let (name, _) = tag.inside.strip_prefix("set")?.split_once('=')?;
            let name = name.trim();
            if words(name).ne(std::iter::once(name)) {
                return None;
            }
            names.insert(name);
        }
        if names.len() == known {
            break;
        }
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    // Each open block: where it begins, and whether it depends on an answer.
    let mut open: Vec<(&str, usize, bool)> = Vec::new();
    for tag in &tags {
        let depends = depends(tag.inside, &names);
        match tag.word {
            "if" | "for" => open.push((tag.word, tag.place.start, depends)),
            "elif" | "else" => open.last_mut()?.2 |= depends,
            "endif" | "endfor" => {
                let (word, start, depends) = open.pop()?;
                if tag.word.strip_prefix("end") != Some(word) {
                    return None;
                }
                if depends {
                    found.retain(|part| part.start < start);
                    found.push(start..tag.place.end);
                }
            }
            // A name that is set in a block means something after it.
            "set" if depends => {
                if open.iter().any(|(.., depends)| *depends) {
                    return None;
                }
                found.push(tag.place.clone());
            }
            "set" if open.iter().any(|(.., depends)| *depends) => return None,
            "" if depends => found.push(tag.place.clone()),
            _ if depends => return None,
            _ => {}
        }
    }
    if !open.is_empty() {
        return None;
    }
    found.sort_by_key(|part| part.start);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use headsup_lineage::relation::conditions::agree;

    fn same(base: &str, head: &str) -> bool {
        agree(Some(&asking_parts(&without_comments(base))), Some(&asking_parts(&without_comments(head))))
    }

    const BASE: &str = "select a, b, c, d, e, f, g, h, i {% if target.type == 'x' %} top 3 {% else %} o.z {% endif %} \
                        from orders as o join items as p on o.id = p.id where a > 1 and b > 2 and c > 3";

    #[test]
    fn what_stands_elsewhere_does_not_count() {
        assert!(same(BASE, &BASE.replace("c > 3", "c > 4")));
        assert!(same(BASE, &BASE.replace("select a,", "select lower(a) as a,")));
        assert!(same(BASE, &BASE.replace("where a", "-- why\nwhere\n  a")));
        let set = "{% set kind = 'a' if target.type == 'x' else 'b' %} select 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, \
                   cast(a as {{ kind }}), 1, 2, 3, 4, 5, 6, 7, 8, 9, v from t";
        assert!(same(set, &set.replace("v from", "w from")));
    }

    #[test]
    fn what_asks_and_what_stands_around_it_counts() {
        for head in [
            BASE.replace("top 3", "top 4"),
            BASE.replace("'x'", "'y'"),
            BASE.replace("i {%", "j {%"),
            BASE.replace("from orders", "from items"),
            // Only another branch asks for the alias now.
            BASE.replace("orders as o join", "orders as q join").replace("o.id", "q.id"),
            BASE.replace("{% if target.type == 'x' %} top 3 {% else %} o.z {% endif %}", "o.z"),
            format!("{BASE} {{% if env_var('x') %}} and y {{% endif %}}"),
        ] {
            assert!(!same(BASE, &head), "{head}");
        }
        let set = "{% set kind = target.type %} select {% if kind == 'x' %} 1 {% endif %} from t";
        assert!(!same(set, &set.replace(" 1 ", " 2 ")));
        let chain = "{% set kind = target.type %} {% set other = kind ~ 'x' %} select {{ other }} from t";
        assert!(!same(chain, &chain.replace("'x'", "'y'")));
    }

    #[test]
    fn what_is_configured_counts_only_where_it_asks() {
        let text = |enabled: &str| {
            let base = format!(
                "{{{{ config(enabled = {enabled}) }}}} {{% macro m() %}}{{{{ target.name }}}}{{% endmacro %}} select 1"
            );
            without_config(without_comments(&base))
        };
        assert_eq!(text("var('a') | as_bool"), text("var('b', false)"));
        assert_ne!(text("target.name == 'a'"), text("target.name == 'b'"));
    }

    #[test]
    fn columns_may_come_beside_a_part_that_asks() {
        let base = "select a , cast(b as text) as b {% if target.type == 'x' %} , cast(c as bit) as c {% else %} , c {% endif %} from t";
        assert!(same(base, &base.replace("as b {%", "as b\n , cast(d as {{ dbt.type_int() }}) as d {%")));
        assert!(!same(base, &base.replace("select a", "select distinct a")), "beside the part");
        assert!(!same(base, &base.replace("cast(b as text)", "cast(c as text)")), "a name that the part has");
    }

    #[test]
    fn a_template_whose_parts_cannot_be_told_counts_as_a_whole() {
        for base in [
            "{% do run_query('x') %} select 1 from t where a",
            "{% if target.type == 'x' %} select 1 from t where a",
            "{% if target.name == 'x' %} {% set a = 1 %} {% endif %} select {{ a }} from t where a",
            "{% call statement('x') %} select 1 {% endcall %} select 1 from t where a",
            "{% set x %} {{ target.name }} {% endset %} select {{ x }} from t where a",
            "{% macro m(x) %} {{ x if target.name == 'p' }} {% endmacro %} select {{ m(1) }} from t where a",
            "{% set x, y = target.type, 1 %} select {{ x }} from t where a",
        ] {
            assert!(!same(base, &base.replace("where a", "where b")), "{base}");
        }
    }
}
