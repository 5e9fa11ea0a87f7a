//! The cascade itself, statement by statement, so that one that is not understood does not cost
//! the others.

use std::collections::BTreeSet;

use sqlparser::ast::{Query, SetExpr, Statement as Ast};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError, ParserOptions};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Word};

use super::constants::{self, Lists};
use super::extract::{Place, Reads};
use super::lexer::{Lexeme, LexemeKind, lex};
use super::measure::{MAX_DEPTH, Measured, measure};
use super::names::Origin;
use super::rewrite::{Notes, rewrite};
use super::scan::scan;
use super::script::{Depth, Piece, Words, split};
use super::statement::{Nested, describe};
use super::variables::{self, Variables};
use crate::diagnostic::{Diagnostic, Position};
use crate::dialect::Dialect;
use crate::query::{Read, ReadRole, Reading, Script, Statement, StatementKind};

mod loops;
mod routine;

use routine::{routine_name, routine_returns, routine_start};

/// Each rewrite moves the tokens behind it, so that many of them in a long statement take long.
const MAX_REWRITTEN: usize = 60_000;
/// A text of more bytes is scanned: it is a dump, and would take seconds to parse.
const MAX_PARSED: usize = 24_000_000;
/// A text of more bytes is not read at all.
const MAX_READ: usize = 100_000_000;
/// Touched only as far as it is used.
const STACK: usize = 1 << 29;
/// So often a text is read to find which of its variables are made of others.
const PASSES: usize = 4;
/// Literals that are scripts that hold literals that are scripts.
const MAX_NESTED_TEXTS: usize = 8;

/// Reads a whole SQL text, a script of one or many statements.
#[must_use]
pub fn parse(text: &str, dialect: Dialect) -> Script {
    read(text, dialect, Lists::Short)
}

/// Reads a text with every row of its lists of constants, so that they can be held against each other.
pub(crate) fn parse_with_lists(text: &str, dialect: Dialect) -> Script {
    /// Larger lists are compared as a whole.
    const MOST: usize = 1 << 20;
    read(text, dialect, if text.len() > MOST { Lists::Short } else { Lists::Whole })
}

fn read(text: &str, dialect: Dialect, lists: Lists) -> Script {
    if text.len() > MAX_READ {
        return unread();
    }
    let size = if text.len() > MAX_PARSED { Size::Huge } else { Size::Ordinary };
    // A loop may use a variable above the place where it is set.
    let mut variables = BTreeSet::new();
    let mut passes = 1;
    loop {
        let known = variables.len();
        let mut reader = Reader::new(dialect, size, lists, variables);
        if size == Size::Huge {
            let message = format!("a text of {} MB; its relations were found word by word", text.len() / 1_000_000);
            reader.script.diagnostics.push(Diagnostic::warning("sql-not-parsed", message).hint("split it"));
        }
        reader.text(text, Origin(Position::START), Place::Script);
        if reader.variables.len() == known || passes == PASSES {
            return reader.script;
        }
        variables = reader.variables;
        passes += 1;
    }
}

/// A text that is too large to be looked at: it may read and fill anything.
fn unread() -> Script {
    let diagnostic = Diagnostic::error("text-too-large", "a text of more than 100 MB").hint("split it");
    let statement = Statement {
        kind: StatementKind::Dynamic,
        targets: Vec::new(),
        reads: Vec::new(),
        position: Position::START,
        incomplete: Some("the text is too large to be read".to_owned()),
        queries: None,
    };
    Script { statements: vec![statement], reading: Reading::Scanned, diagnostics: vec![diagnostic] }
}

/// A routine whose body is being read.
struct Routine {
    /// Its statement in the script, to which the body's reads are added.
    index: usize,
    reads: Reads,
    incomplete: Option<String>,
}

struct Reader {
    dialect: Dialect,
    script: Script,
    routines: Vec<Routine>,
    /// How many literals surround the text.
    nested: usize,
    size: Size,
    lists: Lists,
    /// The variables that are made of what queries read.
    variables: BTreeSet<String>,
    /// The one whose value is being read.
    assigned: Option<String>,
    /// Those of them that are records of loops and cursors.
    records: BTreeSet<String>,
    /// The records of the loops around what is read, outermost first; none for one that counts.
    loops: Vec<Option<String>>,
    /// The record whose query is being read.
    looped: Option<String>,
}

/// Whether a text is one that somebody could have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Ordinary,
    /// Parsing it would take too long.
    Huge,
}

/// Statements with the SQL texts inside them.
type Described = Vec<(Statement, Nested)>;

