//! SQL files that are templates although nothing renders them here: `{{ … }}` and `{% … %}` are
//! blanked out, each character for character, and what is left is read. It must not evaluate anything.

use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::RelationName;
use headsup_lineage::query::{Reading, Script, Statement};

use crate::text::position;

/// What a file says, and how it came to say it.
pub(super) struct Read {
    pub(super) script: Script,
    pub(super) reading: Kind,
    /// Why it may read more than the script says.
    pub(super) incomplete: Option<Diagnostic>,
}

/// Whether a file is SQL or a template of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Template,
}

/// What stands where an expression was: a word as long as the expression, that no table is called.
const FIRST: char = '_';
const FILLING: char = 'J';
const RECOGNISED: &str = "_jjj";

const MEND: &str = "render the file before, or leave it out of the project; until then it may read anything";

/// What an expression becomes that has its lines to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoneExpression {
    Word,
    Nothing,
}

/// Reads a text as SQL, and where that fails, or leaves tags in names, without the tags.
pub(super) fn read(text: &str, dialect: Dialect, parse: fn(&str, Dialect) -> Script) -> Read {
    let script = parse(text, dialect);
    let names_are_whole = script.statements.iter().all(|statement| !names(statement).any(is_filled));
    if names_are_whole && (script.reading == Reading::Parsed || !has_tags(text)) {
        return Read { script, reading: Kind::Plain, incomplete: None };
    }
    let mut script = if has_tags(text) { without_tags(text, dialect, parse) } else { script };
    let incomplete = without_filled_names(&mut script).or_else(|| puts_in_text(text));
    Read { script, reading: Kind::Template, incomplete }
}

/// The script that is left without the tags, as the parser or else the scan reads it.
fn without_tags(text: &str, dialect: Dialect, parse: fn(&str, Dialect) -> Script) -> Script {
    let mut script = parse(&blank_out(text, LoneExpression::Word), dialect);
    if script.reading == Reading::Parsed {
        return script;
    }
    // An expression that has its lines to itself may be a word of the query, or a whole part of it.
    let without = parse(&blank_out(text, LoneExpression::Nothing), dialect);
    if without.reading == Reading::Parsed {
        return without;
    }
    // Both branches of an IF stand there one after the other, so what is left is often no SQL. The
    // tables are found all the same, and what the parser says of our fillings helps nobody.
    let first = script.diagnostics.iter().filter_map(|diagnostic| diagnostic.position).min();
    let message = "what the template leaves is no SQL; its relations were found word by word";
    script.diagnostics = vec![Diagnostic::warning("templated-query", message).at(first).hint("render the file before")];
    script
}

/// Where a template puts in text that may name tables: an expression with lines to itself, a call,
/// an import, an include.
fn puts_in_text(text: &str) -> Option<Diagnostic> {
    let lone = lone_expression(text).map(|start| (start, "a part of the query comes from a template"));
    let included = includes(text).map(|start| (start, "the template includes other text"));
    let (start, message) = lone.into_iter().chain(included).min()?;
    Some(Diagnostic::warning("templated-query", message).at(position(text, start)).hint(MEND))
}

/// The first expression that has its lines to itself.
fn lone_expression(text: &str) -> Option<usize> {
    text.match_indices("{{").map(|(start, _)| start).find(|start| {
        let end = text[*start..].find("}}").map_or(text.len(), |end| start + end + 2);
        let starts_line = text[..*start].rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
        starts_line && text[end..].split('\n').next().is_some_and(|line| line.trim().is_empty())
    })
}

/// Keeps of the names that a template fills in what it leaves: `{{ db }}.orders` is `orders`. Whoever
/// reads one may read anything.
fn without_filled_names(script: &mut Script) -> Option<Diagnostic> {
    let mut incomplete = None;
    for statement in &mut script.statements {
        if let Some(read) = statement.reads.iter().find(|read| is_filled(&read.name)) {
            let message = "the name of a table comes from a template";
            let diagnostic = Diagnostic::warning("templated-name", message).at(read.position).hint(MEND);
            incomplete.get_or_insert(diagnostic);
        }
        let whole = |name: &RelationName| name.innermost_while(|part| !is_filled_part(part));
        for read in &mut statement.reads {
            if let Some(name) = whole(&read.name) {
                read.name = name;
            }
        }
        statement.reads.retain(|read| !is_filled(&read.name));
        statement.targets = statement.targets.iter().filter_map(whole).collect();
    }
    incomplete
}

