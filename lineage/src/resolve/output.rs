//! The columns of a block: a projection with its stars written out, the matched columns of a set
//! operation, the columns of VALUES.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::{BlockColumn, BlockRest, ResolvedBlock, Resolver, RestOf, Value};
use crate::dependency::Extent;
use crate::diagnostic::Position;
use crate::dialect::{Clause, Dialect};
use crate::hashing::{HashMap, HashSet};
use crate::name::{ColumnName, Quoting};
use crate::query::block::{
    Matching, Projection, ProjectionKind, RowShape, Select, SetOperation, SetOperator, Star, StarPattern,
};
use crate::query::tree::{BlockId, CastMode, Expr, ExprId, List, Symbol};
use crate::scope::{ColumnAt, ItemColumn, ItemSource, Parts, Sight};

/// The columns of a block, and those that pass through it.
type Columns = (Vec<BlockColumn>, Vec<BlockRest>);

impl Resolver<'_> {
    /// Writes out a projection and binds its expressions.
    pub(super) fn project(&mut self, select: &Select) -> Columns {
        let mut outputs = Vec::new();
        let mut rest = Vec::new();
        if self.dialect == Dialect::ClickHouse {
            // Here an alias is in sight everywhere, also before it is given.
            for item in &select.projection {
                if let ProjectionKind::Expr(expr, Some(alias)) = &item.kind {
                    self.scope.aliases.insert(self.tree.name(*alias).clone(), *expr);
                }
            }
        }
        for item in &select.projection {
            if self.effort.is_spent() {
                break;
            }
            self.effort.spend(1);
            self.projection(item, &mut outputs, &mut rest);
        }
        if select.shape == RowShape::Value {
            self.values_as_rows(&mut outputs, &mut rest);
        }
        (outputs, rest)
    }

    /// SELECT AS VALUE: the fields of the value are the columns, where it is a record. Of one that is made
    /// on the spot they are known; a constant or the result of an operator has none.
    fn values_as_rows(&self, outputs: &mut Vec<BlockColumn>, rest: &mut Vec<BlockRest>) {
        for column in std::mem::take(outputs) {
            let Value::Expr(expr) = column.value else {
                outputs.push(column);
                continue;
            };
            if let Some(fields) = self.fields(expr) {
                let position = column.position;
                outputs.extend(fields.into_iter().map(|(name, value)| BlockColumn {
                    name,
                    value: Value::Expr(value),
                    position,
                }));
                continue;
            }
            outputs.push(column);
            if !matches!(self.tree.expr(expr), Expr::Literal(..) | Expr::Apply(..)) {
                rest.push(BlockRest { of: RestOf::Fields(expr), except: Arc::default() });
            }
        }
    }

    /// The fields of a record that an expression makes, each with its value.
    fn fields(&self, record: ExprId) -> Option<Vec<(ColumnName, ExprId)>> {
        let Expr::Apply(operator, args) = self.tree.expr(record) else { return None };
        if self.tree.text(*operator) != "struct" {
            return None;
        }
        let field = |(place, arg): (usize, &ExprId)| match self.tree.expr(*arg) {
            Expr::Named(name, value) => (self.tree.name(*name).clone(), *value),
            _ => (self.made_up(*arg, place), *arg),
        };
        Some(self.tree.list(*args).iter().enumerate().map(field).collect())
    }

    fn projection(&mut self, item: &Projection, outputs: &mut Vec<BlockColumn>, rest: &mut Vec<BlockRest>) {
        let position = item.position;
        match &item.kind {
            ProjectionKind::Expr(expr, alias) => {
                self.scope.projecting = Some(*expr);
                self.bind_expr(*expr, Clause::Projection);
                self.scope.projecting = None;
                let name = match alias {
                    Some(alias) => {
                        let name = self.tree.name(*alias).clone();
                        self.scope.aliases.entry(name.clone()).or_insert(*expr);
                        name
                    }
                    None => {
                        let name = self.made_up(*expr, outputs.len());
                        if matches!(self.tree.expr(*expr), Expr::Column(..) | Expr::Field(..)) {
                            self.scope.implied.entry(name.clone()).or_insert(*expr);
                        }
                        name
                    }
                };
                outputs.push(BlockColumn { name, value: Value::Expr(*expr), position });
            }
            ProjectionKind::Several(expr, names) => {
                self.bind_expr(*expr, Clause::Projection);
                for name in names {
                    let name = self.tree.name(*name).clone();
                    outputs.push(BlockColumn { name, value: Value::Expr(*expr), position });
                }
            }
            ProjectionKind::Star(star) => self.star(star, position, outputs, rest),
            ProjectionKind::Fields(expr, star) => {
                self.bind_expr(*expr, Clause::Projection);
                let mut except = self.left_out(star);
                for (name, replacement) in &star.replace {
                    self.replaced(*name, *replacement, position, outputs);
                    except.insert(self.tree.name(*name).clone());
                }
                if let Some(fields) = self.fields(*expr).filter(|_| star.rename.is_empty() && star.like.is_none()) {
                    let kept = fields.into_iter().filter(|(name, _)| !except.contains(name));
                    outputs.extend(kept.map(|(name, value)| BlockColumn { name, value: Value::Expr(value), position }));
                    return;
                }
                rest.push(BlockRest { of: RestOf::Fields(*expr), except: Arc::new(except) });
            }
        }
    }

    /// The columns that a star leaves out by name.
    fn left_out(&self, star: &Star) -> BTreeSet<ColumnName> {
        let renamed = star.rename.iter().map(|(from, _)| from);
        star.except.iter().chain(renamed).map(|name| self.tree.name(*name).clone()).collect()
    }

    fn replaced(&mut self, name: Symbol, expr: ExprId, position: Position, outputs: &mut Vec<BlockColumn>) {
        self.bind_expr(expr, Clause::Projection);
        let name = self.tree.name(name).clone();
        outputs.push(BlockColumn { name, value: Value::Expr(expr), position });
    }

    fn star(&mut self, star: &Star, position: Position, outputs: &mut Vec<BlockColumn>, rest: &mut Vec<BlockRest>) {
        let qualifier: Vec<&ColumnName> = star
            .qualifier
            .map(|path| self.tree.path(path).iter().map(|part| self.tree.name(*part)).collect())
            .unwrap_or_default();
        let items: Vec<usize> = if qualifier.is_empty() {
            (0..self.scope.from.items.len()).collect()
        } else {
            self.scope.from.named(&qualifier)
        };
        let items: Vec<usize> =
            items.into_iter().filter(|index| self.scope.from.items[*index].sight == Sight::Visible).collect();
        if items.is_empty() && !qualifier.is_empty() {
            self.star_of_path(&qualifier, star, position, outputs, rest);
            return;
        }
        self.effort.spend(items.iter().map(|index| self.scope.from.items[*index].columns.len()).sum());
        if self.effort.is_spent() {
            return;
        }
        let mut found: Vec<(ColumnName, Parts)> = Vec::new();
        let mut hidden: HashSet<&(usize, ColumnAt)> = HashSet::default();
        if qualifier.is_empty() {
            for merged in self.scope.from.merged() {
                found.push((merged.name.clone(), merged.parts.clone()));
                hidden.extend(&merged.hidden);
            }
        }
        for index in &items {
            let item = &self.scope.from.items[*index];
            // `item.*` of an unnested record is its fields; the element itself is not one of them.
            let fields_only = !qualifier.is_empty()
                && item.extent == Extent::Open
                && matches!(item.source, ItemSource::Unnest { .. });
            let columns: &[ItemColumn] = if fields_only { &[] } else { &item.columns };
            for (place, column) in columns.iter().enumerate() {
                let at = (*index, ColumnAt::Known(place));
                if hidden.is_empty() || !hidden.contains(&at) {
                    found.push((column.name.clone(), vec![at]));
                }
            }
        }
        self.rest_of_star(star, &items, &found, position, outputs, rest);
        self.push_star(star, found, position, outputs);
    }

    /// What a star passes on of items whose columns are not all known.
    fn rest_of_star(
        &mut self,
        star: &Star,
        items: &[usize],
        found: &[(ColumnName, Parts)],
        position: Position,
        outputs: &mut Vec<BlockColumn>,
        rest: &mut Vec<BlockRest>,
    ) {
        let is_open = |index: &&usize| self.scope.from.items[**index].extent == Extent::Open;
        let open: Vec<usize> = items.iter().filter(is_open).copied().collect();
        if open.is_empty() {
            return;
        }
        let mut found_in: HashMap<usize, Vec<&ColumnName>> = HashMap::default();
        for (name, parts) in found {
            for (item, _) in parts {
                found_in.entry(*item).or_default().push(name);
            }
        }
        let known: HashSet<&ColumnName> = match star.rename.is_empty() {
            true => HashSet::default(),
            false => found.iter().map(|(name, _)| name).collect(),
        };
        for index in open {
            let item = &self.scope.from.items[index];
            let mut except = self.left_out(star);
            except.extend(item.columns.iter().map(|column| column.name.clone()));
            except.extend(star.replace.iter().map(|(name, _)| self.tree.name(*name).clone()));
            except.extend(found_in.get(&index).into_iter().flatten().map(|name| (*name).clone()));
            self.effort.spend(1 + except.len());
            rest.push(BlockRest { of: RestOf::Item(index), except: Arc::new(except) });
            for (from, to) in star.rename.iter().filter(|(from, _)| !known.contains(self.tree.name(*from))) {
                let at = (index, ColumnAt::Named(self.tree.name(*from).clone()));
                let name = self.tree.name(*to).clone();
                outputs.push(BlockColumn { name, value: Value::Columns(vec![at]), position });
            }
        }
    }

    fn push_star(
        &mut self,
        star: &Star,
        found: Vec<(ColumnName, Parts)>,
        position: Position,
        outputs: &mut Vec<BlockColumn>,
    ) {
        let tree = self.tree;
        let except: HashSet<&ColumnName> = star.except.iter().map(|name| tree.name(*name)).collect();
        let mut replaced: HashMap<&ColumnName, VecDeque<usize>> = HashMap::default();
        for (place, (name, _)) in star.replace.iter().enumerate() {
            replaced.entry(tree.name(*name)).or_default().push_back(place);
        }
        let mut is_replaced = vec![false; star.replace.len()];
        let mut renamed: HashMap<&ColumnName, Symbol> = HashMap::default();
        for (from, to) in &star.rename {
            renamed.entry(tree.name(*from)).or_insert(*to);
        }
        for (name, parts) in found {
            if except.contains(&name) || !self.matches(star, &name) {
                continue;
            }
            if let Some(place) = replaced.get_mut(&name).and_then(VecDeque::pop_front) {
                let (symbol, expr) = star.replace[place];
                is_replaced[place] = true;
                self.replaced(symbol, expr, position, outputs);
                continue;
            }
            let name = renamed.get(&name).map_or(name, |to| tree.name(*to).clone());
            outputs.push(BlockColumn { name, value: Value::Columns(parts), position });
        }
        for ((name, expr), is_replaced) in star.replace.iter().zip(is_replaced) {
            if !is_replaced {
                self.replaced(*name, *expr, position, outputs);
            }
        }
    }

    /// `payload.*`: the fields of a column.
    fn star_of_path(
        &mut self,
        path: &[&ColumnName],
        star: &Star,
        position: Position,
        outputs: &mut Vec<BlockColumn>,
        rest: &mut Vec<BlockRest>,
    ) {
        let mut except = self.left_out(star);
        for (name, expr) in &star.replace {
            self.replaced(*name, *expr, position, outputs);
            except.insert(self.tree.name(*name).clone());
        }
        let except = Arc::new(except);
        match self.record(path) {
            Some(uses) => rest.push(BlockRest { of: RestOf::Record(uses), except }),
            None => {
                let spelled = path.iter().map(|part| part.as_str()).collect::<Vec<_>>().join(".");
                self.open(position, format!("`{spelled}.*` names nothing in sight"));
                let all = 0..self.scope.from.items.len();
                rest.extend(all.map(|item| BlockRest { of: RestOf::Item(item), except: Arc::clone(&except) }));
            }
        }
    }

    fn matches(&self, star: &Star, name: &ColumnName) -> bool {
        match star.like {
            None => true,
            Some(StarPattern::Like(pattern)) => like(self.tree.text(pattern), name.as_str()),
            // Which columns a regular expression matches is not worked out: all may be among them.
            Some(StarPattern::Regex(_)) => true,
        }
    }

    /// The name that the engine gives an expression without an alias.
    fn made_up(&self, expr: ExprId, place: usize) -> ColumnName {
        let bare = |text: &str| ColumnName::new(self.dialect, text, Quoting::Bare);
        match self.tree.expr(expr) {
            Expr::Column(path, _) => {
                let parts = self.tree.path(*path);
                return parts.last().map_or_else(|| bare("?column?"), |last| self.tree.name(*last).clone());
            }
            Expr::Field(_, name) if !matches!(self.dialect, Dialect::Snowflake) => {
                return self.tree.name(*name).clone();
            }
            _ => {}
        }
        match self.dialect {
            Dialect::BigQuery => bare(&format!("f{place}_")),
            Dialect::Trino => bare(&format!("_col{place}")),
            Dialect::Databricks => bare(&format!("_c{place}")),
            Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb | Dialect::Ansi => self.by_function(expr),
            _ => bare(&format!("_col{place}")),
        }
    }

    /// Postgres and its kin name a column after the function or the column that is cast.
    fn by_function(&self, mut expr: ExprId) -> ColumnName {
        let bare = |text: &str| ColumnName::new(self.dialect, text, Quoting::Bare);
        loop {
            match self.tree.expr(expr) {
                Expr::Cast { expr: inner, mode: CastMode::Strict, .. } => expr = *inner,
                Expr::Column(path, _) => {
                    let last = self.tree.path(*path).last();
                    return last.map_or_else(|| bare("?column?"), |last| self.tree.name(*last).clone());
                }
                Expr::Call { function, .. } => {
                    let name = self.tree.text(*function);
                    return bare(name.rsplit('.').next().unwrap_or(name));
                }
                Expr::Case { .. } => return bare("case"),
                _ => return bare("?column?"),
            }
        }
    }

    pub(super) fn set_operation(&mut self, id: BlockId, operation: &SetOperation) -> ResolvedBlock {
        let mut first = true;
        for branch in &operation.branches {
            self.block(*branch);
            if std::mem::take(&mut first)
                && let Some(anchor) = &self.blocks[branch.index()]
            {
                // A recursive step sees the columns of what it starts from.
                let names = &self.tree.block(id).columns;
                let outputs = anchor.outputs.iter().enumerate().map(|(place, column)| BlockColumn {
                    name: names.get(place).map_or_else(|| column.name.clone(), |name| self.tree.name(*name).clone()),
                    ..column.clone()
                });
                let provisional =
                    ResolvedBlock { outputs: outputs.collect(), rest: anchor.rest.clone(), ..ResolvedBlock::default() };
                self.blocks[id.index()] = Some(provisional);
            }
        }
        // What EXCEPT returns are rows of its first branch; the others decide which, and give no value.
        let giving = match operation.operator {
            SetOperator::Except => operation.branches.get(..1).unwrap_or_default(),
            SetOperator::Union | SetOperator::Intersect => operation.branches.as_slice(),
        };
        let (mut outputs, mut rest) = match &operation.matching {
            Matching::Position => self.matched_by_position(giving),
            Matching::Name => self.matched_by_name(&operation.branches, None),
            Matching::Corresponding(columns) => {
                let names = columns.iter().map(|column| self.tree.name(*column).clone()).collect();
                self.matched_by_name(&operation.branches, Some(&names))
            }
        };
        if operation.operator == SetOperator::Except {
            let gives = |branch: &BlockId| giving.contains(branch);
            for column in &mut outputs {
                if let Value::Branches(parts) = &mut column.value {
                    parts.retain(|(branch, _)| gives(branch));
                }
            }
            rest.retain(|rest| matches!(&rest.of, RestOf::Branch(branch) if gives(branch)));
        }
        ResolvedBlock { outputs, rest, ..ResolvedBlock::default() }
    }

    fn matched_by_position(&mut self, branches: &[BlockId]) -> Columns {
        let Some((first, others)) = branches.split_first() else { return Columns::default() };
        let others: Vec<(BlockId, usize, bool)> = others
            .iter()
            .map(|branch| {
                let read = self.blocks[branch.index()].as_ref();
                let count = read.map_or(0, |read| read.outputs.len());
                (*branch, count, read.is_none_or(|read| !read.rest.is_empty()))
            })
            .collect();
        let base = self.blocks[first.index()].take();
        let columns = base.as_ref().map_or(&[][..], |base| base.outputs.as_slice());
        let open = base.as_ref().is_some_and(|base| !base.rest.is_empty());
        let exact = |count: usize, passes: bool| !open && !passes && count == columns.len();
        let inexact = others.iter().any(|(_, count, passes)| !exact(*count, *passes));
        if inexact {
            let position = self.tree.block(*first).position;
            let message = if open || others.iter().any(|(_, _, passes)| *passes) {
                "a set operation over `*` of relations whose columns are not all known"
            } else {
                "the branches of a set operation have different numbers of columns"
            };
            self.open(position, message.to_owned());
        }
        self.effort.spend(columns.len().saturating_mul(branches.len()));
        let columns = if self.effort.is_spent() { &[] } else { columns };
        let outputs = columns.iter().enumerate().map(|(place, column)| {
            let mut parts = vec![(*first, ColumnAt::Known(place))];
            parts.extend(others.iter().map(|(branch, count, passes)| {
                (*branch, if exact(*count, *passes) { ColumnAt::Known(place) } else { ColumnAt::All })
            }));
            BlockColumn { name: column.name.clone(), value: Value::Branches(parts), position: column.position }
        });
        let outputs: Vec<BlockColumn> = outputs.collect();
        let mut rest = Vec::new();
        if open {
            let except: Arc<BTreeSet<ColumnName>> =
                Arc::new(outputs.iter().map(|column| column.name.clone()).collect());
            rest.push(BlockRest { of: RestOf::Branch(*first), except: Arc::clone(&except) });
            let any_of = |branch: BlockId| BlockRest { of: RestOf::AnyOf(branch), except: Arc::clone(&except) };
            rest.extend(others.iter().map(|(branch, ..)| any_of(*branch)));
        }
        self.blocks[first.index()] = base;
        (outputs, rest)
    }

    fn matched_by_name(&mut self, branches: &[BlockId], wanted: Option<&HashSet<ColumnName>>) -> Columns {
        let effort = &mut self.effort;
        let read: Vec<(BlockId, &ResolvedBlock)> =
            branches.iter().filter_map(|branch| Some((*branch, self.blocks[branch.index()].as_ref()?))).collect();
        let mut places: HashMap<&ColumnName, usize> = HashMap::default();
        let mut outputs: Vec<BlockColumn> = Vec::new();
        for column in read.iter().flat_map(|(_, read)| &read.outputs) {
            let meant = wanted.is_none_or(|wanted| wanted.is_empty() || wanted.contains(&column.name));
            if meant && !places.contains_key(&column.name) {
                places.insert(&column.name, outputs.len());
                outputs.push(BlockColumn { value: Value::Branches(Vec::new()), ..column.clone() });
            }
        }
        let mut parts: Vec<Vec<(BlockId, ColumnAt)>> = vec![Vec::new(); outputs.len()];
        for (branch, read) in &read {
            for (at, column) in read.outputs.iter().enumerate() {
                let Some(place) = places.get(&column.name) else { continue };
                // Of several columns with one name the first counts.
                if parts[*place].last().is_none_or(|(last, _)| last != branch) {
                    parts[*place].push((*branch, ColumnAt::Known(at)));
                    outputs[*place].position = column.position;
                }
            }
            effort.spend(read.outputs.len());
            if effort.is_spent() {
                break;
            }
            if !read.rest.is_empty() {
                effort.spend(outputs.len());
                let missing = parts.iter_mut().zip(&outputs);
                for (parts, column) in missing.filter(|(parts, _)| parts.last().is_none_or(|(last, _)| last != branch))
                {
                    parts.push((*branch, ColumnAt::Named(column.name.clone())));
                }
            }
        }
        let except: Arc<BTreeSet<ColumnName>> = Arc::new(outputs.iter().map(|column| column.name.clone()).collect());
        let open = read.iter().filter(|(_, read)| !read.rest.is_empty());
        let rest = open.map(|(branch, _)| BlockRest { of: RestOf::Branch(*branch), except: Arc::clone(&except) });
        let rest: Vec<BlockRest> = rest.collect();
        // CORRESPONDING keeps the columns that all branches have; BY NAME fills with NULL.
        let is_kept = |parts: &Vec<(BlockId, ColumnAt)>| wanted.is_none() || parts.len() == read.len();
        let kept = outputs.into_iter().zip(parts).filter(|(_, parts)| is_kept(parts));
        let outputs = kept.map(|(column, parts)| BlockColumn { value: Value::Branches(parts), ..column }).collect();
        (outputs, rest)
    }

    pub(super) fn values(&mut self, rows: &[List], position: Position) -> ResolvedBlock {
        let width = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let mut columns: Vec<Vec<ExprId>> = vec![Vec::with_capacity(rows.len()); width];
        for row in rows {
            for (place, expr) in self.tree.list(*row).iter().enumerate() {
                columns[place].push(*expr);
            }
            self.bind_list(*row, Clause::Projection);
        }
        let name = |place: usize| match self.dialect {
            Dialect::DuckDb => format!("col{place}"),
            Dialect::Trino => format!("_col{place}"),
            Dialect::Databricks => format!("col{}", place + 1),
            Dialect::MySql => format!("column_{place}"),
            _ => format!("column{}", place + 1),
        };
        let outputs = columns.into_iter().enumerate().map(|(place, exprs)| BlockColumn {
            name: ColumnName::new(self.dialect, &name(place), Quoting::Bare),
            value: Value::Rows(exprs),
            position,
        });
        ResolvedBlock { outputs: outputs.collect(), ..ResolvedBlock::default() }
    }
}

/// Whether a text matches a pattern of ILIKE: `%` is any text, `_` any character, case is ignored.
fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut at, mut place) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while place < text.len() {
        match pattern.get(at) {
            Some('%') => {
                retry = Some((at + 1, place));
                at += 1;
            }
            Some(wanted) if *wanted == '_' || *wanted == text[place] => {
                at += 1;
                place += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    at = after;
                    place = from + 1;
                    retry = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|wanted| *wanted == '%')
}