/// Why a statement did not parse: where, and what the parser says.
struct Failure {
    position: Option<Position>,
    detail: String,
}

impl Reader {
    fn new(dialect: Dialect, size: Size, lists: Lists, variables: BTreeSet<String>) -> Self {
        let (script, routines) = (Script::default(), Vec::new());
        let records = BTreeSet::new();
        Self {
            dialect,
            script,
            routines,
            nested: 0,
            size,
            lists,
            variables,
            assigned: None,
            records,
            loops: Vec::new(),
            looped: None,
        }
    }

    fn text(&mut self, text: &str, origin: Origin, place: Place) {
        let lexed = lex(text, self.dialect);
        if let Some((position, what)) = lexed.problem {
            let diagnostic = Diagnostic::warning("sql-not-tokenized", what)
                .at(origin.shift(position))
                .hint("close it; what follows was read as if the opening character were not there");
            self.script.diagnostics.push(diagnostic);
            self.script.reading = Reading::Scanned;
        }
        for piece in split(text, &lexed.lexemes, self.dialect) {
            self.piece(text, &lexed.lexemes, piece, origin, place);
        }
    }

    fn piece(&mut self, text: &str, lexemes: &[Lexeme], piece: Piece, origin: Origin, place: Place) {
        match piece {
            Piece::Statement(range, depth) => {
                let place = if depth == Depth::Nested { Place::Block } else { place };
                self.statement(text, &lexemes[range], origin, place);
            }
            Piece::Expression(range) => {
                self.assigned = assigned_before(&Words { text, lexemes: &lexemes[..range.start] });
                self.expression(text, &lexemes[range], origin);
                self.assigned = None;
            }
            Piece::Text(index) => {
                if let Some(lexeme) = lexemes.get(index) {
                    self.literal(lexeme.text(text), origin.shift(lexeme.position));
                }
            }
            Piece::Routine(range) => {
                let (start, lifetime) = routine_start(text, lexemes, range.start);
                let position = lexemes.get(start).map_or(Position::START, |lexeme| lexeme.position);
                let returns = routine_returns(&Words { text, lexemes }, range.end);
                let words = Words { text, lexemes: &lexemes[range] };
                let name = routine_name(&words, self.dialect);
                let index = self.script.statements.len();
                self.script.statements.push(Statement {
                    kind: StatementKind::Routine(lifetime, returns),
                    targets: name.into_iter().collect(),
                    reads: Vec::new(),
                    position: origin.shift(position),
                    incomplete: None,
                    queries: None,
                });
                self.routines.push(Routine { index, reads: Reads::default(), incomplete: None });
            }
            Piece::Loop { record, over } => self.loop_begins(text, lexemes, record, over, origin),
            Piece::LoopEnd => self.loop_ends(),
            Piece::RoutineEnd => {
                if let Some(routine) = self.routines.pop()
                    && let Some(statement) = self.script.statements.get_mut(routine.index)
                {
                    statement.reads = routine.reads.into_vec();
                    statement.incomplete = routine.incomplete;
                }
            }
            Piece::Foreign => {
                if let Some(routine) = self.routines.last_mut() {
                    routine.incomplete = Some("its body is not SQL".to_owned());
                }
            }
        }
    }

    /// A literal that is a script, such as a body between dollar quotes.
    fn literal(&mut self, literal: &str, position: Position) {
        let (body, prefix) = unquote(literal);
        self.nested_text(&body, Position::new(position.line, position.column.saturating_add(prefix)));
    }

    fn nested_text(&mut self, body: &str, position: Position) {
        if self.nested >= MAX_NESTED_TEXTS {
            return;
        }
        self.nested += 1;
        let (routines, loops) = (self.routines.len(), self.loops.len());
        self.text(body, Origin(position), Place::Block);
        self.routines.truncate(routines);
        self.loops.truncate(loops);
        self.nested -= 1;
    }

    /// Adds a statement to the script and, in a routine, what it reads to the routine's reads.
    fn push(&mut self, mut statement: Statement) {
        self.read_loops(&mut statement);
        if let Some(routine) = self.routines.last_mut() {
            let reads = statement.reads.iter().filter(|read| !variables::is_variable(&read.name));
            routine.reads.extend(reads.cloned());
            if routine.incomplete.is_none() {
                routine.incomplete.clone_from(&statement.incomplete);
            }
            // Within a routine only what is filled counts beside the routine itself.
            if statement.targets.is_empty() {
                return;
            }
        }
        self.script.statements.push(statement);
    }