fn names(statement: &Statement) -> impl Iterator<Item = &RelationName> {
    statement.targets.iter().chain(statement.reads.iter().map(|read| &read.name))
}

/// Whether a template decides what a name is: our own filling, a tag, or a format string's braces.
fn is_filled(name: &RelationName) -> bool {
    name.keys().any(is_filled_part)
}

fn is_filled_part(key: &str) -> bool {
    key.contains(['{', '}', '%']) || key.to_lowercase().contains(RECOGNISED)
}

/// Whether a text has tags, of Jinja or of a shell.
pub(super) fn has_tags(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("${")
}

/// Where a tag puts in text that may name tables: a call, an import, an include.
fn includes(text: &str) -> Option<usize> {
    ["{% include", "{%- include", "{% call", "{%- call", "{% from", "{% import"]
        .iter()
        .filter_map(|tag| text.find(tag))
        .min()
}

/// The text with statements and comments as blanks and expressions as one long word, so that every
/// place keeps its line and column.
fn blank_out(text: &str, lone: LoneExpression) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, tag) = rest.split_at(start);
        out.push_str(before);
        let closing = match tag.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "#}",
            // `${db}` of shells and Hive; the sign before it has been written already.
            _ if out.ends_with('$') && tag.contains('}') => {
                out.pop();
                out.push(FIRST);
                "}"
            }
            _ => {
                out.push('{');
                rest = &tag[1..];
                continue;
            }
        };
        let end = tag.find(closing).map_or(tag.len(), |end| end + closing.len());
        let starts_line = out.rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
        let ends_line = tag[end..].split('\n').next().is_some_and(|line| line.trim().is_empty());
        let is_word = matches!(closing, "}}" | "}") && !(lone == LoneExpression::Nothing && starts_line && ends_line);
        out.extend(tag[..end].chars().enumerate().map(|(index, c)| match (c, is_word, index) {
            ('\n', false, _) => '\n',
            (_, false, _) => ' ',
            (_, true, 0) if closing == "}}" => FIRST,
            (_, true, _) => FILLING,
        }));
        // A word cannot run over several lines, so its line breaks follow it.
        if is_word {
            out.extend(tag[..end].matches('\n'));
        }
        rest = &tag[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_stays_where_it_was() {
        let text = "{% if a %}\nselect {{ b\n}} from {x} t {# c #} where 1{% endif %}";
        let blank = blank_out(text, LoneExpression::Word);
        assert_eq!(blank.lines().count(), text.lines().count());
        assert!(blank.contains("from {x} t"));
        assert!(!blank.contains('%') && !blank.contains('#'));
        let text = "select {{ b }} from t";
        assert_eq!(blank_out(text, LoneExpression::Word).len(), text.len());
    }

    #[test]
    fn a_tag_that_is_never_closed_blanks_the_rest() {
        assert_eq!(blank_out("a {{ b", LoneExpression::Word), "a _JJJ");
    }

    #[test]
    fn of_a_name_that_is_filled_in_the_rest_counts() {
        let read =
            read("select * from {{ schema }}.orders, raw.customers", Dialect::Postgres, headsup_lineage::parse::parse);
        assert_eq!(read.reading, Kind::Template);
        assert_eq!(read.incomplete.unwrap().code, "templated-name");
        let names: Vec<String> = read.script.statements[0].reads.iter().map(|read| read.name.to_string()).collect();
        assert_eq!(names, ["orders", "raw.customers"]);
    }

    #[test]
    fn branches_that_are_no_sql_together_name_their_tables() {
        let text = "select * from a {% if x %} where 1 = 1 {% else %} where 2 in (select y from b) {% endif %}";
        let read = read(text, Dialect::BigQuery, headsup_lineage::parse::parse);
        assert_eq!(read.incomplete, None);
        assert_eq!(read.script.diagnostics.len(), 1);
        let names: Vec<String> = read.script.statements[0].reads.iter().map(|read| read.name.to_string()).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_header_that_is_filled_in_does_not_cost_the_query() {
        let read = read("{{ header }}\nselect 1 from t", Dialect::BigQuery, headsup_lineage::parse::parse);
        assert_eq!(read.script.reading, Reading::Parsed);
        assert_eq!(read.incomplete.unwrap().code, "templated-query");
    }
}
