//! The last rung: relations found in the tokens of a statement that did not parse. It errs on the
//! side of too many, and must find every relation that the parser would have found.

mod head;

use super::extract::Reads;
use super::lexer::LexemeKind;
use super::names::undecorated;
use super::script::Words;
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::hashing::{HashMap, HashSet};
use crate::name::{ColumnName, Quoting, RelationName};
use crate::query::{ReadRole, Statement, StatementKind};

/// The lexemes from and to which a CTE is visible.
struct Cte {
    from: usize,
    to: usize,
}

/// What stands between two brackets.
struct Frame {
    /// Whether the bracket is that of a function whose arguments are separated by FROM.
    keyword_arguments: bool,
    /// Whether a comma is followed by another item of FROM.
    list: bool,
}

struct Scanner<'t> {
    words: Words<'t>,
    dialect: Dialect,
    /// For each opening bracket, the index of the closing one.
    closing: Vec<usize>,
    /// By name; a name can stand for several.
    ctes: HashMap<ColumnName, Vec<Cte>>,
    aliases: HashSet<ColumnName>,
    reads: Reads,
    runtime: bool,
    /// What INSERTs within the statement fill.
    filled: Vec<RelationName>,
    /// Where an item of FROM was expected and no name stands: a bracket there holds items.
    expected: Option<usize>,
}

/// Functions whose arguments are separated by FROM.
const KEYWORD_ARGUMENTS: [&str; 8] =
    ["EXTRACT", "TRIM", "LTRIM", "RTRIM", "SUBSTRING", "SUBSTR", "OVERLAY", "POSITION"];

/// Words that end a FROM list.
const CLAUSES: [&str; 28] = [
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "QUALIFY",
    "WINDOW",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "MINUS",
    "SELECT",
    "SET",
    "WHEN",
    "VALUES",
    "RETURNING",
    "FETCH",
    "OFFSET",
    "CLUSTER",
    "DISTRIBUTE",
    "SORT",
    "PREWHERE",
    "CONNECT",
    "START",
    "OPTION",
    "SETTINGS",
    "FORMAT",
    "PIVOT",
];

/// Words that are never an alias, beyond those of [`CLAUSES`].
const NOT_ALIASES: &[&str] = &[
    "INSERT",
    "OVERWRITE",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "NATURAL",
    "ON",
    "USING",
    "ASOF",
    "LATERAL",
    "FOR",
    "WITH",
    "TABLESAMPLE",
    "SAMPLE",
    "FINAL",
    "ANY",
    "ARRAY",
    "GLOBAL",
    "UNPIVOT",
    "MATCH_RECOGNIZE",
    "FROM",
];

/// Scans the statement that all these lexemes are.
pub(super) fn scan(words: Words<'_>, dialect: Dialect) -> Statement {
    let position = words.lexemes.first().map_or(Position::START, |lexeme| lexeme.position);
    let closing = closing_brackets(&words);
    let mut scanner = Scanner {
        words,
        dialect,
        closing,
        ctes: HashMap::default(),
        aliases: HashSet::default(),
        reads: Reads::default(),
        runtime: false,
        filled: Vec::new(),
        expected: None,
    };
    scanner.find_ctes();
    let (mut kind, mut targets, from) = scanner.head();
    scanner.walk(from);
    // `FROM s INSERT INTO a SELECT … INSERT INTO b SELECT …`
    if !scanner.filled.is_empty() && kind == StatementKind::Query {
        kind = StatementKind::Fill;
        targets.append(&mut scanner.filled);
    }
    let incomplete = match kind {
        StatementKind::Dynamic => Some(super::statement::DYNAMIC.to_owned()),
        _ if scanner.runtime => Some("a relation is named by an expression that is known only at run time".to_owned()),
        _ => None,
    };
    Statement { kind, targets, reads: scanner.reads.into_vec(), position, incomplete, queries: None }
}

fn closing_brackets(words: &Words<'_>) -> Vec<usize> {
    let end = words.lexemes.len();
    let mut closing = vec![end; end];
    let mut open = Vec::new();
    for (index, lexeme) in words.lexemes.iter().enumerate() {
        if lexeme.kind != LexemeKind::Punctuation {
            continue;
        }
        match words.at(index) {
            "(" => open.push(index),
            ")" => {
                if let Some(opened) = open.pop() {
                    closing[opened] = index;
                }
            }
            _ => {}
        }
    }
    closing
}