    fn statement(&mut self, text: &str, lexemes: &[Lexeme], origin: Origin, place: Place) {
        let Some(first) = lexemes.first() else { return };
        let begin = origin.shift(first.position);
        let limit = match self.size {
            Size::Huge => Measured::TooDeep("the text is too large"),
            Size::Ordinary => measure(text, lexemes),
        };
        let parsed = match limit {
            Measured::TooDeep(what) => Err(Failure { position: None, detail: what.to_owned() }),
            Measured::Ordinary => self.parsed(text, lexemes, begin, place, Entry::Statement),
            Measured::Deep => std::thread::scope(|scope| {
                let work = || self.parsed(text, lexemes, begin, place, Entry::Statement);
                let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
                let refused = || Failure { position: None, detail: "no thread to parse it on".to_owned() };
                thread.map_err(|_| refused())?.join().unwrap_or_else(|_| Err(refused()))
            }),
        };
        match parsed {
            Ok(statements) => {
                for (statement, nested) in statements {
                    self.learn(&statement);
                    self.push(statement);
                    for body in nested.0 {
                        self.nested_text(&body, begin);
                    }
                }
            }
            Err(failure) => self.scanned(text, lexemes, origin, &failure),
        }
    }

    /// Takes note of the variables that a statement sets.
    fn learn(&mut self, statement: &Statement) {
        self.variables.extend(variables::assigned(statement));
    }

    /// Whether a variable is mentioned that is made of what queries read.
    fn mentioned(&self, text: &str, lexemes: &[Lexeme]) -> BTreeSet<String> {
        if self.variables.is_empty() {
            return BTreeSet::new();
        }
        let keys = lexemes.iter().filter_map(|lexeme| variables::key(lexeme.text(text)));
        keys.filter(|key| self.variables.contains(key)).collect()
    }

    /// Scans a statement that did not parse; says so only if that can have cost something.
    fn scanned(&mut self, text: &str, lexemes: &[Lexeme], origin: Origin, failure: &Failure) {
        let mut statement = scan(Words { text, lexemes }, self.dialect);
        statement.position = origin.shift(statement.position);
        for read in &mut statement.reads {
            read.position = origin.shift(read.position);
        }
        let words = Words { text, lexemes };
        let harmless = statement.kind == StatementKind::Other
            && !statement.reads.iter().any(|read| read.role == ReadRole::Table)
            || (statement.kind == StatementKind::Drop && !statement.targets.is_empty())
            || (statement.kind == StatementKind::Fill
                && statement.reads.is_empty()
                && !statement.targets.is_empty()
                && words.is_any(0, &["COPY", "LOAD"]));
        if !harmless {
            self.scan_variables(text, lexemes, &mut statement);
        }
        if self.size == Size::Huge {
            self.script.reading = Reading::Scanned;
        } else if !harmless {
            self.script.reading = Reading::Scanned;
            self.script.diagnostics.push(not_parsed(&words, &statement, failure));
        }
        self.push(statement);
    }

    /// Adds the variables that a statement mentions which did not parse.
    fn scan_variables(&self, text: &str, lexemes: &[Lexeme], statement: &mut Statement) {
        for key in self.mentioned(text, lexemes) {
            let name = variables::relation(self.dialect, &key);
            if !statement.targets.contains(&name) {
                statement.reads.push(Read { name, role: ReadRole::Table, position: statement.position });
            }
        }
        statement.reads.sort();
        statement.reads.dedup_by(|later, first| (&later.name, later.role) == (&first.name, first.role));
    }

    /// A condition or a value: only what it reads counts.
    fn expression(&mut self, text: &str, lexemes: &[Lexeme], origin: Origin) {
        let Some(first) = lexemes.first() else { return };
        let begin = origin.shift(first.position);
        if !has_relation(&Words { text, lexemes }) && self.mentioned(text, lexemes).is_empty() {
            // Without a query inside, only calls can be read; the scan finds those exactly.
            let mut statement = scan(Words { text, lexemes }, self.dialect);
            if !statement.reads.is_empty() && !self.routines.is_empty() {
                statement.reads.iter_mut().for_each(|read| read.position = origin.shift(read.position));
                self.push(statement);
            }
            return;
        }
        let words = Words { text, lexemes };
        let query = words.is_any(0, &["SELECT", "WITH", "FROM", "VALUES"]);
        let entry = if query { Entry::Statement } else { Entry::Expression };
        let parsed = match measure(text, lexemes) {
            Measured::Ordinary => self.parsed(text, lexemes, begin, Place::Block, entry),
            _ => Err(Failure { position: None, detail: "nested too deep".to_owned() }),
        };
        match parsed {
            Ok(statements) => {
                for (statement, _) in statements {
                    self.learn(&statement);
                    self.push(statement);
                }
            }
            Err(failure) => self.scanned(text, lexemes, origin, &failure),
        }
    }

