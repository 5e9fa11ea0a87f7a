//! What of a template decides what it renders to elsewhere: the parts that ask for the target, the
//! environment or the warehouse. It must not know what they render to here.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use headsup_lineage::relation::conditions::{Answers, Conditions, Under};

use super::asked::{asks_for_columns, asks_more_than_target, may_ask_more};
use super::compared::{target_at, tests_in};
use super::config::Config;
use super::engine::Macro;
use super::fed::{Macros, Variables};
use super::properties::Object;
use super::{scan, told};

/// Whether the columns of tables that a template asks for are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// What was rendered has them all.
    Known,
    /// Only the warehouse has them.
    Asked,
}

/// What a template asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asks {
    /// Nothing.
    Nothing,
    /// Which columns tables have.
    Columns,
    /// More than that.
    More,
}

impl Asks {
    /// What all tags of a template ask.
    pub(super) fn of(text: &str) -> Self {
        if !text.contains("target") && !asks_for_columns(text) && !may_ask_more(text) {
            return Self::Nothing;
        }
        match tags(text) {
            Some(tags) => tags.iter().map(|tag| Self::of_inside(tag.inside)).max().unwrap_or(Self::Nothing),
            None => Self::of_inside(text),
        }
    }

    /// What a tag asks.
    fn of_inside(text: &str) -> Self {
        if target_at(text).is_some() || asks_more_than_target(text) {
            return Self::More;
        }
        if asks_for_columns(text) { Self::Columns } else { Self::Nothing }
    }
}

/// Whether a template may say another thing for another target of the same type, or in another environment.
pub(super) fn varies(text: &str) -> bool {
    let asks = |inside: &str| asks_more_than_target(inside) || varies_with_target(inside);
    (text.contains("target") || may_ask_more(text))
        && tags(text).is_none_or(|tags| tags.iter().any(|tag| asks(tag.inside)))
}

fn varies_with_target(inside: &str) -> bool {
    target_at(inside).is_some_and(|at| {
        let rest = &inside[at + "target".len()..];
        match rest.strip_prefix(".type") {
            Some(rest) if !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_') => {
                varies_with_target(rest)
            }
            _ => true,
        }
    })
}

/// Whether a template may be switched on elsewhere by what it says of itself.
pub(super) fn may_be_enabled(text: &str) -> bool {
    let may = |tag: &Tag<'_>| {
        tag.is_config()
            && tag.inside.contains("enabled")
            && (asks_more_than_target(tag.inside) || varies_with_target(tag.inside))
    };
    text.contains("enabled") && tags(text).is_some_and(|tags| tags.iter().any(may))
}

/// A template whose renderings elsewhere depend on what it asks.
pub(super) struct Template<'a> {
    /// Its text.
    pub(super) file: &'a str,
    /// Where that stands.
    pub(super) path: &'a Arc<str>,
    /// What it names.
    pub(super) reach: &'a scan::Reach,
    /// The texts of macros that count and are not rendered, such as those of its hooks.
    pub(super) unrendered: &'a [String],
    /// Whether the columns that it asks for are known.
    pub(super) columns: Columns,
    /// The project's variables.
    pub(super) variables: Variables<'a>,
    /// Its own configuration.
    pub(super) config: &'a Config,
    /// What its properties say.
    pub(super) said: &'a Object,
}

/// The texts that decide what a template renders to elsewhere: the parts of the template that ask for
/// the target, the environment or the warehouse; the macros that it reaches and that do; whatever these parts and
/// macros depend on; and the macros of its hooks. Comments and layout do not count.
///
/// Where all that it asks can be answered in each way, what it renders to then decides where these differ.
pub(super) fn conditions(template: &Template<'_>, at_targets: impl FnOnce() -> Vec<Under>) -> Option<Arc<Conditions>> {
    let macros = Macros::of(template.reach);
    let asked = match template.columns {
        Columns::Known => Asks::More,
        Columns::Asked => Asks::Columns,
    };
    let asking = macros.that_ask(asked);
    let of_columns = macros.that_ask(Asks::Columns);
    let names = macros.names(&asking);
    let asks = Asks::of(template.file) >= asked || tags_name(template.file, &names);
    if !asks && asking.is_empty() && of_columns.is_empty() && template.unrendered.is_empty() {
        return None;
    }
    let (text, configured) = without_config(&without_comments(template.file), &names);
    let mut words = BTreeSet::new();
    let mut whole: Vec<String> = Vec::new();
    let mut conditions = Conditions::default();
    if asks {
        let (own, fed) = asking_parts(&text, &names);
        conditions = own;
        whole.push(conditions.whole.to_string());
        whole.extend(fed);
        let texts = whole.iter().map(String::as_str).chain(conditions.parts.iter().map(|text| &**text));
        words.extend(texts.flat_map(self::words).map(str::to_owned));
    }
    whole.extend(macros.texts(&asking, &words));
    let texts = || whole.iter().map(String::as_str).chain(conditions.parts.iter().map(|text| &**text));
    let mut given = template.variables.named_in(texts());
    given.extend(told::named_in(texts(), template.config, template.said));
    whole.extend(given);
    conditions.whole = Arc::from(whole.join("\n"));
    let of_columns = of_columns.difference(&asking).copied().collect();
    conditions.columns = Arc::from(macros.texts(&of_columns, &BTreeSet::new()).join("\n"));
    conditions.answers = match template.columns {
        Columns::Known => Answers::Known,
        Columns::Asked => Answers::Unknown,
    };
    if asks || !asking.is_empty() {
        conditions.files = macros.files(template.path);
        conditions.elsewhere = at_targets();
    }
    // What is configured for each target has been told by these.
    let is_told = |tag: &String| !conditions.elsewhere.is_empty() && tests_in(tag).is_some();
    let configured = configured.into_iter().filter(|tag| !is_told(tag));
    let apart: Vec<String> = template.unrendered.iter().map(|text| without_comments(text)).chain(configured).collect();
    conditions.apart = Arc::from(apart.join("\n"));
    Some(Arc::new(conditions))
}

