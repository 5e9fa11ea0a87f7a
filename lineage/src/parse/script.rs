//! A script as pieces: its statements, the conditions of its control flow, and the bodies of the
//! routines that it declares. Blocks are flattened, because which branch runs is not known. It
//! must not know what a statement says beyond the words that begin and end it.

use std::ops::Range;

use super::lexer::{Lexeme, LexemeKind};
use crate::dialect::Dialect;

/// A piece of a script; ranges are of lexemes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A statement without its semicolon, and whether a procedural block holds it.
    Statement(Range<usize>, Depth),
    /// A condition or a value: an expression, or a query where a FOR loops over one.
    Expression(Range<usize>),
    /// A string literal whose text is a script.
    Text(usize),
    /// From here to its end, pieces are the body of a routine; the range is its name.
    Routine(Range<usize>),
    /// The end of the routine's body.
    RoutineEnd,
    /// A FOR whose body follows: its record, and the query or the cursor that it runs over.
    Loop {
        /// The name of the record.
        record: usize,
        /// What is run over.
        over: Range<usize>,
    },
    /// The end of its body.
    LoopEnd,
    /// A routine's body in another language than SQL.
    Foreign,
}

/// Whether a statement stands in a procedural block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// At the top of the script.
    Top,
    /// In a block or a routine.
    Nested,
}

/// What an END closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Block,
    /// The body of a FOR.
    Loop,
    /// The body of a routine, whose last END ends it.
    Routine,
    /// The body of a T-SQL procedure without BEGIN: it runs to the end of the batch.
    Batch,
}

/// A script's words, seen by index.
pub(super) struct Words<'t> {
    pub(super) text: &'t str,
    pub(super) lexemes: &'t [Lexeme],
}

impl<'t> Words<'t> {
    /// The text of a lexeme; empty past the end.
    pub(super) fn at(&self, index: usize) -> &'t str {
        self.lexemes.get(index).map_or("", |lexeme| lexeme.text(self.text))
    }

    /// Whether an unquoted word stands there.
    pub(super) fn is(&self, index: usize, word: &str) -> bool {
        self.lexemes.get(index).is_some_and(|lexeme| lexeme.kind == LexemeKind::Word)
            && self.at(index).eq_ignore_ascii_case(word)
    }

    /// Whether one of some unquoted words stands there.
    pub(super) fn is_any(&self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(index, word))
    }

    pub(super) fn kind(&self, index: usize) -> Option<LexemeKind> {
        self.lexemes.get(index).map(|lexeme| lexeme.kind)
    }

    /// Whether the lexeme is the first on its line.
    fn begins_line(&self, index: usize) -> bool {
        match (index.checked_sub(1).and_then(|before| self.lexemes.get(before)), self.lexemes.get(index)) {
            (Some(before), Some(lexeme)) => before.position.line < lexeme.position.line,
            _ => true,
        }
    }

    /// The index after the bracket that closes the one here, or the end.
    pub(super) fn after_brackets(&self, open: usize, end: usize) -> usize {
        let mut depth = 0_usize;
        for index in open..end {
            match self.at(index) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return index + 1;
                    }
                }
                _ => {}
            }
        }
        end
    }
}

/// Words that begin a T-SQL statement on a line of their own, for scripts without semicolons.
const LINE_STARTERS: [&str; 16] = [
    "INSERT", "UPDATE", "DELETE", "DECLARE", "EXEC", "EXECUTE", "TRUNCATE", "DROP", "CREATE", "ALTER", "PRINT", "USE",
    "IF", "WHILE", "BEGIN", "RETURN",
];

/// Words that begin a statement, where a condition without THEN ends.
const STARTERS: [&str; 21] = [
    "BEGIN",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "DROP",
    "CREATE",
    "EXEC",
    "EXECUTE",
    "SET",
    "PRINT",
    "RETURN",
    "MERGE",
    "TRUNCATE",
    "ALTER",
    "RAISERROR",
    "THROW",
    "WITH",
    "DECLARE",
    "BREAK",
    "CONTINUE",
];

struct Splitter<'t> {
    words: Words<'t>,
    dialect: Dialect,
    at: usize,
    open: Vec<Open>,
    /// What a body in another language adds to the routine whose header was read.
    foreign: Option<Piece>,
    pieces: Vec<Piece>,
}

/// Splits a script into pieces.
pub(super) fn split(text: &str, lexemes: &[Lexeme], dialect: Dialect) -> Vec<Piece> {
    let mut splitter = Splitter {
        words: Words { text, lexemes },
        dialect,
        at: 0,
        open: Vec::new(),
        foreign: None,
        pieces: Vec::new(),
    };
    while splitter.at < lexemes.len() {
        let before = splitter.at;
        splitter.step();
        // Every step reads something, or the script would never end.
        splitter.at = splitter.at.max(before + 1);
    }
    while let Some(end) = splitter.open.pop().and_then(ending) {
        splitter.pieces.push(end);
    }
    splitter.pieces
}