impl Scanner<'_> {
    fn end(&self) -> usize {
        self.words.lexemes.len()
    }

    fn is_name(&self, index: usize) -> bool {
        matches!(self.words.kind(index), Some(LexemeKind::Quoted | LexemeKind::Word))
    }

    /// `name [(columns)] AS [[NOT] MATERIALIZED] (` after WITH, RECURSIVE or a comma.
    fn find_ctes(&mut self) {
        let mut enclosing: Vec<usize> = Vec::new();
        let mut recursive = false;
        let mut with = false;
        for index in 0..self.end() {
            match self.words.at(index) {
                "(" => enclosing.push(self.closing[index]),
                ")" => {
                    enclosing.pop();
                }
                _ => {}
            }
            if self.words.is(index, "RECURSIVE") {
                recursive = true;
                continue;
            }
            with |= self.words.is(index, "WITH");
            let starts = index.checked_sub(1).is_some_and(|before| {
                self.words.is_any(before, &["WITH", "RECURSIVE"]) || self.words.at(before) == ","
            });
            if !with || !starts || !self.is_name(index) {
                continue;
            }
            let mut at = index + 1;
            if self.words.at(at) == "(" {
                at = self.closing[at] + 1;
            }
            if !self.words.is(at, "AS") {
                continue;
            }
            at += 1;
            while self.words.is_any(at, &["NOT", "MATERIALIZED"]) {
                at += 1;
            }
            if self.words.at(at) != "(" {
                continue;
            }
            let name = self.column(index);
            let from = if recursive { index } else { self.closing[at] };
            let to = enclosing.last().copied().unwrap_or(self.end());
            self.ctes.entry(name).or_default().push(Cte { from, to });
        }
    }

    /// A part of a name without its quotes.
    fn part(&self, index: usize) -> (String, Quoting) {
        let text = self.words.at(index);
        if self.words.kind(index) != Some(LexemeKind::Quoted) {
            return (text.to_owned(), Quoting::Bare);
        }
        let mut characters = text.chars();
        let (opening, closing) = (characters.next(), characters.next_back());
        let inner = characters.as_str();
        let inner = match (opening, closing) {
            (Some(quote @ ('"' | '`')), Some(_)) => inner.replace(&format!("{quote}{quote}"), &quote.to_string()),
            _ => inner.replace("]]", "]"),
        };
        (inner, Quoting::Quoted)
    }

    fn column(&self, index: usize) -> ColumnName {
        let (text, quoting) = self.part(index);
        ColumnName::new(self.dialect, &text, quoting)
    }

    /// A dotted name and the index after it; a hyphen joins words of a BigQuery project.
    fn name(&mut self, from: usize) -> Option<(RelationName, usize, usize)> {
        let first = self.words.at(from);
        if first == "?" || first == "{" || (first == ":" && self.is_name(from + 1)) || self.words.is(from, "IDENTIFIER")
        {
            self.runtime = true;
            return None;
        }
        if !self.is_name(from) {
            return None;
        }
        if first.starts_with('$') || (first.starts_with('@') && self.dialect != Dialect::TSql) {
            self.runtime |= first.starts_with('$') || self.dialect != Dialect::Snowflake;
            return None;
        }
        let mut parts: Vec<(String, Quoting)> = vec![self.part(from)];
        let mut at = from + 1;
        loop {
            if self.words.at(at) == "." && self.is_name(at + 1) {
                parts.push(self.part(at + 1));
                at += 2;
            } else if self.words.at(at) == ".." && self.is_name(at + 1) {
                parts.push((String::new(), Quoting::Bare));
                parts.push(self.part(at + 1));
                at += 2;
            } else if self.words.at(at) == "." && self.words.at(at + 1) == "*" && self.dialect == Dialect::BigQuery {
                parts.push(("*".to_owned(), Quoting::Bare));
                at += 2;
            } else if self.words.at(at) == "." && self.words.kind(at + 1) == Some(LexemeKind::Number) {
                parts.push((self.words.at(at + 1).to_owned(), Quoting::Bare));
                at += 2;
            } else if self.dialect == Dialect::BigQuery && self.adjoins(at) {
                if let Some((last, _)) = parts.last_mut() {
                    last.push_str(self.words.at(at));
                }
                at += 1;
            } else {
                break;
            }
        }
        let last = parts.len() - 1;
        let name = RelationName::new(
            self.dialect,
            parts.iter().enumerate().map(|(index, (text, quoting))| {
                (if index == last { undecorated(self.dialect, text) } else { text.as_str() }, *quoting)
            }),
        );
        (!name.is_empty()).then_some((name, at, parts.len()))
    }

    /// Whether a lexeme continues a hyphenated word: `my-project-1`.
    fn adjoins(&self, index: usize) -> bool {
        let Some(lexeme) = self.words.lexemes.get(index) else { return false };
        let touches = self.words.lexemes[index - 1].range().end == lexeme.range().start;
        let continues = match lexeme.kind {
            LexemeKind::Punctuation => self.words.at(index) == "-" || self.words.at(index) == "*",
            LexemeKind::Word | LexemeKind::Number => self.words.at(index - 1) == "-",
            _ => false,
        };
        touches && continues
    }

    fn visible_cte(&self, index: usize) -> bool {
        let name = self.column(index);
        let ctes = self.ctes.get(&name).into_iter().flatten();
        ctes.into_iter().any(|cte| (cte.from..cte.to).contains(&index))
    }

    /// One item of FROM, and the index after it.
    fn item(&mut self, from: usize) -> usize {
        let mut at = from;
        while self.words.is_any(at, &["LATERAL", "ONLY", "TABLE", "STREAM"])
            && (!self.words.is(at, "STREAM") || self.is_name(at + 1) && self.dialect == Dialect::Databricks)
            && self.words.at(at + 1) != "."
        {
            at += 1;
        }
        // `FROM (PIVOT t ON …)`: the word is a command, not a table.
        if self.dialect == Dialect::DuckDb
            && self.words.is_any(at, &["PIVOT", "UNPIVOT", "SUMMARIZE", "DESCRIBE"])
            && at.checked_sub(1).is_some_and(|before| self.words.at(before) == "(")
            && (self.is_name(at + 1) || self.words.at(at + 1) == "(")
        {
            at += 1;
        }
        self.expected = Some(at);
        if self.words.is_any(at, &["SELECT", "WITH", "VALUES", "UNNEST"]) {
            return at;
        }
        let Some((name, after, parts)) = self.name(at) else { return at };
        if self.words.at(after) == "(" {
            // A qualified table function is the project's own; the call itself is found below.
            if parts > 1 {
                self.reads.add(name, ReadRole::Table, self.words.lexemes[at].position);
            }
            return at;
        }
        let first = self.column(at);
        let path =
            parts > 1 && matches!(self.dialect, Dialect::BigQuery | Dialect::Redshift) && self.aliases.contains(&first);
        let dual = matches!(self.dialect, Dialect::Snowflake | Dialect::MySql) && name.table_key() == "dual";
        if !(path || (parts == 1 && (dual || self.visible_cte(at)))) {
            self.reads.add(name, ReadRole::Table, self.words.lexemes[at].position);
        }
        let mut alias = after;
        if self.words.is(alias, "AS") {
            alias += 1;
        }
        if self.is_name(alias) && !self.words.is_any(alias, &CLAUSES) && !self.words.is_any(alias, NOT_ALIASES) {
            self.aliases.insert(self.column(alias));
            return alias + 1;
        }
        self.aliases.insert(self.column(after - 1));
        after
    }

    fn walk(&mut self, from: usize) {
        // `UPDATE t, u SET …`
        let joined = self.dialect == Dialect::MySql && self.words.is(0, "UPDATE");
        let mut frames = vec![Frame { keyword_arguments: false, list: joined }];
        let mut at = from;
        while at < self.end() {
            let list = frames.last().is_some_and(|frame| frame.list);
            match (self.words.kind(at), self.words.at(at)) {
                (Some(LexemeKind::Punctuation), "(") => {
                    let before = at.checked_sub(1);
                    let keyword_arguments = before.is_some_and(|before| self.words.is_any(before, &KEYWORD_ARGUMENTS));
                    // `FROM (a JOIN b …)`: a bracket in the place of an item holds items.
                    let items = self.expected == Some(at);
                    frames.push(Frame { keyword_arguments, list: items });
                    at = if items { self.item(at + 1) } else { at + 1 };
                }
                (Some(LexemeKind::Punctuation), ")") => {
                    if frames.len() > 1 {
                        frames.pop();
                    }
                    at += 1;
                }
                (Some(LexemeKind::Punctuation), ",") if list => at = self.item(at + 1),
                (Some(LexemeKind::Word), _) => at = self.word(at, &mut frames),
                (Some(LexemeKind::Quoted), _) => at = self.call(at),
                _ => at += 1,
            }
        }
    }

    fn word(&mut self, at: usize, frames: &mut [Frame]) -> usize {
        let words = &self.words;
        let after_dot = at.checked_sub(1).is_some_and(|before| words.at(before) == ".");
        let frames_are_flat = frames.len() == 1;
        let Some(frame) = frames.last_mut() else { return at + 1 };
        if after_dot {
            return at + 1;
        }
        if words.is(at, "FROM") {
            let distinct = at
                .checked_sub(2)
                .is_some_and(|before| words.is(before + 1, "DISTINCT") && words.is_any(before, &["IS", "NOT"]));
            if distinct || std::mem::take(&mut frame.keyword_arguments) {
                return at + 1;
            }
            frame.list = true;
            return self.item(at + 1).max(at + 1);
        }
        if words.is(at, "JOIN") {
            let array = at.checked_sub(1).is_some_and(|before| words.is(before, "ARRAY"));
            frame.list = !array;
            return if array { at + 1 } else { self.item(at + 1).max(at + 1) };
        }
        let opens = |at: usize| words.at(at) == "(";
        let reads = (words.is(at, "USING") && !opens(at + 1))
            || words.is(at, "CLONE")
            || (words.is_any(at, &["TABLE", "MODEL"])
                && at.checked_sub(1).is_some_and(|before| matches!(words.at(before), "(" | "," | "=>"))
                && !opens(at + 1))
            || (words.is(at, "TABLE")
                && self.is_name(at + 1)
                && (words.is_any(0, &["INSERT", "REPLACE"])
                    || at
                        .checked_sub(1)
                        .is_some_and(|before| words.is_any(before, &["UNION", "EXCEPT", "INTERSECT", "ALL", "AS"]))));
        let created = words.is_any(0, &["CREATE"]) && at < 24;
        let before = at.checked_sub(1).map_or("", |before| words.at(before));
        let copied = created
            && (words.is(at, "COPY")
                || (words.is(at, "LIKE") && !words.is(at - 1, "NOT") && self.is_name(at + 1))
                || (words.is(at, "AS") && frames_are_flat && self.is_name(at + 1) && words.at(at + 2) == "."));
        let command = words.is_any(at, &["PIVOT", "UNPIVOT", "SUMMARIZE"])
            && (matches!(before, "" | "(") || before.eq_ignore_ascii_case("as"))
            && !opens(at + 1);
        if reads || copied || command {
            return self.item(at + 1).max(at + 1);
        }
        if words.is_any(at, &["EXEC", "EXECUTE"]) && self.is_name(at + 1) && at > 0 {
            if let Some((name, after, _)) = self.name(at + 1) {
                self.reads.add(name, ReadRole::Call, self.words.lexemes[at + 1].position);
                return after;
            }
            return at + 1;
        }
        if words.is(at, "INSERT") && words.is_any(at + 1, &["INTO", "OVERWRITE"]) {
            let target = at + 2 + usize::from(words.is(at + 2, "TABLE"));
            if let Some((name, after, _)) = self.name(target) {
                self.filled.push(name);
                return after;
            }
        }
        let words = &self.words;
        if words.is_any(at, &CLAUSES) {
            frame.list = false;
            return at + 1;
        }
        self.call(at)
    }

    /// A name that is called like a function.
    fn call(&mut self, at: usize) -> usize {
        let Some((name, after, parts)) = self.name(at) else { return at + 1 };
        let called = self.words.at(after) == "(";
        let said: Vec<&str> = name.keys().collect();
        let bare = self.words.kind(at) == Some(LexemeKind::Word);
        let builtin = parts == 1 && (super::builtin::is_builtin(name.table()) || is_keyword(name.table()))
            || bare && super::builtin::is_own(self.dialect, &said);
        // `WITH p (a) AS (…)` defines, it does not call.
        let defined = parts == 1 && self.ctes.contains_key(&self.column(at));
        if called && !builtin && !defined {
            self.reads.add(name, ReadRole::Call, self.words.lexemes[at].position);
        }
        after.max(at + 1)
    }
}

/// Keywords that a bracket can follow.
fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 31] = [
        "AND",
        "AS",
        "BY",
        "CASE",
        "ELSE",
        "EXCEPT",
        "EXISTS",
        "FILTER",
        "IN",
        "INTO",
        "NOT",
        "ON",
        "OPTIONS",
        "OR",
        "OVER",
        "PARTITION",
        "SELECT",
        "SETS",
        "THEN",
        "UNION",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "ALL",
        "INTERVAL",
        "WITH",
        "INSERT",
        "DEFAULT",
        "INDEX",
        "KEY",
    ];
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}
