//! A parsed statement as the query IR: blocks, expressions and what becomes of the rows. It keeps
//! every expression and every query of the statement; it must not know any schema, so it binds no
//! column and expands no star.
//!
//! Scopes follow [`super::extract`], which says what a statement reads: a name in FROM is a CTE here
//! exactly if it is one there. Parts are lowered before wholes, FROM before what uses it.

use sqlparser::ast::{self, Ident, ObjectName, Statement as Ast};
use sqlparser::tokenizer::Location;

use super::extract::Place;
use super::names::{Origin, column, quoting};
use super::rewrite::{Kept, Notes};
use super::variables::Variables;
use crate::diagnostic::Position;
use crate::dialect::{Dialect, QuotedDots};
use crate::hashing::HashMap;
use crate::name::{Quoting, RelationName};
use crate::query::tree::{BlockId, Expr, ExprId, LiteralKind, Path, Symbol, Text, TreeBuilder};
use crate::query::{Output, Queries};

mod access;
mod change;
mod expr;
mod from;
mod function;
mod operator;
mod pipe;
mod query;
mod select;
mod start;
mod statement;
mod variable;

#[cfg(test)]
mod tests;

/// The queries of a statement; `None` if it has none, or one that is not understood to the end.
pub(super) fn lower<'a>(
    ast: &'a Ast,
    dialect: Dialect,
    origin: Origin,
    place: Place,
    notes: &'a Notes,
    variables: Variables<'a>,
) -> Option<Queries> {
    if notes.kept == Kept::Relations {
        return None;
    }
    let mut lowering = Lowering {
        dialect,
        origin,
        place,
        notes,
        variables,
        build: TreeBuilder::new(dialect),
        symbols: HashMap::default(),
        scopes: Vec::new(),
        ctes: Vec::new(),
        renamed: Vec::new(),
        proposed: None,
        awaited: 0,
        built: Vec::new(),
        outputs: Vec::new(),
        refused: Refused::No,
    };
    lowering.statement(ast);
    lowering.repeat_in_loops();
    let Lowering { build, outputs, refused, .. } = lowering;
    (refused == Refused::No && !outputs.is_empty()).then(|| Queries { tree: build.finish(), outputs })
}

/// Whether something was met that the IR cannot say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    No,
    Yes,
}

/// A scope in which names are visible.
enum Scope {
    /// The CTEs of a query, by name.
    Ctes(HashMap<Symbol, usize>),
    /// The names of the FROM items of a SELECT so far, and how many derived tables that see none of
    /// them surround what is being lowered.
    Items { names: Vec<Symbol>, hidden: usize },
}

/// A CTE, and how far it is lowered.
struct Cte<'a> {
    ast: &'a ast::Cte,
    state: CteState,
}

#[derive(Clone, Copy)]
enum CteState {
    /// Under WITH RECURSIVE a CTE can be named before its own query stands.
    Waiting,
    /// Its query is being lowered; the stand-in is there as soon as it refers to itself.
    Open(Option<BlockId>),
    Done(BlockId),
}

struct Lowering<'a> {
    dialect: Dialect,
    origin: Origin,
    place: Place,
    notes: &'a Notes,
    variables: Variables<'a>,
    build: TreeBuilder,
    /// Every spelling is folded once.
    symbols: HashMap<(&'a str, Quoting), Symbol>,
    scopes: Vec<Scope>,
    ctes: Vec<Cte<'a>>,
    /// Qualifiers that mean another, and in how many SELECTs: `inserted` and `deleted` mean the table
    /// that is changed.
    renamed: Vec<(Symbol, Symbol, usize)>,
    /// Where `VALUES(a)` of MySQL finds its column.
    proposed: Option<Symbol>,
    /// How many CTEs are being lowered because an earlier one names them.
    awaited: usize,
    /// What SELECT … INTO builds.
    built: Vec<RelationName>,
    outputs: Vec<Output>,
    refused: Refused,
}

