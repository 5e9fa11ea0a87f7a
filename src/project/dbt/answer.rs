//! Whether what the warehouse answers can come to stand where SQL names a table: read from the text
//! of a template, branch by branch, without rendering it. It must not know what the answers are.
//!
//! A template that asks for rows of a table and writes columns, conditions or texts from them reads
//! the same tables whatever the answer is, if these hold:
//!
//! - Wherever its text, or that of a macro that it reaches, names a table (after FROM and JOIN, and
//!   after a comma between tables), a name is written out, or `ref` or `source` with nothing but
//!   literals, or `this`. A name that is put together, printed by a macro, or begun in the text and
//!   ended by a value could be an answer's.
//! - Nothing is printed between the tables of FROM but conditions.
//! - It is clear what is in quotes: a text in which that cannot be told is not vouched for.
//!
//! So every branch counts, whether or not an answer leads there. What `ref` names is known to dbt before
//! it asks anything; it refuses a model that refers to others when the answer is there.

use std::collections::BTreeSet;
use std::ops::Range;

use super::scan;
use super::split::{arguments, literal};
use super::tokens::{Piece, PieceKind, Token, TokenKind, pieces, string_value};

/// The words that may be names of tables in a part of a template: those that its text reads from, and all
/// that stand in its strings. `None` where an answer may be one.
pub(super) fn names(file: &str, part: Range<usize>) -> Option<BTreeSet<String>> {
    let text = file.get(part)?;
    let mut walk = Walk::new();
    for piece in pieces(text) {
        match piece.kind {
            PieceKind::Text => walk.text(text.get(piece.range.clone())?)?,
            PieceKind::Raw => return None,
            PieceKind::Comment => {}
            PieceKind::Print | PieceKind::Tag => {
                walk.strings(text, &piece)?;
                walk.tag(text, &piece)?;
            }
        }
    }
    walk.finish()
}

/// Where the walk is in the SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    /// Where no table is named.
    Elsewhere,
    /// A table has to come next.
    Table,
    /// In brackets after FROM, before the first word: a query, or a table.
    Opened,
    /// In the brackets of a function that makes a table of its argument's name.
    Naming,
    /// After the name of a table.
    Named,
    /// In the condition of a join.
    On,
}

/// What quotes are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Quote(u8),
    Line,
    Block,
}

struct Walk {
    stack: Vec<Clause>,
    inside: Inside,
    /// Whether the last thing was the name of a table, with nothing after it yet that would end it.
    open_name: bool,
    /// Whether a tag has taken the white space away that comes next.
    trims: bool,
    last_word: String,
    names: BTreeSet<String>,
}

impl Walk {
    fn new() -> Self {
        Self {
            stack: vec![Clause::Elsewhere],
            inside: Inside::Nothing,
            open_name: false,
            trims: false,
            last_word: String::new(),
            names: BTreeSet::new(),
        }
    }

    fn clause(&self) -> Clause {
        self.stack.last().copied().unwrap_or(Clause::Elsewhere)
    }

    fn set(&mut self, clause: Clause) {
        match self.stack.last_mut() {
            Some(last) => *last = clause,
            None => self.stack.push(clause),
        }
    }

    fn finish(self) -> Option<BTreeSet<String>> {
        let is_open = matches!(self.inside, Inside::Quote(_) | Inside::Block) || self.clause() == Clause::Table;
        (!is_open).then_some(self.names)
    }

