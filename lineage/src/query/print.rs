//! Queries as compact text, for people who want to see how a statement was understood: one line a
//! block, parts before wholes, then what becomes of the rows. It must not know what names refer to.
//!
//! `SELECT a FROM t WHERE x IN (SELECT y FROM u)` is
//!
//! ```text
//! #0 select y from u
//! #1 select a from t where (in x #0)
//! return #1
//! ```

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::block::{
    Block, BlockKind, Distinct, Duplicates, FromItem, GroupBy, GroupingSets, JoinCondition, JoinKind, Lateral,
    Matching, Projection, ProjectionKind, RowShape, RowsPerMatch, Select, SetOperation, SetOperator, Source, Star,
    StarPattern, UnnestOutput, UnpivotNulls,
};
use super::tree::{BlockId, Expr, ExprId, List, Symbol, Tree};
use super::{Action, Output, Queries};

mod expr;

impl fmt::Display for Queries {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reached = self.tree.reachable(self.outputs.iter().map(|output| output.block));
        let numbers = reached.iter().enumerate().map(|(number, block)| (*block, number)).collect();
        let mut printer = Printer { tree: &self.tree, numbers, text: String::new() };
        for block in reached {
            printer.reference(block);
            printer.text.push(' ');
            printer.block(self.tree.block(block));
            printer.text.push('\n');
        }
        for (index, output) in self.outputs.iter().enumerate() {
            if index > 0 {
                printer.text.push('\n');
            }
            printer.output(output);
        }
        out.write_str(&printer.text)
    }
}

/// The text of one block, and the blocks that it refers to, by their numbers in it.
pub(crate) fn block_text(tree: &Tree, block: BlockId) -> (String, Vec<BlockId>) {
    let mut children = tree.block_parts(block).blocks;
    let mut exprs = tree.block_parts(block).exprs;
    while let Some(expr) = exprs.pop() {
        if let Expr::Subquery { block, .. } = tree.expr(expr) {
            children.push(*block);
        }
        tree.add_parts(expr, &mut exprs);
    }
    let numbers: BTreeMap<BlockId, usize> =
        children.iter().enumerate().rev().map(|(number, block)| (*block, number)).collect();
    let mut printer = Printer { tree, numbers, text: String::new() };
    // What a CTE is called does not matter; the names of its columns are no part of its text.
    printer.block(&Block { name: None, ..tree.block(block).clone() });
    (printer.text, children)
}

struct Printer<'t> {
    tree: &'t Tree,
    /// Blocks that nothing leads to have no number.
    numbers: BTreeMap<BlockId, usize>,
    text: String,
}

