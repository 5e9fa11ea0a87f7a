//! GROUP BY: the keys of all grouping sets, and which sets there are, spelled by the numbers of the
//! keys: `1, rollup (2, 3)`.

use sqlparser::ast::{Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, GroupByWithModifier};

use super::super::Lowering;
use crate::query::block::{GroupBy, GroupingSets};
use crate::query::tree::ExprId;

/// Beyond so many keys a key that stands twice is not looked for.
const MAX_COMPARED: usize = 64;

/// The keys so far, and the grouping as it is spelled.
#[derive(Default)]
struct Keys<'a> {
    asts: Vec<&'a Ast>,
    lowered: Vec<ExprId>,
    spelled: String,
    several: Sets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Sets {
    #[default]
    One,
    Several,
}

impl<'a> Lowering<'a> {
    pub(super) fn group_by(&mut self, ast: &'a GroupByExpr) -> GroupBy {
        let (exprs, modifiers) = match ast {
            GroupByExpr::All(modifiers) => {
                // Of keys that are not written it cannot be said how they are rolled up.
                if !modifiers.is_empty() {
                    self.refuse();
                }
                return GroupBy::All;
            }
            GroupByExpr::Expressions(exprs, modifiers) => (exprs, modifiers),
        };
        if exprs.is_empty() && modifiers.is_empty() {
            return GroupBy::None;
        }
        let mut keys = Keys::default();
        for expr in exprs {
            self.element(expr, &mut keys);
        }
        for modifier in modifiers {
            match modifier {
                GroupByWithModifier::Rollup => keys.sets(" with rollup"),
                GroupByWithModifier::Cube => keys.sets(" with cube"),
                GroupByWithModifier::Totals => keys.sets(" with totals"),
                GroupByWithModifier::GroupingSets(Ast::GroupingSets(sets)) => {
                    self.key_sets(" with grouping sets (", sets, &mut keys);
                }
                GroupByWithModifier::GroupingSets(sets) => self.element(sets, &mut keys),
            }
        }
        let Keys { lowered, spelled, several, .. } = keys;
        let keys = self.build.list(&lowered);
        let sets = match several {
            Sets::One => GroupingSets::Plain,
            Sets::Several => GroupingSets::Several(self.text(&spelled)),
        };
        GroupBy::Keys { keys, sets }
    }

    fn element(&mut self, expr: &'a Ast, keys: &mut Keys<'a>) {
        if !keys.spelled.is_empty() {
            keys.spelled.push_str(", ");
        }
        match expr {
            Ast::Rollup(sets) => self.key_sets("rollup (", sets, keys),
            Ast::Cube(sets) => self.key_sets("cube (", sets, keys),
            Ast::GroupingSets(sets) => self.key_sets("grouping sets (", sets, keys),
            Ast::Function(function) if Self::is_function(&function.name, &["rollup", "cube"]) => {
                let FunctionArguments::List(list) = &function.args else { return };
                keys.sets(&function.name.to_string().to_lowercase());
                keys.spelled.push_str(" (");
                for (index, arg) in list.args.iter().enumerate() {
                    if index > 0 {
                        keys.spelled.push_str(", ");
                    }
                    if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg {
                        self.key(expr, keys);
                    }
                }
                keys.spelled.push(')');
            }
            _ => self.key(expr, keys),
        }
    }

    fn key_sets(&mut self, opening: &str, sets: &'a [Vec<Ast>], keys: &mut Keys<'a>) {
        keys.sets(opening);
        for (index, set) in sets.iter().enumerate() {
            if index > 0 {
                keys.spelled.push_str(", ");
            }
            keys.spelled.push('(');
            for (index, expr) in set.iter().enumerate() {
                if index > 0 {
                    keys.spelled.push_str(", ");
                }
                self.element_key(expr, keys);
            }
            keys.spelled.push(')');
        }
        keys.spelled.push(')');
    }

    /// One key; those of a tuple are keys each.
    fn key(&mut self, expr: &'a Ast, keys: &mut Keys<'a>) {
        match expr {
            Ast::Tuple(exprs) => {
                keys.spelled.push('(');
                for (index, expr) in exprs.iter().enumerate() {
                    if index > 0 {
                        keys.spelled.push_str(", ");
                    }
                    self.element_key(expr, keys);
                }
                keys.spelled.push(')');
            }
            _ => self.element_key(expr, keys),
        }
    }

    fn element_key(&mut self, expr: &'a Ast, keys: &mut Keys<'a>) {
        let compared = keys.asts.len() <= MAX_COMPARED && keys.several == Sets::Several;
        let known = if compared { keys.asts.iter().position(|known| *known == expr) } else { None };
        let number = known.unwrap_or(keys.asts.len());
        if known.is_none() {
            keys.asts.push(expr);
            let lowered = self.expr(expr);
            keys.lowered.push(lowered);
        }
        keys.spelled.push_str(&(number + 1).to_string());
    }
}

impl Keys<'_> {
    fn sets(&mut self, words: &str) {
        self.several = Sets::Several;
        self.spelled.push_str(words);
    }
}