    /// Text between tags.
    fn text(&mut self, text: &str) -> Option<()> {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            let next = bytes.get(at + 1).copied();
            match self.inside {
                Inside::Line => {
                    if byte == b'\n' {
                        self.inside = Inside::Nothing;
                    }
                }
                Inside::Block => {
                    if byte == b'*' && next == Some(b'/') {
                        self.inside = Inside::Nothing;
                        at += 1;
                    }
                }
                Inside::Quote(quote) => {
                    // Whether a backslash hides a quote is the dialect's to say.
                    if byte == b'\\' && matches!(next, Some(b'\'' | b'"' | b'\\')) {
                        return None;
                    }
                    if byte == quote {
                        self.inside = Inside::Nothing;
                    }
                }
                Inside::Nothing => {
                    if byte.is_ascii_whitespace() {
                        self.open_name &= self.trims;
                    } else {
                        at += self.outside(&text[at..], byte, next)?;
                        self.trims = false;
                        continue;
                    }
                }
            }
            at += 1;
        }
        Some(())
    }

    /// What begins here, outside of quotes and comments; how long it is.
    fn outside(&mut self, rest: &str, byte: u8, next: Option<u8>) -> Option<usize> {
        match (byte, next) {
            (b'-', Some(b'-')) => self.inside = Inside::Line,
            (b'/', Some(b'*')) => self.inside = Inside::Block,
            // A comment in one dialect is an operator in another, and a quote in it would count or not.
            (b'/', Some(b'/')) | (b'#', _) | (b'$', Some(b'$')) => return None,
            (b'\'', _) => {
                self.sign(byte)?;
                self.inside = Inside::Quote(byte);
            }
            (b'"' | b'`', _) => {
                if let Some(end) = rest[1..].find(char::from(byte)) {
                    self.word(&rest[1..1 + end])?;
                    return Some(end + 2);
                }
                // A tag stands in the quotes: a name that is put together.
                if self.open_name || !matches!(self.clause(), Clause::Elsewhere | Clause::On) {
                    return None;
                }
                self.last_word = "\"".to_owned();
                self.inside = Inside::Quote(byte);
            }
            _ => {
                let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
                let length = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
                if length > 0 {
                    self.word(&rest[..length])?;
                    return Some(length);
                }
                self.sign(byte)?;
                return Some(rest.chars().next().map_or(1, char::len_utf8));
            }
        }
        Some(1)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let lower = word.to_lowercase();
        let before = std::mem::replace(&mut self.last_word, lower.clone());
        if self.open_name && before != "." {
            // Two pieces of one name, the first of them from a tag.
            return None;
        }
        match (self.clause(), lower.as_str()) {
            (Clause::Opened, "select" | "with" | "values") => self.set(Clause::Elsewhere),
            (Clause::Table | Clause::Opened, "lateral" | "only") => self.set(Clause::Table),
            (Clause::Naming, _) => self.set(Clause::Elsewhere),
            (Clause::Table | Clause::Opened, _) => {
                self.names.insert(lower);
                self.set(Clause::Named);
                self.open_name = true;
                return Some(());
            }
            (_, "from" | "join") => self.set(Clause::Table),
            (Clause::Named | Clause::On, _) if before == "." && self.open_name => {
                self.names.insert(lower);
                return Some(());
            }
            (Clause::Named, "on" | "using") => self.set(Clause::On),
            (
                Clause::Named | Clause::On,
                "where" | "group" | "order" | "having" | "qualify" | "limit" | "window" | "select" | "union"
                | "intersect" | "except" | "minus" | "set" | "values" | "connect" | "start" | "fetch" | "offset",
            ) => self.set(Clause::Elsewhere),
            _ => {}
        }
        self.open_name = false;
        Some(())
    }

    fn sign(&mut self, sign: u8) -> Option<()> {
        let before = std::mem::replace(&mut self.last_word, char::from(sign).to_string());
        let clause = self.clause();
        match (clause, sign) {
            (Clause::Table | Clause::Opened, b'(') => {
                self.set(Clause::Named);
                self.stack.push(Clause::Opened);
            }
            (Clause::Table, b'@') => {}
            // A file, or a text out of which something is taken.
            (Clause::Table | Clause::Opened, b'\'') => self.set(Clause::Named),
            (Clause::Table | Clause::Opened, _) => return None,
            (_, b'.') if self.open_name => return Some(()),
            (_, b'(') => {
                let names_a_table = matches!(before.as_str(), "table" | "identifier");
                self.stack.push(if names_a_table { Clause::Naming } else { Clause::Elsewhere });
            }
            (_, b')') if self.stack.len() > 1 => drop(self.stack.pop()),
            (_, b')') => {}
            (Clause::Named | Clause::On, b',') => self.set(Clause::Table),
            (Clause::Naming, _) => self.set(Clause::Elsewhere),
            (Clause::Named, b';') => self.set(Clause::Elsewhere),
            _ => {}
        }
        self.open_name = false;
        Some(())
    }

    /// A tag, as far as it stands in the SQL.
    fn tag(&mut self, text: &str, piece: &Piece) -> Option<()> {
        if piece.trims_before || piece.trims_after {
            self.trims = true;
        }
        match self.inside {
            Inside::Line | Inside::Block | Inside::Quote(_) => return Some(()),
            Inside::Nothing => {}
        }
        if piece.kind == PieceKind::Tag {
            return (self.clause() != Clause::Table).then_some(());
        }
        let known = is_table(text, &piece.tokens);
        if self.open_name {
            return None;
        }
        match self.clause() {
            Clause::Table | Clause::Opened if known => {
                self.set(Clause::Named);
                self.open_name = true;
            }
            Clause::Table | Clause::Opened | Clause::Naming | Clause::Named => return None,
            Clause::Elsewhere | Clause::On => {}
        }
        self.last_word = "{{".to_owned();
        Some(())
    }

    /// The strings of a tag: each word of them may be a name, and each may be a part of the SQL.
    fn strings(&mut self, text: &str, piece: &Piece) -> Option<()> {
        for (index, token) in piece.tokens.iter().enumerate() {
            if token.kind == TokenKind::Name
                && token.text(text) == "context"
                && piece.tokens.get(index + 1).is_some_and(|next| matches!(next.text(text), "[" | "."))
            {
                // A macro whose name is worked out.
                return None;
            }
            if token.kind != TokenKind::Text {
                continue;
            }
            let string = string_value(token.text(text));
            let words = string.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
            if words.iter().any(|word| matches!(word.as_str(), "from" | "join")) {
                self.sql(&string, text, &piece.tokens[index + 1..])?;
            }
            self.names.extend(words);
        }
        Some(())
    }

    /// A string with SQL in it, and what follows it in its tag.
    fn sql(&mut self, string: &str, text: &str, after: &[Token]) -> Option<()> {
        if string.contains("{{") || string.contains("{%") {
            return None;
        }
        let mut walk = Self::new();
        walk.text(string)?;
        if matches!(walk.inside, Inside::Quote(b'\'')) && walk.clause() != Clause::Table {
            walk.inside = Inside::Nothing;
        }
        if let [operator, rest @ ..] = after
            && operator.text(text) == "~"
        {
            if walk.clause() == Clause::Table {
                let end = rest.iter().scan(0_i32, |depth, token| {
                    match token.text(text) {
                        "(" => *depth += 1,
                        ")" => *depth -= 1,
                        "~" if *depth == 0 => return None,
                        _ => {}
                    }
                    (*depth >= 0).then_some(())
                });
                let operand = rest.get(..end.count())?;
                let next = rest.get(operand.len());
                // What is joined to the name must begin with white space.
                let is_ended = match (next.map(|token| token.text(text)), rest.get(operand.len() + 1)) {
                    (Some("~"), Some(following)) => {
                        following.kind == TokenKind::Text
                            && string_value(following.text(text)).starts_with(char::is_whitespace)
                    }
                    _ => true,
                };
                if !is_table(text, operand) || !is_ended {
                    return None;
                }
                walk.set(Clause::Named);
            } else if walk.open_name || matches!(walk.clause(), Clause::Named | Clause::Opened | Clause::Naming) {
                return None;
            }
        }
        self.names.extend(walk.finish()?);
        Some(())
    }
}