/// The text of a macro. A project's own `is_incremental` asks whether the model's table is there and is built anew, and
/// both are rendered, if it tells models that are not incremental from others and runs that begin anew as dbt's does.
pub(super) fn without_own_table(one: &Macro) -> Cow<'_, str> {
    const OWN: [&str; 3] = ["load_relation", "get_relation", "should_full_refresh"];
    let text = one.text();
    if &*one.name != "is_incremental" || !text.contains("materialized") || !text.contains("should_full_refresh") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(OWN.iter().fold(text.to_owned(), |text, question| text.replace(question, "")))
}

/// A template without its comments, its words one space apart.
pub(super) fn without_comments(template: &str) -> String {
    let mut kept = String::new();
    let mut rest = template;
    while let Some(start) = rest.find("{#") {
        kept.push_str(&rest[..start]);
        rest = rest[start..].find("#}").map_or("", |end| &rest[start + end + 2..]);
    }
    kept.push_str(rest);
    let words = kept
        .lines()
        .map(without_sql_comments)
        .flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    words.collect::<Vec<_>>().join(" ")
}

/// A line without the comments of SQL that begin and end in it. One with a tag stays, since that may ask, and so does a hint.
fn without_sql_comments(line: &str) -> Cow<'_, str> {
    if !line.contains("--") && !line.contains("/*") {
        return Cow::Borrowed(line);
    }
    if line.trim_start().starts_with("--") {
        return Cow::Borrowed("");
    }
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(letter) = rest.chars().next() {
        // What is quoted, and what stands in a tag, is no comment.
        let end = match letter {
            '\'' | '"' | '`' => rest[1..].find(letter).map(|end| end + 2),
            '{' if rest.starts_with("{{") => rest.find("}}").map(|end| end + 2),
            '{' if rest.starts_with("{%") => rest.find("%}").map(|end| end + 2),
            _ => Some(letter.len_utf8()),
        };
        let comment = match letter {
            // For MySQL `1--1` is 2.
            '-' if rest.starts_with("--") && (rest[2..].starts_with(' ') || kept.ends_with([' ', '\t', ',', ')'])) => {
                Some(rest.len())
            }
            '/' if rest.starts_with("/*") && !rest.starts_with("/*+") => rest.find("*/").map(|end| end + 2),
            _ => None,
        };
        if let Some(comment) = comment.filter(|end| !rest[..*end].contains('{')) {
            kept.push(' ');
            rest = &rest[comment..];
            continue;
        }
        // What does not end in the line may go on in the next one.
        let Some(end) = end else { break };
        kept.push_str(&rest[..end]);
        rest = &rest[end..];
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// A template without its configuration, which prints nothing and is compared by itself, and what of that depends on an
/// answer. What is configured in a block stays, as it depends on what the block does.
fn without_config(template: &str, macros: &BTreeSet<&str>) -> (String, Vec<String>) {
    let found = tags(template).unwrap_or_default();
    let names = answered_names(&found, macros).unwrap_or_default();
    let mut depth = 0_usize;
    let mut configs = Vec::new();
    for tag in &found {
        match tag.word {
            "endif" | "endfor" => depth = depth.saturating_sub(1),
            "if" | "for" => depth += 1,
            _ if depth == 0 && tag.is_config() => configs.push(tag),
            _ => {}
        }
    }
    let asking = configs.iter().map(|tag| tag.inside).filter(|inside| depends(inside, &names, macros));
    let asking = asking.map(str::to_owned).collect();
    let mut kept = template.to_owned();
    for tag in configs.into_iter().rev() {
        kept.replace_range(tag.place.clone(), " ");
    }
    (kept, asking)
}

/// A tag of a template.
pub(super) struct Tag<'t> {
    place: Range<usize>,
    /// Its first word: `if`, `endif`; empty for an expression.
    word: &'t str,
    /// What stands between its braces.
    pub(super) inside: &'t str,
}

