//! SQL files that are templates although nothing renders them here: `{{ … }}` and `{% … %}` are
//! blanked out, each character for character, and what is left is read. It must not evaluate anything.

use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::query::{Reading, Script};

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

/// Reads a text as SQL, and where that fails and it has template tags, without them.
pub(super) fn read(text: &str, dialect: Dialect, parse: fn(&str, Dialect) -> Script) -> Read {
    let script = parse(text, dialect);
    if script.reading == Reading::Parsed || !has_tags(text) {
        return Read { script, reading: Kind::Plain, incomplete: None };
    }
    let mut incomplete = None;
    let mut script = parse(&blank_out(text, LoneExpression::Word), dialect);
    if script.reading == Reading::Scanned {
        let without = parse(&blank_out(text, LoneExpression::Nothing), dialect);
        // An expression that has its lines to itself may be a word of the query, or a whole part of it.
        if without.reading == Reading::Parsed {
            incomplete = text.find("{{").map(|start| {
                let message = "a part of the query comes from a template";
                Diagnostic::warning("templated-query", message).at(position(text, start)).hint(MEND)
            });
            script = without;
        }
    }
    for statement in &mut script.statements {
        let is_filled =
            |name: &headsup_lineage::name::RelationName| name.keys().any(|key| key.to_lowercase().contains(RECOGNISED));
        if let Some(read) = statement.reads.iter().find(|read| is_filled(&read.name)) {
            let diagnostic = Diagnostic::warning("templated-name", "the name of a table comes from a template")
                .at(read.position)
                .hint(MEND);
            incomplete.get_or_insert(diagnostic);
        }
        statement.reads.retain(|read| !is_filled(&read.name));
        statement.targets.retain(|name| !is_filled(name));
    }
    if incomplete.is_none()
        && let Some(start) = includes(text)
    {
        let message = "the template includes other text";
        incomplete = Some(Diagnostic::warning("templated-name", message).at(position(text, start)));
    }
    Read { script, reading: Kind::Template, incomplete }
}

fn has_tags(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
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
            _ => {
                out.push('{');
                rest = &tag[1..];
                continue;
            }
        };
        let end = tag.find(closing).map_or(tag.len(), |end| end + closing.len());
        let starts_line = out.rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
        let ends_line = tag[end..].split('\n').next().is_some_and(|line| line.trim().is_empty());
        let is_word = closing == "}}" && !(lone == LoneExpression::Nothing && starts_line && ends_line);
        out.extend(tag[..end].chars().enumerate().map(|(index, c)| match (c, is_word, index) {
            ('\n', false, _) => '\n',
            (_, false, _) => ' ',
            (_, true, 0) => FIRST,
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
    fn a_name_that_is_filled_in_is_not_taken_for_a_table() {
        let read =
            read("select * from {{ schema }}.orders, raw.customers", Dialect::Postgres, headsup_lineage::parse::parse);
        assert_eq!(read.reading, Kind::Template);
        assert_eq!(read.incomplete.unwrap().code, "templated-name");
        let names: Vec<String> = read.script.statements[0].reads.iter().map(|read| read.name.to_string()).collect();
        assert_eq!(names, ["raw.customers"]);
    }

    #[test]
    fn a_header_that_is_filled_in_does_not_cost_the_query() {
        let read = read("{{ header }}\nselect 1 from t", Dialect::BigQuery, headsup_lineage::parse::parse);
        assert_eq!(read.script.reading, Reading::Parsed);
        assert_eq!(read.incomplete.unwrap().code, "templated-query");
    }
}