/// Whether an expression is a table that is known whatever anybody answers.
fn is_table(text: &str, tokens: &[Token]) -> bool {
    match tokens {
        [name] => name.text(text) == "this",
        [name, open, inner @ .., close] if open.text(text) == "(" && close.text(text) == ")" => {
            let given = arguments(text, inner);
            match name.text(text) {
                "ref" => scan::reference(text, &given).is_some(),
                "source" => given.len() == 2 && given.iter().all(|argument| literal(text, argument).is_some()),
                _ => false,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn found(template: &str) -> Option<String> {
        names(template, 0..template.len()).map(|names| names.into_iter().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn an_answer_that_is_written_elsewhere_names_no_table() {
        for template in [
            "select {% for v in values %} sum(case when x = '{{ v }}' then 1 end) as n_{{ v }}, {% endfor %} 1 from {{ ref('t') }}",
            "select 1 from {{ ref('t') }} as t join {{ source('a', 'b') }} b on t.x = b.{{ v }} where y > {{ v }}",
            "select a, {{ m(v) }} from {{ ref('t') }}\n{%- if v %}\nwhere x > '{{ v }}' {% endif %}",
            "-- depends_on: {{ ref('u') }}\nselect it from {{ ref('t') }} /* don't {{ v }} */ group by {{ v }}",
            "{% set q = 'select max(x) from ' ~ ref('t') ~ ' where y' %} select {{ run_query(q) }} from {{ this }}",
            "select * from (select {{ v }} from {{ ref('t') }}) s left join (\n{% for v in w %} select {{ v }} {% endfor %}) u on true",
            "select extract(year from d), {{ v }} from {{ ref('t') }}, unnest(array[{{ v }}]) x where {{ v }}",
        ] {
            assert!(found(template).is_some(), "{template}");
        }
    }

    #[test]
    fn an_answer_that_may_stand_where_a_table_is_named_is_told() {
        for template in [
            "select 1 from {{ v }}",
            "select 1 from {{ ref(v) }}",
            "select 1 from {{ source('raw', v) }}",
            "select 1 from raw.{{ v }}",
            "select 1 from events_{{ v }}",
            "select 1 from {{ v }}.events",
            "select 1 from {{ ref('t') }}_{{ v }}",
            "select 1 from {{ ref('t') }}_old",
            "select 1 from {{ ref('t') }}{% if v %}_{{ v }}{% endif %}",
            "select 1 from {% if v %} a {% else %} b {% endif %}",
            "select 1 from a, {{ v }}",
            "select 1 from a {% for v in w %}, {{ v }}{% endfor %}",
            "select 1 from a {{ v }}",
            "select 1 from a join {{ v }} on true",
            "select 1 from a join b on a.x = b.x, {{ v }}",
            "select 1 from a cross join lateral {{ v }}",
            "select 1 from ({{ v }}) x",
            "select 1 from \"{{ v }}\"",
            "select 1 from raw.\"{{ v }}\"",
            "select 1 from a as \"{{ v }}\", b",
            "select 1 from table({{ v }})",
            "select 1 from identifier({{ v }})",
            "select 1 from a where x in (select y from {{ v }})",
            "select 1 {% if v == 'x' %} from {{ v }} {% endif %}",
            "{% set q = 'select max(x) from ' ~ v %} select 1",
            "{% set q = 'select max(x) from t_' ~ v %} select 1",
            "{% set q = 'select max(x) from ' ~ ref('t') ~ v %} select 1",
            "{% set q = 'select max(x) from {}'.format(v) %} select 1",
            "{% set q = 'select max(x) from %s' % v %} select 1",
            "{% set f = context['m'] %} select {{ f() }} from t",
        ] {
            assert_eq!(found(template), None, "{template}");
        }
    }

    #[test]
    fn what_is_in_quotes_must_be_clear() {
        for template in [
            r"select 'it\'s' as a, 'x' from {{ v }} as b",
            "select 1 // it's\n from t",
            "select $$ ' $$ from t",
            "select 1 # it's\n from t",
            "select 'x from t",
            "{% raw %} from x {% endraw %}",
        ] {
            assert_eq!(found(template), None, "{template}");
        }
        assert!(found("select 'it''s from ' as a, '{{ v }}' from t").is_some());
    }

    #[test]
    fn names_that_the_text_has_are_given() {
        assert_eq!(
            found("select 1 from raw.a {% if v %} union all select 1 from \"B\" {% endif %}").unwrap(),
            "a b raw"
        );
        assert_eq!(found("{% set t = {'x': 'orders'}[v] %} select {{ t }} from c").unwrap(), "c orders x");
    }
}
