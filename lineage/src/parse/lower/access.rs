//! Fields and elements: dotted names, `payload:a.b`, `a[0].c`. It must not know which part of a
//! dotted name is a relation, a column or a field.

use sqlparser::ast::{AccessExpr, Expr as Ast, Ident, JsonPath, JsonPathElem, Subscript};

use super::Lowering;
use crate::dialect::Dialect;
use crate::name::Quoting;
use crate::query::tree::{Expr, ExprId, LiteralKind};

/// The name that a step of an access is.
fn step(access: &AccessExpr) -> Option<&Ident> {
    match access {
        AccessExpr::Dot(Ast::Identifier(ident)) => Some(ident),
        _ => None,
    }
}

/// Whether an access to it begins with a dotted name: `a.b[0]`.
pub(super) const fn is_path(root: &Ast) -> bool {
    matches!(root, Ast::Identifier(_) | Ast::CompoundIdentifier(_))
}

impl<'a> Lowering<'a> {
    /// An access that begins with a dotted name.
    pub(super) fn path_access(&mut self, root: &'a Ast, chain: &'a [AccessExpr]) -> ExprId {
        let idents: &[Ident] = match root {
            Ast::Identifier(ident) => std::slice::from_ref(ident),
            Ast::CompoundIdentifier(idents) => idents,
            _ => &[],
        };
        let steps = chain.iter().map_while(step).count();
        // Where functions are not methods, the dotted name is the name of the function.
        if !matches!(self.dialect, Dialect::DuckDb | Dialect::TSql)
            && let Some(AccessExpr::Dot(Ast::Function(function))) = chain.get(steps)
        {
            let spaces: Vec<&Ident> = idents.iter().chain(chain[..steps].iter().filter_map(step)).collect();
            let call = self.call_within(&spaces, function);
            return self.accesses(call, &chain[steps + 1..]);
        }
        let mut symbols = self.path_symbols(idents);
        symbols.extend(chain[..steps].iter().filter_map(step).map(|ident| self.symbol(ident)).collect::<Vec<_>>());
        let path = self.build.path_of(&symbols);
        let place = idents.first().map_or(self.origin.0, |ident| self.place_of(ident.span.start));
        let column = self.build.expr(Expr::Column(path, place));
        self.accesses(column, &chain[steps..])
    }

    /// What is reached from an expression step by step.
    pub(super) fn accesses(&mut self, mut expr: ExprId, chain: &'a [AccessExpr]) -> ExprId {
        for access in chain {
            expr = match access {
                AccessExpr::Dot(Ast::Identifier(ident)) => {
                    let field = self.symbol(ident);
                    self.build.expr(Expr::Field(expr, field))
                }
                // `name.upper()` is `upper(name)`.
                AccessExpr::Dot(Ast::Function(function)) => self.method(expr, function),
                AccessExpr::Dot(other) => {
                    let other = self.expr(other);
                    self.apply(".", &[expr, other])
                }
                AccessExpr::Subscript(subscript) => self.subscript(expr, subscript),
            };
        }
        expr
    }

    fn subscript(&mut self, expr: ExprId, subscript: &'a Subscript) -> ExprId {
        match subscript {
            Subscript::Index { index } => {
                let index = self.expr(index);
                self.build.expr(Expr::Index(expr, index))
            }
            Subscript::Slice { lower_bound, upper_bound, stride } => {
                let mut parts = vec![expr];
                for bound in [lower_bound, upper_bound, stride] {
                    parts.push(match bound {
                        Some(bound) => self.expr(bound),
                        None => self.literal(LiteralKind::Null, "null"),
                    });
                }
                self.apply("slice", &parts)
            }
        }
    }

    /// `payload:a.b[0]`; the keys of such a path are exact wherever the dialect has exact names.
    pub(super) fn json_path(&mut self, mut expr: ExprId, path: &'a JsonPath) -> ExprId {
        for elem in &path.path {
            expr = match elem {
                JsonPathElem::Dot { key, .. } => {
                    let field = self.made_up(key, Quoting::Quoted);
                    self.build.expr(Expr::Field(expr, field))
                }
                JsonPathElem::Bracket { key } | JsonPathElem::ColonBracket { key } => {
                    let key = self.expr(key);
                    self.build.expr(Expr::Index(expr, key))
                }
            };
        }
        expr
    }
}