    /// The first two rungs: the text as it stands, then rewritten.
    fn parsed(
        &self,
        text: &str,
        lexemes: &[Lexeme],
        begin: Position,
        place: Place,
        entry: Entry,
    ) -> Result<Described, Failure> {
        let (Some(first), Some(last)) = (lexemes.first(), lexemes.last()) else { return Ok(Vec::new()) };
        let slice = text.get(first.range().start..last.range().end).unwrap_or("");
        // The path of a Snowflake stage ends at a space, so there spaces stay.
        let stages = self.dialect == Dialect::Snowflake && slice.contains('@');
        let read = if stages {
            Tokenizer::new(self.dialect.grammar(), slice).tokenize_with_location().ok()
        } else {
            constants::tokens(text, lexemes, self.dialect, self.lists)
        };
        let mut tokens = read.unwrap_or_else(|| piecewise(text, lexemes, self.dialect));
        if !stages {
            tokens.retain(not_layout);
        }
        if entry == Entry::Expression {
            let at = Span::new(Location::new(1, 1), Location::new(1, 1));
            tokens.insert(0, TokenWithSpan::new(keyword("SELECT", Keyword::SELECT), at));
        }
        let origin = Origin(begin);
        let (failure, mut tokens) = match self.asts(tokens, origin, place, &Notes::none()) {
            Ok(statements) => return Ok(statements),
            Err(failed) => failed,
        };
        tokens.retain(not_layout);
        if tokens.len() > MAX_REWRITTEN {
            return Err(failure);
        }
        let Some(notes) = rewrite(&mut tokens, self.dialect) else { return Err(failure) };
        self.asts(tokens, origin, place, &notes).map_err(|_| failure)
    }

    fn known(&self) -> Variables<'_> {
        Variables {
            known: &self.variables,
            assigned: self.assigned.as_deref(),
            records: &self.records,
            loops: &self.loops,
            looped: self.looped.as_deref(),
        }
    }

    /// Parses the tokens; hands them back where that failed.
    fn asts(
        &self,
        tokens: Vec<TokenWithSpan>,
        origin: Origin,
        place: Place,
        notes: &Notes,
    ) -> Result<Described, (Failure, Vec<TokenWithSpan>)> {
        let options = ParserOptions::new().with_trailing_commas(self.dialect.grammar().supports_trailing_commas());
        let mut parser = Parser::new(self.dialect.grammar())
            .with_options(options)
            .with_recursion_limit(MAX_DEPTH * 8)
            .with_tokens_with_locations(tokens);
        let mut statements = Vec::new();
        loop {
            let token = parser.peek_token_ref();
            if token.token == Token::EOF && !statements.is_empty() {
                return Ok(statements);
            }
            let begin = if statements.is_empty() { origin.0 } else { origin.place(token.span.start) };
            let ast = match parser.parse_statement() {
                Ok(ast) => ast,
                Err(error) => return Err((failed(&error, &parser, origin), parser.into_tokens())),
            };
            let next = parser.peek_token_ref();
            // Only T-SQL runs statements together; elsewhere a rest means that something was misread.
            if next.token != Token::EOF && self.dialect != Dialect::TSql {
                let failure = Failure {
                    position: Some(origin.place(next.span.start)),
                    detail: format!("the statement should end before `{}`", next.token),
                };
                dismantle(ast);
                return Err((failure, parser.into_tokens()));
            }
            let (mut statement, nested) = describe(&ast, self.dialect, origin, place, notes, self.known());
            statement.position = begin;
            statements.push((statement, nested));
            dismantle(ast);
        }
    }
}

/// What the tokens are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Statement,
    Expression,
}

fn not_layout(token: &TokenWithSpan) -> bool {
    !matches!(token.token, Token::Whitespace(_))
}

fn keyword(text: &str, keyword: Keyword) -> Token {
    Token::Word(Word { value: text.to_owned(), quote_style: None, keyword })
}

/// Drops a tree with a long chain of set operations without a level of the stack for each.
fn dismantle(ast: Ast) {
    if let Ast::Query(query) = ast {
        let Query { body, .. } = *query;
        let mut bodies = vec![*body];
        while let Some(body) = bodies.pop() {
            if let SetExpr::SetOperation { left, right, .. } = body {
                bodies.extend([*left, *right]);
            }
        }
    }
}