/// What the end of something is in the pieces.
const fn ending(open: Open) -> Option<Piece> {
    match open {
        Open::Block => None,
        Open::Loop => Some(Piece::LoopEnd),
        Open::Routine | Open::Batch => Some(Piece::RoutineEnd),
    }
}

impl Splitter<'_> {
    fn end(&self) -> usize {
        self.words.lexemes.len()
    }

    fn depth(&self) -> Depth {
        if self.open.is_empty() { Depth::Top } else { Depth::Nested }
    }

    fn step(&mut self) {
        let at = self.at;
        let words = &self.words;
        if matches!(words.kind(at), Some(LexemeKind::Punctuation)) && matches!(words.at(at), ";" | ":" | "<<") {
            // `<<label>>` before a loop.
            self.at = if words.at(at) == "<<" && words.at(at + 2) == ">" { at + 4 } else { at + 1 };
            return;
        }
        let label = words.at(at + 1) == ":" && words.is_any(at + 2, &["LOOP", "WHILE", "BEGIN", "FOR", "REPEAT"]);
        if label {
            self.at += 2;
            return;
        }
        let word = match words.kind(at) {
            Some(LexemeKind::Word) => words.at(at).to_ascii_uppercase(),
            _ => String::new(),
        };
        let nested = !self.open.is_empty();
        match word.as_str() {
            "GO" if self.dialect == Dialect::TSql && words.begins_line(at) => self.batch_ends(),
            "BEGIN" if self.opens_block() => {
                self.at += 1 + usize::from(self.words.is_any(at + 1, &["TRY", "CATCH", "ATOMIC"]));
                self.open.push(Open::Block);
            }
            "END" if nested => self.close(),
            "ELSE" | "EXCEPTION" | "THEN" | "DO" | "FINALLY" if nested || self.dialect == Dialect::TSql => self.at += 1,
            "DO" if words.kind(at + 1) == Some(LexemeKind::String) => {
                self.pieces.push(Piece::Text(at + 1));
                self.statement_end();
            }
            "LOOP" | "REPEAT" => {
                self.open.push(Open::Block);
                self.at += 1;
            }
            "IF" => self.condition(&["THEN"]),
            "ELSEIF" | "ELSIF" | "WHEN" if nested => {
                let end = self.find(at + 1, &["THEN"]);
                self.expression(at + 1..end);
                self.at = end + 1;
            }
            "UNTIL" if nested => {
                let end = self.find(at + 1, &["END"]);
                self.expression(at + 1..end);
                self.at = end;
            }
            "WHILE" => self.condition(&["DO", "LOOP"]),
            "FOR" => self.for_loop(),
            "CASE" => {
                let end = self.find(at + 1, &["WHEN"]);
                self.expression(at + 1..end);
                self.open.push(Open::Block);
                self.at = end;
            }
            "CREATE" | "ALTER" => self.create(),
            "RETURN" if nested && self.words.is(at + 1, "QUERY") => self.at += 2,
            "PERFORM" if nested => {
                let end = self.find_end(at + 1);
                self.expression(at + 1..end);
                self.at = end;
            }
            _ => self.statement(),
        }
    }

    /// Whether BEGIN opens a block rather than a transaction.
    fn opens_block(&self) -> bool {
        let next = self.at + 1;
        let transaction =
            ["TRANSACTION", "TRAN", "WORK", "ISOLATION", "DISTRIBUTED", "DEFERRED", "IMMEDIATE", "EXCLUSIVE", "READ"];
        next < self.end() && self.words.at(next) != ";" && !self.words.is_any(next, &transaction)
    }

    fn close(&mut self) {
        self.at += 1;
        let closes = ["IF", "LOOP", "WHILE", "CASE", "FOR", "TRY", "CATCH", "REPEAT"];
        let labelled = self.words.kind(self.at) == Some(LexemeKind::Word) && self.words.at(self.at + 1) == ";";
        if self.words.is_any(self.at, &closes) || labelled {
            self.at += 1;
        }
        if self.open.last() == Some(&Open::Batch) {
            return;
        }
        if self.open.pop() == Some(Open::Loop) {
            self.pieces.push(Piece::LoopEnd);
        }
        if self.open.last() == Some(&Open::Routine) {
            self.routine_ends();
        }
    }

    fn routine_ends(&mut self) {
        self.open.pop();
        self.pieces.push(Piece::RoutineEnd);
    }

    fn batch_ends(&mut self) {
        self.at += 1;
        while let Some(open) = self.open.pop() {
            self.pieces.extend(ending(open));
        }
    }

    fn expression(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.pieces.push(Piece::Expression(range));
        }
    }

    /// The index of the first of some words outside brackets and CASE, or of the statement's end.
    fn find(&self, from: usize, wanted: &[&str]) -> usize {
        let (mut depth, mut cases) = (0_usize, 0_usize);
        for index in from..self.end() {
            match self.words.at(index) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                ";" => return index,
                _ if depth > 0 => {}
                _ if cases == 0 && self.words.is_any(index, wanted) => return index,
                _ if self.words.is(index, "CASE") => cases += 1,
                _ if self.words.is(index, "END") => cases = cases.saturating_sub(1),
                _ => {}
            }
        }
        self.end()
    }

    /// IF or WHILE: a condition, then a block that an END closes, or one statement in T-SQL.
    fn condition(&mut self, closing: &[&str]) {
        let from = self.at + 1;
        if self.dialect == Dialect::TSql {
            let end = self.find(from, &STARTERS);
            self.expression(from..end);
            self.at = end;
            return;
        }
        let end = self.find(from, closing);
        if self.words.is_any(end, closing) {
            self.expression(from..end);
            self.open.push(Open::Block);
            self.at = end + 1;
        } else {
            self.statement();
        }
    }

    /// `FOR row IN (query) DO`, `FOR row IN query LOOP`, `FOR i IN 1..10 LOOP`.
    fn for_loop(&mut self) {
        let header = self.find(self.at + 1, &["DO", "LOOP"]);
        if !self.words.is_any(header, &["DO", "LOOP"]) {
            self.statement();
            return;
        }
        let from = self.find(self.at + 1, &["IN"]).min(header);
        let record = self.at + 1;
        self.pieces.push(Piece::Loop { record, over: (from + 1).min(header)..header });
        self.open.push(Open::Loop);
        self.at = header + 1;
    }

    fn statement_end(&mut self) {
        self.at = self.find_end(self.at + 1);
    }

    /// Where the statement that begins before `from` ends.
    fn find_end(&self, from: usize) -> usize {
        let (mut depth, mut cases) = (0_usize, 0_usize);
        let nested = !self.open.is_empty();
        let tsql = self.dialect == Dialect::TSql;
        for index in from..self.end() {
            match self.words.at(index) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                ";" => return index,
                _ if depth > 0 || self.words.kind(index) != Some(LexemeKind::Word) => {}
                _ if index > 0 && self.words.at(index - 1) == "." => {}
                _ if self.words.is(index, "CASE") => cases += 1,
                _ if self.words.is(index, "END") => {
                    if cases == 0 && nested {
                        return index;
                    }
                    cases = cases.saturating_sub(1);
                }
                _ if !tsql || cases > 0 => {}
                _ if self.words.is(index, "GO") && self.words.begins_line(index) => return index,
                _ if self.words.is(index, "ELSE") => return index,
                _ if self.words.begins_line(index)
                    && self.words.is_any(index, &LINE_STARTERS)
                    && !self.words.is_any(index - 1, &["THEN", "AS", "FOR", "ON", "OR", ","]) =>
                {
                    return index;
                }
                _ => {}
            }
        }
        self.end()
    }

    fn statement(&mut self) {
        let from = self.at;
        self.statement_end();
        if let Some(value) = self.assigned(from) {
            self.expression(value..self.at);
            return;
        }
        self.pieces.push(Piece::Statement(from..self.at, self.depth()));
    }

    /// Where the value begins that a block assigns to a variable: `x := …`, `LET x INT DEFAULT …`.
    fn assigned(&self, from: usize) -> Option<usize> {
        let words = &self.words;
        if self.open.is_empty() || words.kind(from) != Some(LexemeKind::Word) || self.dialect == Dialect::BigQuery {
            return None;
        }
        if words.is_any(from, &STARTERS) || words.is_any(from, &["FROM", "COPY", "CALL", "GRANT", "VALUES", "REPLACE"])
        {
            return None;
        }
        let mut depth = 0_usize;
        for index in from + 1..self.at {
            match words.at(index) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                ":=" if depth == 0 => return Some(index + 1),
                _ if depth == 0 && words.is(index, "DEFAULT") => return Some(index + 1),
                _ => {}
            }
        }
        None
    }

    /// CREATE of a routine or a task has a body of its own; any other CREATE is a statement.
    fn create(&mut self) {
        let words = &self.words;
        let mut at = self.at + 1;
        let modifiers = [
            "OR",
            "REPLACE",
            "ALTER",
            "TEMP",
            "TEMPORARY",
            "AGGREGATE",
            "SECURE",
            "TABLE",
            "PUBLIC",
            "PRIVATE",
            "CONSTRAINT",
            "EXTERNAL",
        ];
        while words.is_any(at, &modifiers) {
            at += 1;
        }
        if words.is(at, "DEFINER") {
            let kinds = ["FUNCTION", "PROCEDURE", "TRIGGER", "EVENT", "VIEW"];
            at = (at..at + 9).find(|index| words.is_any(*index, &kinds)).unwrap_or(at);
        }
        if words.is(at, "TASK") {
            let body = self.find(at, &["AS"]);
            self.at = if words.is(body, "AS") { body + 1 } else { body };
            return;
        }
        if !words.is_any(at, &["FUNCTION", "PROCEDURE", "PROC", "TRIGGER", "EVENT"])
            || (words.is(self.at, "ALTER") && self.dialect != Dialect::TSql)
        {
            self.statement();
            return;
        }
        let procedure = words.is_any(at, &["PROCEDURE", "PROC"]);
        at += 1;
        while words.is_any(at, &["IF", "NOT", "EXISTS"]) {
            at += 1;
        }
        let name = at..self.name_end(at);
        self.pieces.push(Piece::Routine(name.clone()));
        // A function in another language computes; a procedure can run any SQL.
        self.foreign = if procedure { Some(Piece::Foreign) } else { None };
        self.body(name.end);
    }

    /// The index after a dotted name.
    fn name_end(&self, from: usize) -> usize {
        let mut at = from + 1;
        while matches!(self.words.at(at), "." | "-") && self.words.kind(at) == Some(LexemeKind::Punctuation) {
            at += 2;
        }
        at.min(self.end())
    }

    /// The body of a routine, after its name: a block, a literal, an expression, or a query.
    fn body(&mut self, from: usize) {
        let mut at = from;
        let mut foreign = false;
        while at < self.end() {
            let words = &self.words;
            match words.at(at) {
                "(" | "<" | "[" => {
                    at = if words.at(at) == "<" { at + 1 } else { words.after_brackets(at, words.lexemes.len()) };
                    continue;
                }
                ";" => {
                    self.pieces.push(Piece::RoutineEnd);
                    self.at = at;
                    return;
                }
                _ => {}
            }
            if words.is(at, "LANGUAGE") {
                foreign =
                    !words.is_any(at + 1, &["SQL", "PLPGSQL"]) && !matches!(words.at(at + 1), "'sql'" | "'plpgsql'");
            } else if words.is(at, "BEGIN") || (words.is(at, "DECLARE") && self.dialect != Dialect::BigQuery) {
                self.at = at;
                self.open.push(Open::Routine);
                if words.is(at, "DECLARE") {
                    self.at += 1;
                }
                return;
            } else if words.is_any(at, &["AS", "RETURN", "FOR"]) && self.body_at(at + 1, foreign) {
                return;
            }
            at += 1;
        }
        self.pieces.push(Piece::RoutineEnd);
        self.at = at;
    }

    /// Reads a body that begins here, if one does.
    fn body_at(&mut self, at: usize, foreign: bool) -> bool {
        let words = &self.words;
        if words.kind(at) == Some(LexemeKind::String) {
            let end = self.find_end(at);
            let foreign = foreign
                || (at..end).any(|index| {
                    words.is(index, "LANGUAGE")
                        && !words.is_any(index + 1, &["SQL", "PLPGSQL"])
                        && !matches!(words.at(index + 1), "'sql'" | "'plpgsql'")
                });
            self.pieces.extend(if foreign { self.foreign.take() } else { Some(Piece::Text(at)) });
            self.pieces.push(Piece::RoutineEnd);
            self.at = end;
            return true;
        }
        if words.is_any(at, &["BEGIN", "RETURN", "DECLARE", "ATOMIC", "REPLACE", "CALLER", "OWNER", "EACH"]) {
            // The next turn of the loop finds the block or the returned value; DECLARE likewise.
            return false;
        }
        if self.dialect == Dialect::TSql && !matches!(words.at(at), "(") {
            if words.is_any(at, &STARTERS) || words.is_any(at, &["IF", "WHILE"]) {
                self.at = at;
                self.open.push(Open::Batch);
                return true;
            }
            return false;
        }
        let end = self.find_end(at);
        if words.at(at) == "(" {
            self.expression(at..words.after_brackets(at, end));
            self.pieces.push(Piece::RoutineEnd);
            self.at = end;
            return true;
        }
        if words.is_any(at, &["SELECT", "WITH", "FROM", "VALUES"]) || words.is(at - 1, "RETURN") {
            self.expression(at..end);
            self.pieces.push(Piece::RoutineEnd);
            self.at = end;
            return true;
        }
        false
    }
}
