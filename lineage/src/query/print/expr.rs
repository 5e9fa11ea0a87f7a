//! Expressions as text, without a level of the stack for each of theirs.

use std::borrow::Cow;

use super::Printer;
use crate::query::tree::{
    CastMode, Clauses, Direction, Expr, ExprId, LiteralKind, Negation, NullsAt, Path, SortKey, SubqueryKind, Window,
};

/// What is still to be written, last first.
enum Piece<'t> {
    Expr(ExprId),
    Text(Cow<'t, str>),
    Clauses(&'t Clauses),
}

impl<'t> Printer<'t> {
    pub(super) fn path(&mut self, path: Path) {
        for (index, part) in self.tree.path(path).iter().enumerate() {
            if index > 0 {
                self.text.push('.');
            }
            self.symbol(*part);
        }
    }

    pub(super) fn expr(&mut self, expr: ExprId) {
        let mut pending = vec![Piece::Expr(expr)];
        while let Some(piece) = pending.pop() {
            match piece {
                Piece::Text(text) => self.text.push_str(&text),
                Piece::Expr(expr) => self.step(expr, &mut pending),
                Piece::Clauses(clauses) => self.clauses(clauses),
            }
        }
    }

    fn step(&mut self, expr: ExprId, pending: &mut Vec<Piece<'t>>) {
        let tree = self.tree;
        match tree.expr(expr) {
            Expr::Column(path, _) => self.path(*path),
            Expr::Star(path) => {
                if let Some(path) = path {
                    self.path(*path);
                    self.text.push('.');
                }
                self.text.push('*');
            }
            Expr::Literal(LiteralKind::String, text) => {
                self.text.push_str(&format!("'{}'", tree.text(*text).replace('\'', "''")));
            }
            Expr::Literal(_, text) | Expr::Parameter(text) => self.text.push_str(tree.text(*text)),
            Expr::Apply(name, args) => {
                pending.push(Piece::Text(Cow::Borrowed(")")));
                for arg in tree.list(*args).iter().rev() {
                    pending.push(Piece::Expr(*arg));
                    pending.push(Piece::Text(Cow::Borrowed(" ")));
                }
                pending.push(Piece::Text(Cow::Owned(format!("({}", tree.text(*name)))));
            }
            Expr::Call { function, args, clauses } => {
                pending.push(Piece::Text(Cow::Borrowed(")")));
                if let Some(clauses) = clauses {
                    pending.push(Piece::Clauses(clauses));
                }
                separated(pending, tree.list(*args));
                let distinct = clauses.as_ref().is_some_and(|clauses| clauses.distinct);
                let opening = if distinct { "(distinct " } else { "(" };
                pending.push(Piece::Text(Cow::Borrowed(opening)));
                pending.push(Piece::Text(Cow::Borrowed(tree.text(*function))));
            }
            Expr::Case { operand, branches, otherwise } => {
                pending.push(Piece::Text(Cow::Borrowed(")")));
                if let Some(otherwise) = otherwise {
                    pending.push(Piece::Expr(*otherwise));
                    pending.push(Piece::Text(Cow::Borrowed(" else ")));
                }
                for pair in tree.list(*branches).rchunks(2) {
                    for (expr, word) in pair.iter().zip([" when ", " then "]).rev() {
                        pending.push(Piece::Expr(*expr));
                        pending.push(Piece::Text(Cow::Borrowed(word)));
                    }
                }
                if let Some(operand) = operand {
                    pending.push(Piece::Expr(*operand));
                    pending.push(Piece::Text(Cow::Borrowed(" ")));
                }
                pending.push(Piece::Text(Cow::Borrowed("(case")));
            }
            Expr::Cast { expr, data_type, mode } => {
                pending.push(Piece::Text(Cow::Owned(format!(" as {})", tree.text(*data_type)))));
                pending.push(Piece::Expr(*expr));
                pending.push(Piece::Text(Cow::Borrowed(match mode {
                    CastMode::Strict => "cast(",
                    CastMode::Try => "try_cast(",
                })));
            }
            Expr::Field(expr, field) => {
                pending.push(Piece::Text(Cow::Owned(format!(":{}", tree.name(*field)))));
                pending.push(Piece::Expr(*expr));
            }
            Expr::Index(expr, index) => {
                pending.push(Piece::Text(Cow::Borrowed("]")));
                pending.push(Piece::Expr(*index));
                pending.push(Piece::Text(Cow::Borrowed("[")));
                pending.push(Piece::Expr(*expr));
            }
            Expr::Subquery { kind, operand, block } => {
                let number = self.numbers.get(block).map_or("#?".to_owned(), |number| format!("#{number}"));
                pending.push(Piece::Text(Cow::Owned(format!("{number})"))));
                if let Some(operand) = operand {
                    pending.push(Piece::Text(Cow::Borrowed(" ")));
                    pending.push(Piece::Expr(*operand));
                }
                pending.push(Piece::Text(match kind {
                    SubqueryKind::Scalar => Cow::Borrowed("("),
                    SubqueryKind::Exists(Negation::Plain) => Cow::Borrowed("(exists "),
                    SubqueryKind::Exists(Negation::Negated) => Cow::Borrowed("(not exists "),
                    SubqueryKind::In(Negation::Plain) => Cow::Borrowed("(in "),
                    SubqueryKind::In(Negation::Negated) => Cow::Borrowed("(not in "),
                    SubqueryKind::Compared(name) => Cow::Owned(format!("({} ", tree.text(*name))),
                    SubqueryKind::Array => Cow::Borrowed("(rows "),
                }));
            }
            Expr::Lambda(parameters, body) => {
                self.text.push('(');
                for parameter in tree.path(*parameters) {
                    self.symbol(*parameter);
                    self.text.push(' ');
                }
                self.text.push_str("-> ");
                pending.push(Piece::Text(Cow::Borrowed(")")));
                pending.push(Piece::Expr(*body));
            }
            Expr::Named(name, expr) => {
                self.symbol(*name);
                self.text.push_str(": ");
                pending.push(Piece::Expr(*expr));
            }
        }
    }

    fn clauses(&mut self, clauses: &Clauses) {
        if !clauses.order_by.is_empty() {
            self.text.push_str(" order by ");
            self.sort_keys(&clauses.order_by);
        }
        if let Some(filter) = clauses.filter {
            self.text.push_str(" filter ");
            self.expr(filter);
        }
        if let Some(modifiers) = clauses.modifiers {
            self.text.push_str(&format!(" [{}", self.tree.text(modifiers)));
            for arg in self.tree.list(clauses.modifier_args) {
                self.text.push(' ');
                self.expr(*arg);
            }
            self.text.push(']');
        }
        if let Some(window) = &clauses.over {
            self.text.push_str(" over (");
            self.window(window);
            self.text.push(')');
        }
    }

    pub(super) fn window(&mut self, window: &Window) {
        if let Some(base) = window.base {
            self.symbol(base);
        }
        if !window.partition_by.is_empty() {
            self.word("partition by ");
            self.list(window.partition_by);
        }
        if !window.order_by.is_empty() {
            self.word("order by ");
            self.sort_keys(&window.order_by);
        }
        if let Some(frame) = window.frame {
            self.word(self.tree.text(frame));
        }
        if !window.frame_args.is_empty() {
            self.word("bounds ");
            self.list(window.frame_args);
        }
    }

    pub(super) fn sort_keys(&mut self, keys: &[SortKey]) {
        for (index, key) in keys.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.expr(key.expr);
            if key.direction == Direction::Descending {
                self.text.push_str(" desc");
            }
            match key.nulls {
                None => {}
                Some(NullsAt::First) => self.text.push_str(" nulls first"),
                Some(NullsAt::Last) => self.text.push_str(" nulls last"),
            }
        }
    }
}

fn separated(pending: &mut Vec<Piece<'_>>, args: &[ExprId]) {
    for (index, arg) in args.iter().enumerate().rev() {
        pending.push(Piece::Expr(*arg));
        if index > 0 {
            pending.push(Piece::Text(Cow::Borrowed(", ")));
        }
    }
}