impl Printer<'_> {
    fn word(&mut self, word: &str) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '(', '\n']) {
            self.text.push(' ');
        }
        self.text.push_str(word);
    }

    fn reference(&mut self, block: BlockId) {
        match self.numbers.get(&block) {
            Some(number) => drop(write!(self.text, "#{number}")),
            None => self.text.push_str("#?"),
        }
    }

    fn symbol(&mut self, symbol: Symbol) {
        self.text.push_str(self.tree.name(symbol).as_str());
    }

    fn names(&mut self, symbols: &[Symbol]) {
        self.text.push('(');
        for (index, symbol) in symbols.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.symbol(*symbol);
        }
        self.text.push(')');
    }

    fn list(&mut self, list: List) {
        for (index, expr) in self.tree.list(list).iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.expr(*expr);
        }
    }

    fn output(&mut self, output: &Output) {
        self.text.push_str(match output.action {
            Action::Return => "return",
            Action::Replace => "replace",
            Action::Append => "append",
            Action::Update => "update",
            Action::Delete => "delete",
        });
        if let Some(target) = &output.target {
            self.word(&target.to_string());
        }
        if !output.columns.is_empty() {
            let columns: Vec<&str> = output.columns.iter().map(|column| column.as_str()).collect();
            self.word(&format!("({})", columns.join(", ")));
        }
        if output.matching == Matching::Name {
            self.word("by name");
        }
        self.text.push(' ');
        self.reference(output.block);
    }

    fn block(&mut self, block: &Block) {
        if let Some(name) = block.name {
            self.symbol(name);
            if !block.columns.is_empty() {
                self.names(&block.columns);
            }
            self.text.push_str(" = ");
        }
        match &block.kind {
            BlockKind::Select(select) => self.select(select),
            BlockKind::SetOperation(operation) => self.set_operation(operation),
            BlockKind::Values(rows) => {
                self.text.push_str("values");
                for row in rows {
                    self.text.push_str(" (");
                    self.list(*row);
                    self.text.push(')');
                }
            }
        }
        if !block.order_by.is_empty() {
            self.word("order by ");
            self.sort_keys(&block.order_by);
        }
        if let Some(limit) = &block.limit {
            self.word("limit");
            for (word, expr) in [("", limit.count), ("offset", limit.offset)] {
                if let Some(expr) = expr {
                    self.word(word);
                    self.word("");
                    self.expr(expr);
                }
            }
            if !limit.by.is_empty() {
                self.word("by ");
                self.list(limit.by);
            }
            if let Some(modifiers) = limit.modifiers {
                self.word(self.tree.text(modifiers));
            }
        }
    }

    fn set_operation(&mut self, operation: &SetOperation) {
        self.text.push_str(match operation.operator {
            SetOperator::Union => "union",
            SetOperator::Intersect => "intersect",
            SetOperator::Except => "except",
        });
        if operation.duplicates == Duplicates::Kept {
            self.word("all");
        }
        match &operation.matching {
            Matching::Position => {}
            Matching::Name => self.word("by name"),
            Matching::Corresponding(names) => {
                self.word("corresponding ");
                self.names(names);
            }
        }
        for branch in &operation.branches {
            self.text.push(' ');
            self.reference(*branch);
        }
    }

    fn select(&mut self, select: &Select) {
        self.text.push_str("select");
        match select.distinct {
            Distinct::All => {}
            Distinct::Distinct => self.word("distinct"),
            Distinct::On(keys) => {
                self.word("distinct on (");
                self.list(keys);
                self.text.push(')');
            }
        }
        match select.shape {
            RowShape::Columns => {}
            RowShape::Struct => self.word("as struct"),
            RowShape::Value => self.word("as value"),
        }
        for (index, item) in select.projection.iter().enumerate() {
            self.text.push_str(if index > 0 { ", " } else { " " });
            self.projection(item);
        }
        if !select.from.is_empty() {
            self.word("from ");
            self.items(&select.from);
        }
        self.clause("where", select.selection);
        if !select.hierarchy.is_empty() {
            self.word("connect by ");
            self.list(select.hierarchy);
        }
        self.group_by(&select.group_by);
        self.clause("having", select.having);
        for (name, window) in &select.windows {
            self.word("window ");
            self.symbol(*name);
            self.text.push_str(" (");
            self.window(window);
            self.text.push(')');
        }
        self.clause("qualify", select.qualify);
    }

    fn clause(&mut self, word: &str, expr: Option<ExprId>) {
        if let Some(expr) = expr {
            self.word(word);
            self.text.push(' ');
            self.expr(expr);
        }
    }

    fn group_by(&mut self, group_by: &GroupBy) {
        match group_by {
            GroupBy::None => {}
            GroupBy::All => self.word("group by all"),
            GroupBy::Keys { keys, sets } => {
                self.word("group by ");
                self.list(*keys);
                if let GroupingSets::Several(sets) = sets {
                    self.word(&format!("[{}]", self.tree.text(*sets)));
                }
            }
        }
    }

    fn projection(&mut self, item: &Projection) {
        match &item.kind {
            ProjectionKind::Expr(expr, alias) => {
                self.expr(*expr);
                if let Some(alias) = alias {
                    self.word("as ");
                    self.symbol(*alias);
                }
            }
            ProjectionKind::Several(expr, aliases) => {
                self.expr(*expr);
                self.word("as ");
                self.names(aliases);
            }
            ProjectionKind::Star(star) => self.star(star),
            ProjectionKind::Fields(expr, star) => {
                self.expr(*expr);
                self.text.push('.');
                self.star(star);
            }
        }
    }

    fn star(&mut self, star: &Star) {
        if let Some(qualifier) = star.qualifier {
            self.path(qualifier);
            self.text.push('.');
        }
        self.text.push('*');
        if !star.except.is_empty() {
            self.word("except ");
            self.names(&star.except);
        }
        for (name, expr) in &star.replace {
            self.word("replace ");
            self.symbol(*name);
            self.text.push_str(": ");
            self.expr(*expr);
        }
        for (from, to) in &star.rename {
            self.word("rename ");
            self.symbol(*from);
            self.text.push_str(": ");
            self.symbol(*to);
        }
        match star.like {
            None => {}
            Some(StarPattern::Like(pattern)) => self.word(&format!("like '{}'", self.tree.text(pattern))),
            Some(StarPattern::Regex(pattern)) => self.word(&format!("matching '{}'", self.tree.text(pattern))),
        }
    }

    fn items(&mut self, items: &[FromItem]) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.item(item);
        }
    }

    fn item(&mut self, item: &FromItem) {
        self.text.push_str(match item.join.kind {
            JoinKind::Cross => "",
            JoinKind::Inner => "inner ",
            JoinKind::Left => "left ",
            JoinKind::Right => "right ",
            JoinKind::Full => "full ",
            JoinKind::Semi => "semi ",
            JoinKind::Anti => "anti ",
            JoinKind::RightSemi => "right semi ",
            JoinKind::RightAnti => "right anti ",
            JoinKind::AsOf => "asof ",
            JoinKind::AsOfLeft => "asof left ",
        });
        let implied = matches!(item.source, Source::Unnest { .. } | Source::Function { .. });
        if item.lateral == Lateral::Yes && !implied {
            self.text.push_str("lateral ");
        }
        self.source(&item.source);
        if let Some(alias) = item.alias {
            self.word("as ");
            self.symbol(alias);
        }
        if !item.columns.is_empty() {
            self.names(&item.columns);
        }
        if let Some(sample) = item.sample {
            self.word(&format!("[{}]", self.tree.text(sample)));
        }
        self.clause("closest", item.join.closest);
        match &item.join.condition {
            JoinCondition::None => {}
            JoinCondition::On(condition) => self.clause("on", Some(*condition)),
            JoinCondition::Using(names) => {
                self.word("using ");
                self.names(names);
            }
            JoinCondition::Natural => self.word("natural"),
        }
    }

    fn source(&mut self, source: &Source) {
        match source {
            Source::Relation { relation, version } => {
                self.text.push_str(&relation.name.to_string());
                if let Some(version) = version {
                    self.word(&format!("[{}]", self.tree.text(*version)));
                }
            }
            Source::Block(block) => self.reference(*block),
            Source::Recursive(block) => {
                self.text.push_str("recursive ");
                self.reference(*block);
            }
            Source::Nested(items) => {
                self.text.push('(');
                self.items(items);
                self.text.push(')');
            }
            Source::Unnest { arrays, offset, output } => {
                self.text.push_str(match output {
                    UnnestOutput::Elements => "elements(",
                    UnnestOutput::ElementsOrFields => "unnest(",
                    UnnestOutput::Flatten => "flatten(",
                    UnnestOutput::PositionAndElement => "posexplode(",
                    UnnestOutput::KeyAndValue => "explode(",
                });
                self.list(*arrays);
                self.text.push(')');
                self.offset(*offset);
            }
            Source::Function { function, relation, args, offset, columns } => {
                self.text.push_str(self.tree.text(*function));
                if let Some(relation) = relation {
                    self.text.push_str(&format!("[{}]", relation.name));
                }
                self.text.push('(');
                self.list(*args);
                self.text.push(')');
                self.offset(*offset);
                if !columns.is_empty() {
                    self.word("columns ");
                    self.names(columns);
                }
            }
            Source::Pivot(_) | Source::Unpivot(_) | Source::MatchRecognize(_) => self.reshaped(source),
        }
    }

    fn offset(&mut self, offset: Option<Symbol>) {
        if let Some(offset) = offset {
            self.word("offset ");
            self.symbol(offset);
        }
    }

    fn reshaped(&mut self, source: &Source) {
        match source {
            Source::Pivot(pivot) => {
                self.text.push_str("pivot(");
                self.item(&pivot.input);
                for (index, (expr, alias)) in pivot.aggregates.iter().enumerate() {
                    self.text.push_str(if index > 0 { ", " } else { "; " });
                    self.expr(*expr);
                    self.alias(*alias);
                }
                self.text.push_str(" for ");
                self.list(pivot.columns);
                for (index, (expr, alias)) in pivot.values.iter().flatten().enumerate() {
                    self.text.push_str(if index > 0 { ", " } else { " in " });
                    self.expr(*expr);
                    self.alias(*alias);
                }
                if let Some(keys) = pivot.group_by {
                    self.word("group by ");
                    self.list(keys);
                }
                self.clause("default", pivot.default);
            }
            Source::Unpivot(unpivot) => {
                self.text.push_str("unpivot(");
                self.item(&unpivot.input);
                self.text.push_str("; ");
                self.names(&unpivot.values);
                self.word("for ");
                self.symbol(unpivot.name);
                self.word("in");
                for (names, label) in &unpivot.columns {
                    self.word("");
                    self.names(names);
                    if let Some(label) = label {
                        self.word("as ");
                        self.expr(*label);
                    }
                }
                if unpivot.nulls == UnpivotNulls::Included {
                    self.word("with nulls");
                }
            }
            Source::MatchRecognize(recognize) => {
                self.text.push_str("match_recognize(");
                self.item(&recognize.input);
                self.word("partition by ");
                self.list(recognize.partition_by);
                self.word("order by ");
                self.sort_keys(&recognize.order_by);
                for (expr, name) in &recognize.measures {
                    self.word("measure ");
                    self.expr(*expr);
                    self.alias(Some(*name));
                }
                for (name, expr) in &recognize.definitions {
                    self.word("define ");
                    self.symbol(*name);
                    self.word("as ");
                    self.expr(*expr);
                }
                let pattern = self.tree.text(recognize.pattern);
                self.word(&format!("[{pattern}]"));
                if recognize.rows == RowsPerMatch::All {
                    self.word("all rows");
                }
            }
            _ => {}
        }
        self.text.push(')');
    }

    fn alias(&mut self, alias: Option<Symbol>) {
        if let Some(alias) = alias {
            self.word("as ");
            self.symbol(alias);
        }
    }
}
