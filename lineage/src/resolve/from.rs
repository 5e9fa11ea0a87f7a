//! FROM: its leaves, the columns that each brings into sight, and how they are joined.

use std::sync::Arc;

use super::{Progress, Resolver};
use crate::dependency::Extent;
use crate::dialect::{Clause, Dialect};
use crate::hashing::HashSet;
use crate::name::{ColumnName, Quoting};
use crate::query::block::{FromItem, JoinCondition, JoinKind, Lateral, Source, UnnestOutput};
use crate::query::tree::{BlockId, Expr, ExprId, List, NamedRelation, Symbol};
use crate::scope::{
    ColumnAt, Found, From, Item, ItemColumn, ItemColumns, ItemSource, JoinStep, Parts, Sight, UnnestPart, UsingPair,
};
use crate::stack::with_room;

impl Resolver<'_> {
    /// Reads FROM items in order into the scope of the SELECT that is being read.
    pub(super) fn read_from(&mut self, items: &[FromItem]) {
        let start = self.from().items.len();
        for item in items {
            if self.effort.is_spent() {
                return;
            }
            let right = self.from().items.len();
            with_room(|| self.read_item(item));
            let end = self.from().items.len();
            if right > start {
                self.join(item, start, right, end);
            }
        }
    }

    /// The FROM of the innermost SELECT.
    pub(super) fn from(&mut self) -> &mut From {
        &mut self.scope.from
    }

    /// Reads one FROM item; brackets may hold several leaves.
    pub(super) fn read_item(&mut self, item: &FromItem) {
        let alias = item.alias.map(|alias| self.tree.name(alias).clone());
        let first = self.from().items.len();
        match &item.source {
            Source::Relation { relation, .. } => {
                let leaf = self.relation(relation, alias.is_none());
                let name = alias.clone().or_else(|| relation.name.qualifier(self.dialect));
                self.add(leaf, name, &item.columns);
            }
            Source::Block(block) => {
                self.derived(*block, item.lateral);
                let mut leaf = self.block_item(*block, ItemSource::Block(*block));
                let derived = self.tree.block(*block).name.is_none();
                let sees = derived && self.dialect == Dialect::DuckDb;
                leaf.lateral = if sees { Lateral::Yes } else { item.lateral };
                let name = alias.or_else(|| self.tree.block(*block).name.map(|name| self.tree.name(name).clone()));
                self.add(leaf, name, &item.columns);
            }
            Source::Recursive(block) => {
                let leaf = self.block_item(*block, ItemSource::Recursive(*block));
                let name = alias.or_else(|| self.tree.block(*block).name.map(|name| self.tree.name(name).clone()));
                self.add(leaf, name, &item.columns);
            }
            Source::Nested(items) => {
                self.read_from(items);
                if let Some(alias) = alias {
                    let end = self.from().items.len();
                    self.from().add_name(first..end, &alias);
                }
            }
            Source::Unnest { arrays, offset, output } => {
                self.bind_list(*arrays, Clause::From);
                let leaf = self.unnest(*arrays, *offset, *output, alias.as_ref(), &item.columns);
                self.add(leaf, alias, &[]);
            }
            Source::Function { function, relation, args, offset, columns } => {
                self.bind_list(*args, Clause::From);
                let leaf = self.function(relation.as_ref(), *args, columns, *offset);
                let name = alias.or_else(|| {
                    let called = self.tree.text(*function);
                    let last = called.rsplit('.').next().unwrap_or(called);
                    Some(ColumnName::new(self.dialect, last, Quoting::Bare))
                });
                self.add(leaf, name, &item.columns);
            }
            Source::Pivot(pivot) => self.pivot(pivot, alias, &item.columns),
            Source::Unpivot(unpivot) => self.unpivot(unpivot, alias, &item.columns),
            Source::MatchRecognize(matching) => self.match_recognize(matching, alias, &item.columns),
        }
    }

    /// Adds a leaf under a name, its first columns renamed by a list.
    pub(super) fn add(&mut self, leaf: Item, name: Option<ColumnName>, columns: &[Symbol]) {
        let mut leaf = leaf;
        if !columns.is_empty() {
            let names: Vec<ColumnName> = columns.iter().map(|column| self.tree.name(*column).clone()).collect();
            self.effort.spend(leaf.columns.len());
            leaf = renamed(leaf, names);
        }
        leaf.names.extend(name);
        leaf.own_name = leaf.names.first().cloned();
        self.from().add(leaf);
    }

    fn relation(&mut self, relation: &NamedRelation, full_name: bool) -> Item {
        let input = self.input(&relation.name, relation.position);
        let columns = Arc::clone(&self.input_columns[input.index()]);
        let extent = self.shapes[input.index()].extent;
        let mut item = Item::new(ItemSource::Input(input), columns, extent);
        item.relation = full_name.then(|| relation.name.clone());
        item
    }

    /// Reads a derived table, which sees its siblings only if it is lateral.
    fn derived(&mut self, block: BlockId, lateral: Lateral) {
        // In DuckDB a derived table sees its siblings without being told to; a CTE does not.
        let derived = self.tree.block(block).name.is_none();
        if lateral == Lateral::Yes || (derived && self.dialect == Dialect::DuckDb) {
            self.block(block);
            return;
        }
        self.scope.hidden += 1;
        self.block(block);
        self.scope.hidden -= 1;
    }

    /// The columns of a block as a FROM item; of a recursive one as far as they are known.
    fn block_item(&mut self, block: BlockId, source: ItemSource) -> Item {
        let (columns, extent) = match &self.blocks[block.index()] {
            Some(read) => {
                let extent = if read.rest.is_empty() { Extent::Closed } else { Extent::Open };
                (self.columns_of(block), extent)
            }
            None => {
                let names = &self.tree.block(block).columns;
                let columns: ItemColumns =
                    names.iter().map(|name| ItemColumn::same(self.tree.name(*name).clone())).collect();
                let extent = if columns.is_empty() { Extent::Open } else { Extent::Closed };
                (Arc::new(columns), extent)
            }
        };
        Item::new(source, columns, extent)
    }

    /// The columns of a block as far as it was read; the same for all items over it once it was read to
    /// the end.
    fn columns_of(&mut self, block: BlockId) -> Arc<ItemColumns> {
        if let Some(known) = &self.block_columns[block.index()] {
            return Arc::clone(known);
        }
        let outputs = self.blocks[block.index()].iter().flat_map(|read| &read.outputs);
        let columns = Arc::new(outputs.map(|column| ItemColumn::same(column.name.clone())).collect());
        if self.progress[block.index()] == Progress::Done {
            self.block_columns[block.index()] = Some(Arc::clone(&columns));
        }
        columns
    }

    fn bare(&self, name: &str) -> ColumnName {
        ColumnName::new(self.dialect, name, Quoting::Bare)
    }

    fn unnest(
        &self,
        arrays: List,
        offset: Option<Symbol>,
        output: UnnestOutput,
        alias: Option<&ColumnName>,
        names: &[Symbol],
    ) -> Item {
        let arrays = self.tree.list(arrays).to_vec();
        let element = UnnestPart::Element;
        let mut columns: Vec<(ColumnName, UnnestPart)> = Vec::new();
        let mut extent = Extent::Closed;
        match output {
            UnnestOutput::Elements | UnnestOutput::ElementsOrFields => {
                if output == UnnestOutput::ElementsOrFields {
                    extent = Extent::Open;
                }
                let default = match (alias, self.dialect) {
                    (Some(alias), _) => alias.clone(),
                    (None, Dialect::Databricks) => self.bare("col"),
                    (None, _) => self.bare("unnest"),
                };
                columns.extend((0..arrays.len()).map(|place| (default.clone(), element(place))));
            }
            UnnestOutput::Flatten => {
                let parts = [
                    ("seq", UnnestPart::Place),
                    ("key", UnnestPart::Place),
                    ("path", UnnestPart::Place),
                    ("index", UnnestPart::Place),
                    ("value", element(0)),
                    ("this", UnnestPart::Whole),
                ];
                columns.extend(parts.map(|(name, part)| (self.bare(name), part)));
            }
            UnnestOutput::PositionAndElement => {
                columns.push((self.bare("pos"), UnnestPart::Place));
                columns.push((self.bare("col"), element(0)));
            }
            UnnestOutput::KeyAndValue => {
                // A map gives `key` and `value`, an array `col`; a list of two names says which.
                if names.len() == 1 {
                    columns.push((self.bare("col"), element(0)));
                } else {
                    columns.push((self.bare("key"), UnnestPart::Place));
                    columns.push((self.bare("value"), element(0)));
                    if names.is_empty() {
                        columns.push((self.bare("col"), element(0)));
                    }
                }
            }
        }
        // A map that is unnested has two columns; what a longer list names is an element too.
        while columns.len() < names.len() {
            columns.push((self.bare("col"), element(0)));
        }
        for (column, name) in columns.iter_mut().zip(names) {
            column.0 = self.tree.name(*name).clone();
        }
        if let Some(offset) = offset {
            let offset = self.tree.name(offset).clone();
            if !columns.iter().any(|(name, _)| *name == offset) {
                columns.push((offset, UnnestPart::Place));
            }
        }
        let parts = columns.iter().map(|(_, part)| *part).collect();
        let columns = columns.into_iter().map(|(name, _)| ItemColumn::same(name)).collect();
        Item::new(ItemSource::Unnest { arrays, parts }, Arc::new(columns), extent)
    }

    fn function(
        &mut self,
        relation: Option<&NamedRelation>,
        args: List,
        columns: &[Symbol],
        offset: Option<Symbol>,
    ) -> Item {
        let relation = relation.map(|relation| self.input(&relation.name, relation.position));
        let names = columns.iter().chain(&offset).map(|column| ItemColumn::same(self.tree.name(*column).clone()));
        let columns: ItemColumns = names.collect();
        let extent = if columns.len() > usize::from(offset.is_some()) { Extent::Closed } else { Extent::Open };
        let args = self.tree.list(args).to_vec();
        Item::new(ItemSource::Function { args, relation }, Arc::new(columns), extent)
    }

    /// Joins the leaves from `right` to `end` to those from `start`.
    fn join(&mut self, item: &FromItem, start: usize, right: usize, end: usize) {
        let join = &item.join;
        let mut step =
            JoinStep { kind: join.kind, start, right, end, on: Vec::new(), using: Vec::new(), natural_rest: false };
        match &join.condition {
            JoinCondition::None => {}
            JoinCondition::On(condition) => step.on.push(*condition),
            JoinCondition::Using(columns) => {
                let names: Vec<ColumnName> = columns.iter().map(|column| self.tree.name(*column).clone()).collect();
                self.using(&mut step, names);
            }
            JoinCondition::Natural => {
                let names = self.shared_names(start, right, end);
                let open = self.from().items[start..end].iter().any(|item| item.extent == Extent::Open);
                if open {
                    step.natural_rest = true;
                    let message = "a natural join over a relation whose columns are not all known".to_owned();
                    self.open(item.position, message);
                }
                self.using(&mut step, names);
            }
        }
        step.on.extend(join.closest);
        for condition in step.on.clone() {
            self.bind_expr(condition, Clause::From);
        }
        let gone = match join.kind {
            JoinKind::Semi | JoinKind::Anti => right..end,
            JoinKind::RightSemi | JoinKind::RightAnti => start..right,
            _ => 0..0,
        };
        for leaf in &mut self.from().items[gone] {
            leaf.sight = Sight::Gone;
        }
        self.from().joins.push(step);
    }

    /// The known columns that both sides of a NATURAL join have, in the order of the left.
    fn shared_names(&mut self, start: usize, right: usize, end: usize) -> Vec<ColumnName> {
        let from = self.from();
        let names: HashSet<&ColumnName> =
            from.items[right..end].iter().flat_map(|item| item.columns.iter().map(|column| &column.name)).collect();
        let on_the_left = |name: &&ColumnName| from.first_known(start..right, name);
        let mut shared: Vec<_> = names.iter().filter_map(|name| Some((on_the_left(name)?, (*name).clone()))).collect();
        shared.sort_unstable();
        shared.into_iter().map(|(_, name)| name).collect()
    }

    fn using(&mut self, step: &mut JoinStep, names: Vec<ColumnName>) {
        for name in names {
            if self.effort.is_spent() {
                return;
            }
            let left = self.side(&name, step.start, step.right);
            let right = self.side(&name, step.right, step.end);
            let parts = match step.kind {
                JoinKind::Right | JoinKind::RightSemi | JoinKind::RightAnti => right.clone(),
                JoinKind::Full => left.iter().chain(&right).cloned().collect(),
                _ => left.clone(),
            };
            self.effort.spend(parts.len() + left.len() + right.len());
            self.from().merge(name, parts, &left, &right);
            step.using.push(UsingPair { left, right });
        }
    }

    /// The column of a name among the leaves of one side; every open leaf if it is not known.
    fn side(&mut self, name: &ColumnName, start: usize, end: usize) -> Parts {
        match self.from().find_among(start..end, name) {
            Found::Columns(found) | Found::Ambiguous(found) | Found::Perhaps(found) => found,
            // A column that is not there is asked for all the same.
            Found::Row(_) | Found::Nothing => (start..end).map(|item| (item, ColumnAt::Named(name.clone()))).collect(),
        }
    }

    /// Binds every expression of a list.
    pub(super) fn bind_list(&mut self, list: List, clause: Clause) {
        for expr in self.tree.list(list).to_vec() {
            self.bind_expr(expr, clause);
        }
    }

    /// The text of a constant.
    pub(super) fn constant(&self, expr: ExprId) -> Option<&str> {
        match self.tree.expr(expr) {
            Expr::Literal(_, text) => Some(self.tree.text(*text)),
            _ => None,
        }
    }
}

/// A leaf whose first columns have other names.
fn renamed(leaf: Item, names: Vec<ColumnName>) -> Item {
    let known = leaf.columns.len();
    let mut columns: Vec<ItemColumn> = leaf.columns.to_vec();
    for (place, name) in names.into_iter().enumerate() {
        match columns.get_mut(place) {
            Some(column) => {
                let original = column.original.take().unwrap_or_else(|| column.name.clone());
                *column = ItemColumn { name, original: Some(original) };
            }
            // The list of an open item names columns by places that are not known.
            None => columns.push(ItemColumn { name, original: None }),
        }
    }
    Item { columns: Arc::new(columns.into_iter().collect()), by_place_from: known, ..leaf }
}