impl Tag<'_> {
    /// Whether it configures and does nothing else.
    pub(super) fn is_config(&self) -> bool {
        let inside = self.inside.trim();
        self.word.is_empty() && inside.starts_with("config(") && inside.ends_with(')')
    }
}

/// The tags of a template; none where one does not end.
pub(super) fn tags(text: &str) -> Option<Vec<Tag<'_>>> {
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
fn asking_parts(text: &str, names: &BTreeSet<&str>) -> (Conditions, Vec<String>) {
    let Some(Parts { places, fed }) = parts(text, names) else {
        return (Conditions { whole: Arc::from(text), ..Conditions::default() }, Vec::new());
    };
    let mut conditions = Conditions::default();
    let mut at = 0;
    let mut inside: BTreeSet<&str> = BTreeSet::new();
    let mut outside: BTreeSet<&str> = BTreeSet::new();
    for part in places.iter().cloned().chain(std::iter::once(text.len()..text.len())) {
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
    (conditions, fed.into_iter().map(str::to_owned).collect())
}

/// The words of the parts of a macro that ask, and of what these depend on; all its words where parts cannot be told.
pub(super) fn words_of_parts(text: &str, names: &BTreeSet<&str>) -> BTreeSet<String> {
    let body = text.find("%}").zip(text.rfind("{%")).and_then(|(start, end)| text.get(start + 2..end));
    let Some((body, Parts { places, fed })) = body.and_then(|body| Some((body, parts(body, names)?))) else {
        return words(text).map(str::to_owned).collect();
    };
    let texts = places.into_iter().map(|place| &body[place]).chain(fed);
    texts.flat_map(words).map(str::to_owned).collect()
}

/// Whether a tag of a template has one of some names.
pub(super) fn tags_name(text: &str, names: &BTreeSet<&str>) -> bool {
    let has = |text: &str| words(text).any(|word| names.contains(word));
    !names.is_empty() && tags(text).map_or_else(|| has(text), |tags| tags.iter().any(|tag| has(tag.inside)))
}

/// What may be a name in a text; numbers are none.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    pieces.filter(|word| word.starts_with(|first: char| !first.is_ascii_digit()))
}

/// What of a template depends on what is asked.
pub(super) struct Parts<'t> {
    /// The places, in order.
    pub(super) places: Vec<Range<usize>>,
    /// The tags elsewhere that decide what stands there: those around them, and those that set names of theirs.
    fed: BTreeSet<&'t str>,
}

/// What of a template depends on what is asked, by the template itself or by macros of these names; none where that
/// cannot be told.
pub(super) fn parts<'t>(text: &'t str, macros: &BTreeSet<&str>) -> Option<Parts<'t>> {
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
    let names = answered_names(&tags, macros)?;
    let mut found: Vec<Range<usize>> = Vec::new();
    // Each open block: its tags so far, and whether it depends on an answer.
    let mut open: Vec<(Vec<usize>, bool)> = Vec::new();
    let mut around: Vec<Vec<usize>> = Vec::new();
    for (index, tag) in tags.iter().enumerate() {
        let depends = depends(tag.inside, &names, macros);
        let is_within = |open: &[(Vec<usize>, bool)]| open.iter().any(|(_, depends)| *depends);
        match tag.word {
            "if" | "for" => open.push((vec![index], depends)),
            "elif" | "else" => {
                let (within, block) = open.last_mut()?;
                within.push(index);
                *block |= depends;
            }
            "endif" | "endfor" => {
                let (within, depends) = open.pop()?;
                let start = &tags[*within.first()?];
                if tag.word.strip_prefix("end") != Some(start.word) {
                    return None;
                }
                if depends {
                    found.retain(|part| part.start < start.place.start);
                    found.push(start.place.start..tag.place.end);
                }
            }
            // A name that is set in a block means something after it.
            "set" if depends => {
                if is_within(&open) {
                    return None;
                }
                found.push(tag.place.clone());
            }
            "set" | "do" if is_within(&open) => return None,
            "" if depends => found.push(tag.place.clone()),
            _ if depends => return None,
            _ => {}
        }
        around.push(open.iter().flat_map(|(tags, _)| tags).copied().collect());
    }
    if !open.is_empty() {
        return None;
    }
    found.sort_by_key(|part| part.start);
    let fed = fed(text, &tags, &found, &around);
    Some(Parts { places: found, fed })
}