impl<'a> Lowering<'a> {
    fn place_of(&self, location: Location) -> Position {
        self.origin.place(location)
    }

    fn symbol(&mut self, ident: &'a Ident) -> Symbol {
        let key = (ident.value.as_str(), quoting(ident));
        if let Some(symbol) = self.symbols.get(&key) {
            return *symbol;
        }
        let symbol = self.build.symbol(column(self.dialect, ident));
        self.symbols.insert(key, symbol);
        symbol
    }

    fn symbols(&mut self, idents: impl IntoIterator<Item = &'a Ident>) -> Vec<Symbol> {
        idents.into_iter().map(|ident| self.symbol(ident)).collect()
    }

    /// The parts of a dotted name. A quoted part of BigQuery may hold several: `` `shop.orders`.id ``.
    fn path_symbols(&mut self, idents: impl IntoIterator<Item = &'a Ident>) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        for ident in idents {
            let splits = ident.quote_style.is_some() && self.dialect.quoted_dots() == QuotedDots::Split;
            if splits && ident.value.contains('.') {
                symbols.extend(ident.value.split('.').map(|part| self.made_up(part, Quoting::Quoted)));
            } else {
                symbols.push(self.symbol(ident));
            }
        }
        symbols
    }

    /// A name that the statement does not spell as one: a field in a path, a column that an engine
    /// makes up.
    fn made_up(&mut self, name: &'a str, quoting: Quoting) -> Symbol {
        if let Some(symbol) = self.symbols.get(&(name, quoting)) {
            return *symbol;
        }
        let symbol = self.build.symbol(crate::name::ColumnName::new(self.dialect, name, quoting));
        self.symbols.insert((name, quoting), symbol);
        symbol
    }

    /// The last part of a name.
    fn last_symbol(&mut self, name: &'a ObjectName) -> Option<Symbol> {
        let ident = name.0.last().and_then(|part| part.as_ident())?;
        Some(self.symbol(ident))
    }

    fn path(&mut self, name: &'a ObjectName) -> Path {
        let symbols = self.symbols(name.0.iter().filter_map(|part| part.as_ident()));
        self.path_of(symbols)
    }

    /// In how many SELECTs what is being lowered stands.
    fn depth(&self) -> usize {
        self.scopes.iter().filter(|scope| matches!(scope, Scope::Items { .. })).count()
    }

    fn path_of(&mut self, mut symbols: Vec<Symbol>) -> Path {
        if let [qualifier, ..] = symbols.as_mut_slice()
            && !self.renamed.is_empty()
            && let depth = self.depth()
            && let Some((_, meant, _)) =
                self.renamed.iter().rev().find(|(written, _, at)| written == qualifier && *at == depth)
        {
            *qualifier = *meant;
        }
        self.build.path_of(&symbols)
    }

    fn text(&mut self, text: &str) -> Text {
        self.build.text(text)
    }

    /// A text in lower case.
    fn lower_text(&mut self, text: &str) -> Text {
        if text.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
            self.build.text(&text.to_lowercase())
        } else {
            self.build.text(text)
        }
    }

    fn apply(&mut self, operator: &str, args: &[ExprId]) -> ExprId {
        let operator = self.build.text(operator);
        let args = self.build.list(args);
        self.build.expr(Expr::Apply(operator, args))
    }

    fn literal(&mut self, kind: LiteralKind, text: &str) -> ExprId {
        let text = self.build.text(text);
        self.build.expr(Expr::Literal(kind, text))
    }

    /// A word of the grammar that stands among arguments, such as the field of EXTRACT.
    fn word(&mut self, word: &str) -> ExprId {
        let text = self.lower_text(word);
        self.build.expr(Expr::Literal(LiteralKind::String, text))
    }

    fn refuse(&mut self) {
        self.refused = Refused::Yes;
    }
}