/// The parser's tokens, lexeme by lexeme, where it cannot read the text as a whole.
fn piecewise(text: &str, lexemes: &[Lexeme], dialect: Dialect) -> Vec<TokenWithSpan> {
    let first = lexemes.first().map_or(Position::START, |lexeme| lexeme.position);
    let mut tokens = Vec::with_capacity(lexemes.len());
    for lexeme in lexemes {
        let position = lexeme.position;
        let line = position.line - first.line + 1;
        let column = if line == 1 { position.column - first.column + 1 } else { position.column };
        let at = Location::new(u64::from(line), u64::from(column));
        let written = lexeme.text(text);
        if lexeme.kind == LexemeKind::Hint {
            continue;
        }
        match Tokenizer::new(dialect.grammar(), written).tokenize() {
            Ok(read) => tokens.extend(read.into_iter().map(|token| TokenWithSpan::new(token, Span::new(at, at)))),
            Err(_) => tokens.push(TokenWithSpan::new(Token::make_word(written, None), Span::new(at, at))),
        }
    }
    tokens
}

fn failed(error: &ParserError, parser: &Parser<'_>, origin: Origin) -> Failure {
    let detail = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.clone(),
        ParserError::RecursionLimitExceeded => "nested too deep".to_owned(),
    };
    // The parser appends the place of the token where it gave up.
    let place = detail.rsplit_once(" at Line: ").and_then(|(_, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some(origin.place(Location::new(line.parse().ok()?, column.trim().parse().ok()?)))
    });
    let token = parser.peek_token_ref();
    let position = place.unwrap_or_else(|| origin.place(token.span.start));
    let detail = detail.rsplit_once(" at Line: ").map_or(detail.as_str(), |(said, _)| said).to_owned();
    Failure { position: Some(position), detail }
}

fn not_parsed(words: &Words<'_>, statement: &Statement, failure: &Failure) -> Diagnostic {
    let leading: Vec<&str> = words.lexemes.iter().take(2).map(|lexeme| lexeme.text(words.text)).collect();
    let mut what = leading.join(" ").to_uppercase();
    if let Some(target) = statement.targets.first() {
        what = format!("{what} … {target}");
    }
    let what: String = what.chars().take(80).collect();
    let detail: String = failure.detail.chars().take(200).collect();
    let message =
        format!("the statement `{what}` was not understood; its relations were found word by word ({detail})");
    Diagnostic::warning("sql-not-parsed", message)
        .at(failure.position.unwrap_or(statement.position))
        .hint("every column of the relations that it names counts as read; check the dialect, or report the syntax")
}

/// The variable whose value begins behind these words: `x := …`, `LET x INT DEFAULT …`.
fn assigned_before(words: &Words<'_>) -> Option<String> {
    const LONGEST_TYPE: usize = 8;
    let last = words.lexemes.len().checked_sub(1)?;
    if words.at(last) != ":=" && !words.is(last, "DEFAULT") {
        return None;
    }
    let begins = |index: usize| {
        words.at(index) == ";"
            || words.is_any(index, &["BEGIN", "THEN", "ELSE", "LOOP", "DO", "DECLARE", "LET", "AS", "IS"])
    };
    let before = (last.saturating_sub(LONGEST_TYPE)..last).rev().find(|index| begins(*index));
    variables::key(words.at(before.map_or(0, |before| before + 1)))
}

/// Whether the words of a query stand anywhere.
fn has_relation(words: &Words<'_>) -> bool {
    (0..words.lexemes.len()).any(|index| words.is_any(index, &["SELECT", "FROM", "TABLE", "JOIN"]))
}

/// The content of a string literal, and how many characters open it.
fn unquote(literal: &str) -> (String, u32) {
    if let Some(rest) = literal.strip_prefix('$')
        && let Some(tag) = rest.find('$')
    {
        let delimiter = tag + 2;
        let body = literal.get(delimiter..literal.len().saturating_sub(delimiter)).unwrap_or("");
        return (body.to_owned(), u32::try_from(delimiter).unwrap_or(0));
    }
    let prefix = literal.find(['\'', '"']).unwrap_or(0);
    let body = &literal[prefix..];
    for quotes in ["'''", "\"\"\"", "'", "\""] {
        if body.len() >= 2 * quotes.len() && body.starts_with(quotes) && body.ends_with(quotes) {
            let inner = &body[quotes.len()..body.len() - quotes.len()];
            let opening = u32::try_from(prefix + quotes.len()).unwrap_or(0);
            return (inner.replace("''", "'").replace("\\'", "'"), opening);
        }
    }
    (literal.to_owned(), 0)
}