/// Whether what stands in a tag depends on an answer: it asks, or has a name that was set to one.
fn depends(inside: &str, names: &BTreeSet<&str>, macros: &BTreeSet<&str>) -> bool {
    Asks::of_inside(inside) > Asks::Nothing || words(inside).any(|word| names.contains(word) || macros.contains(word))
}

/// The names that are set to an answer, which ask wherever they stand; none where that cannot be told.
fn answered_names<'t>(tags: &[Tag<'t>], macros: &BTreeSet<&str>) -> Option<BTreeSet<&'t str>> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    loop {
        let known = names.len();
        for tag in tags.iter().filter(|tag| tag.word == "set") {
            if !depends(tag.inside, &names, macros) {
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
            return Some(names);
        }
    }
}

/// The tags outside of some places that decide what stands there.
fn fed<'t>(text: &'t str, tags: &[Tag<'t>], places: &[Range<usize>], around: &[Vec<usize>]) -> BTreeSet<&'t str> {
    let place = |tag: &Tag<'_>| places.iter().find(|place| place.contains(&tag.place.start));
    let is_inside = |index: usize| place(&tags[index]).is_some();
    let mut fed: BTreeSet<usize> = BTreeSet::new();
    for index in (0..tags.len()).filter(|index| is_inside(*index)) {
        fed.extend(around[index].iter().filter(|outer| !is_inside(**outer)));
    }
    let mut names: BTreeSet<&str> = places.iter().flat_map(|place| words(&text[place.clone()])).collect();
    loop {
        let known = fed.len();
        names.extend(fed.iter().flat_map(|index| words(tags[*index].inside)));
        for (index, tag) in tags.iter().enumerate() {
            let given = match tag.word {
                "set" => tag.inside.split_once('=').map_or(tag.inside, |(given, _)| given),
                "for" => tag.inside.split_once(" in ").map_or(tag.inside, |(given, _)| given),
                // A method may change what a name stands for.
                "do" => tag.inside,
                _ => continue,
            };
            if !is_inside(index) && words(given).skip(1).any(|word| names.contains(word)) {
                fed.insert(index);
                fed.extend(around[index].iter().filter(|outer| !is_inside(**outer)));
            }
        }
        if fed.len() == known {
            break;
        }
    }
    fed.into_iter().map(|index| tags[index].inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use headsup_lineage::relation::conditions::{Agreement, agreement};

    fn same(base: &str, head: &str) -> bool {
        {
            let of = |text: &str| {
                let (mut conditions, fed) = asking_parts(&without_comments(text), &BTreeSet::new());
                conditions.whole = Arc::from(format!("{}\n{}", conditions.whole, fed.join("\n")));
                conditions
            };
            agreement(Some(&of(base)), Some(&of(head))) == Agreement::Same
        }
    }

    const BASE: &str = "select a, b, c, d, e, f, g, h, i {% if target.type == 'x' %} top 3 {% else %} o.z {% endif %} \
                        from orders as o join items as p on o.id = p.id where a > 1 and b > 2 and c > 3";

    #[test]
    fn what_stands_elsewhere_does_not_count() {
        assert!(same(BASE, &BASE.replace("c > 3", "c > 4")));
        assert!(same(BASE, &BASE.replace("select a,", "select lower(a) as a,")));
        assert!(same(BASE, &BASE.replace("where a", "-- why\nwhere\n  a")));
        assert!(same(BASE, &BASE.replace("i {%", "i -- why\n {%")));
        assert!(same(BASE, &BASE.replace("i {%", "i /* it's why */ {%").replace("top 3", "top 3 --that's it\n")));
        let set = "{% set kind = 'a' if target.type == 'x' else 'b' %} select 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, \
                   cast(a as {{ kind }}), 1, 2, 3, 4, 5, 6, 7, 8, 9, v from t";
        assert!(same(set, &set.replace("v from", "w from")));
    }

    #[test]
    fn comments_are_told_from_what_looks_like_them() {
        let kept = |line: &str| assert_eq!(without_comments(line), line);
        for line in [
            "select '-- a' as b",
            "select \"/* a */\" as b",
            "select 1--1 as b",
            "select /*+ a */ b",
            "a -- {{ ref('b') }}",
            "select 'it''s -- a'",
            "select 'a -- b",
            "{{ f('--') }} {% if a --b %}",
        ] {
            kept(line);
        }
        assert_eq!(
            without_comments("select 'it''s' -- a\n, b /* c */, d{# e #} /* f\n g */"),
            "select 'it''s' , b , d /* f g */"
        );
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
            without_config(&without_comments(&base), &BTreeSet::new())
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
