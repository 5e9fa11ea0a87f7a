//! How deep the tree of a statement can become, told from its lexemes before it is parsed: building
//! and dropping a tree takes a level of the stack for each of its own.

use super::lexer::{Lexeme, LexemeKind};

/// Brackets, CASEs and NOTs inside one another; dropping a deeper tree could overflow the stack.
pub(super) const MAX_DEPTH: usize = 400;
/// Set operations or operators in a row, each of which is a level of the tree.
const MAX_HEIGHT: usize = 20_000;
/// Past these a statement is parsed on a stack of its own.
const ORDINARY_DEPTH: usize = 16;
const ORDINARY_HEIGHT: usize = 300;
/// So many lexemes without a comma are taken for an operator in a row, in case one of them is an
/// operator that is not known here.
const LEXEMES_PER_OPERATOR: usize = 8;
/// About how many bytes the parser's tree takes for a lexeme, and besides for a SELECT and a call.
const OF_LEXEME: usize = 500;
const OF_SELECT: usize = 12_000;
const OF_CALL: usize = 2_000;
/// Beyond so many a statement is scanned.
const MAX_MEMORY: usize = 700_000_000;

/// How deep a statement is, before it is parsed.
pub(super) enum Measured {
    Ordinary,
    Deep,
    TooDeep(&'static str),
}

/// Words that take the expression before them for their left side.
const OPERATORS: [&str; 20] = [
    "AND", "OR", "XOR", "IS", "IN", "LIKE", "BETWEEN", "ILIKE", "RLIKE", "REGEXP", "SIMILAR", "GLOB", "MATCH",
    "MEMBER", "AT", "COLLATE", "OVERLAPS", "OPERATOR", "DIV", "ISNULL",
];

/// What is open between two brackets.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    /// Operators in a row: each has those before it inside it.
    chain: usize,
    /// How many lexemes there are in that row.
    run: usize,
    /// The height of the highest brackets in the row.
    below: usize,
    /// The same three for the rows that a comma has ended.
    highest: usize,
    longest_run: usize,
    /// Joins that still lack their condition.
    joins: usize,
    /// PIVOTs and their kin in a row: each has those before it inside it.
    reshaping: usize,
}

impl Level {
    /// What follows is no part of the expression before it.
    fn end_chain(&mut self) {
        self.highest = self.highest.max(self.chain + self.below);
        (self.chain, self.below) = (0, 0);
    }

    fn end_row(&mut self) {
        self.end_chain();
        self.longest_run = self.longest_run.max(self.run);
        self.run = 0;
    }
}

/// The levels that are open.
struct Levels {
    around: Vec<Level>,
    inner: Level,
    /// The joins and PIVOTs of all of them.
    pending: usize,
    longest_run: usize,
}

impl Levels {
    fn open(&mut self) {
        self.around.push(std::mem::take(&mut self.inner));
    }

    fn close(&mut self) {
        if let Some(outer) = self.around.pop() {
            self.settle();
            self.inner.end_row();
            let closed = std::mem::replace(&mut self.inner, outer);
            self.longest_run = self.longest_run.max(closed.longest_run);
            self.inner.below = self.inner.below.max(closed.highest + 1);
        }
    }

    /// No join is pending any longer.
    fn settle(&mut self) {
        self.end_item();
        self.pending -= std::mem::take(&mut self.inner.joins);
    }

    /// Another item of FROM follows.
    fn end_item(&mut self) {
        self.pending -= std::mem::take(&mut self.inner.reshaping);
    }
}

/// Says how deep the tree of these lexemes can become.
pub(super) fn measure(text: &str, lexemes: &[Lexeme]) -> Measured {
    let mut memory = lexemes.len() * OF_LEXEME;
    let mut levels = Levels { around: Vec::new(), inner: Level::default(), pending: 0, longest_run: 0 };
    let (mut cases, mut deepest, mut unary, mut unions) = (0_usize, 0, 0_usize, 0_usize);
    let (mut before, mut kind_before) = ("", LexemeKind::Punctuation);
    for lexeme in lexemes {
        let mut prefix = false;
        let said = lexeme.text(text);
        levels.inner.run += 1;
        match lexeme.kind {
            LexemeKind::Punctuation => match said {
                "(" | "[" | "{" => {
                    if kind_before == LexemeKind::Word {
                        memory += OF_CALL;
                    }
                    levels.inner.chain += usize::from(said == "[");
                    levels.open();
                }
                ")" | "]" | "}" => levels.close(),
                "," | ";" => {
                    levels.inner.end_row();
                    levels.end_item();
                }
                "." => {}
                "-" | "+" | "~" | "!" | "<" => {
                    prefix = true;
                    levels.inner.chain += 1;
                }
                _ => levels.inner.chain += 1,
            },
            LexemeKind::Word => {
                let is = |wanted: &str| said.eq_ignore_ascii_case(wanted);
                if is("CASE") {
                    cases += 1;
                } else if is("END") {
                    cases = cases.saturating_sub(1);
                } else if is("NOT") || is("ARRAY") || is("STRUCT") {
                    prefix = true;
                } else if is("EXPLAIN") || is("PREPARE") || is("BEGIN") {
                    // Each holds the statement that follows.
                    cases += 1;
                } else if is("ON") || is("USING") {
                    if levels.inner.joins > 0 {
                        levels.inner.joins -= 1;
                        levels.pending -= 1;
                    }
                } else if is("JOIN") {
                    levels.inner.end_chain();
                    levels.end_item();
                    // `a JOIN b JOIN c ON … ON …` nests; one with its condition at once does not.
                    if !["CROSS", "NATURAL"].iter().any(|alone| before.eq_ignore_ascii_case(alone)) {
                        levels.inner.joins += 1;
                        levels.pending += 1;
                    }
                } else if is("PIVOT") || is("UNPIVOT") || is("MATCH_RECOGNIZE") {
                    levels.inner.reshaping += 1;
                    levels.pending += 1;
                } else if is("SELECT") || is("WHERE") {
                    if is("SELECT") {
                        memory += OF_SELECT;
                    }
                    levels.inner.end_chain();
                    levels.settle();
                } else if is("WHEN") || is("THEN") || is("ELSE") {
                    levels.inner.end_chain();
                } else if is("UNION") || is("EXCEPT") || is("INTERSECT") || is("MINUS") {
                    unions += 1;
                } else if OPERATORS.iter().any(|operator| is(operator)) {
                    levels.inner.chain += 1;
                }
            }
            _ => {}
        }
        (before, kind_before) = (said, lexeme.kind);
        unary = if prefix { unary + 1 } else { 0 };
        deepest = deepest.max(levels.around.len() + 1 + cases + unary + levels.pending);
    }
    while !levels.around.is_empty() {
        levels.close();
    }
    levels.inner.end_row();
    let height = levels.inner.highest.max(unions);
    let run = levels.longest_run.max(levels.inner.longest_run);
    if memory > MAX_MEMORY {
        Measured::TooDeep("it is too large")
    } else if deepest > MAX_DEPTH {
        Measured::TooDeep("it is nested too deep")
    } else if height > MAX_HEIGHT {
        Measured::TooDeep("it has too many operators in a row")
    } else if deepest > ORDINARY_DEPTH || height.max(run / LEXEMES_PER_OPERATOR) > ORDINARY_HEIGHT {
        Measured::Deep
    } else {
        Measured::Ordinary
    }
}
