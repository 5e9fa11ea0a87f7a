//! Keys of a SELECT: those of its FROM that are projected, and those that grouping, DISTINCT and
//! `row_number()` make.

use std::collections::{BTreeMap, BTreeSet};

use super::equality::{Atom, Equalities, atom_of};
use super::outputs::Outputs;
use super::{BlockKey, FromKey, Prover};
use crate::aggregation;
use crate::dependency::Proof;
use crate::query::block::{Distinct, GroupBy, GroupingSets, ProjectionKind, Select};
use crate::query::tree::{BlockId, Expr, ExprId, List};
use crate::resolve::{Binding, Value};

impl Prover<'_> {
    pub(super) fn select(&mut self, id: BlockId, select: &Select) -> Vec<BlockKey> {
        let (from, mut equalities) = self.keys_of_from(id);
        for condition in select.selection.into_iter().chain(select.qualify) {
            equalities.add(self.tree, self.resolved, id, condition);
        }
        let from = reduced(from, &equalities);
        let all = Outputs::new(self.tree, self.resolved, id);
        let mut keys = match &select.group_by {
            GroupBy::None if aggregation::makes_one_row(self.tree, self.resolved, select) => {
                vec![BlockKey { columns: BTreeSet::new(), proof: Proof::inferred("aggregated to one row") }]
            }
            GroupBy::None => {
                let mut keys = self.projected(id, &from, &equalities);
                keys.extend(self.numbered(id, select, &all));
                keys
            }
            GroupBy::Keys { sets: GroupingSets::Several(_), .. } => Vec::new(),
            GroupBy::Keys { keys, sets: GroupingSets::Plain } => self.grouped(id, *keys, &from, &equalities, &all),
            GroupBy::All => self.grouped_by_all(id, select).into_iter().collect(),
        };
        if !aggregation::generators(self.tree, self.resolved, select).is_empty() {
            keys.clear();
        }
        // A group is one row again, whatever was made of the rows below it.
        let is_plain =
            select.group_by == GroupBy::None && !aggregation::makes_one_row(self.tree, self.resolved, select);
        if is_plain && !aggregation::generators_below(self.tree, select).is_empty() {
            keys.clear();
        }
        let outputs = self.resolved.block(id).outputs.len();
        match select.distinct {
            Distinct::All => {}
            Distinct::Distinct => {
                if self.resolved.block(id).rest.is_empty() {
                    let columns = (0..outputs).collect();
                    keys.push(BlockKey { columns, proof: Proof::inferred("duplicates are dropped by DISTINCT") });
                }
            }
            Distinct::On(on) => {
                let columns = self.tree.list(on).iter().map(|key| all.place_of(*key)).collect::<Option<_>>();
                let proof = || Proof::inferred("one row for each value of DISTINCT ON");
                keys.extend(columns.map(|columns| BlockKey { columns, proof: proof() }));
            }
        }
        keys
    }

    /// The keys of FROM whose columns are all projected.
    fn projected(&self, id: BlockId, from: &[FromKey], equalities: &Equalities) -> Vec<BlockKey> {
        if from.is_empty() {
            return Vec::new();
        }
        let representatives = equalities.representatives();
        let stand_in = |atom: &Atom| representatives.get(atom).unwrap_or(atom).clone();
        let mut outputs: BTreeMap<Atom, usize> = BTreeMap::new();
        for (place, column) in self.resolved.block(id).outputs.iter().enumerate() {
            let atom = match &column.value {
                Value::Expr(expr) => atom_of(self.tree, self.resolved, id, *expr),
                Value::Columns(parts) => match parts.as_slice() {
                    [part] => Some(part.clone()),
                    _ => None,
                },
                Value::Branches(_) | Value::Rows(_) => None,
            };
            if let Some(atom) = atom {
                outputs.entry(stand_in(&atom)).or_insert(place);
            }
        }
        let key = |key: &FromKey| {
            let columns: Option<BTreeSet<usize>> =
                key.columns.iter().map(|atom| outputs.get(&stand_in(atom)).copied()).collect();
            columns.map(|columns| BlockKey { columns, proof: key.proof.clone() })
        };
        from.iter().filter_map(key).collect()
    }

    /// GROUP BY makes its keys unique; if they hold a key of FROM, that is enough.
    fn grouped(
        &self,
        id: BlockId,
        keys: List,
        from: &[FromKey],
        equalities: &Equalities,
        all: &Outputs<'_>,
    ) -> Vec<BlockKey> {
        let exprs = self.tree.list(keys);
        let columns: Option<BTreeSet<usize>> = exprs.iter().map(|key| all.place_of(*key)).collect();
        let proof = if exprs.is_empty() {
            Proof::inferred("aggregated to one row")
        } else {
            Proof::inferred("one row for each GROUP BY key")
        };
        let mut found: Vec<BlockKey> =
            columns.into_iter().map(|columns| BlockKey { columns, proof: proof.clone() }).collect();
        let atoms: BTreeSet<Atom> =
            exprs.iter().filter_map(|expr| atom_of(self.tree, self.resolved, id, *expr)).collect();
        let within: Vec<FromKey> = from.iter().filter(|key| key.columns.is_subset(&atoms)).cloned().collect();
        found.extend(self.projected(id, &within, equalities));
        found
    }

    fn grouped_by_all(&self, id: BlockId, select: &Select) -> Option<BlockKey> {
        if !self.resolved.block(id).rest.is_empty()
            || select.projection.iter().any(|item| !matches!(item.kind, ProjectionKind::Expr(..)))
        {
            return None;
        }
        let outputs = self.resolved.block(id).outputs.iter().enumerate();
        let keys = outputs.filter(|(_, column)| match &column.value {
            Value::Expr(expr) => !aggregation::aggregates(self.tree, *expr),
            _ => true,
        });
        let columns = keys.map(|(place, _)| place).collect();
        Some(BlockKey { columns, proof: Proof::inferred("one row for each GROUP BY key") })
    }

    /// `row_number()` is unique with what it is partitioned by; alone, where QUALIFY keeps number 1.
    fn numbered(&self, id: BlockId, select: &Select, all: &Outputs<'_>) -> Vec<BlockKey> {
        let mut keys = Vec::new();
        for (place, column) in self.resolved.block(id).outputs.iter().enumerate() {
            let Value::Expr(expr) = column.value else { continue };
            let Some(partition) = self.row_number(expr) else { continue };
            let columns: Option<BTreeSet<usize>> = partition.iter().map(|key| all.place_of(*key)).collect();
            if let Some(mut columns) = columns {
                columns.insert(place);
                keys.push(BlockKey { columns, proof: Proof::inferred("numbered by row_number") });
            }
        }
        let mut ahead: Vec<ExprId> = select.qualify.into_iter().collect();
        while let Some(expr) = ahead.pop() {
            let Expr::Apply(operator, args) = self.tree.expr(expr) else { continue };
            let args = self.tree.list(*args);
            match (self.tree.text(*operator), args) {
                ("and", _) => ahead.extend(args),
                ("=" | "<=", [number, one]) => {
                    let first = matches!(self.tree.expr(*one), Expr::Literal(_, text) if self.tree.text(*text) == "1");
                    let number = match self.resolved.binding(*number) {
                        Some(Binding::Alias(alias, _)) => *alias,
                        _ => *number,
                    };
                    if let Some(partition) = self.row_number(number).filter(|_| first) {
                        let columns = partition.iter().map(|key| all.place_of(*key)).collect::<Option<_>>();
                        let proof = || Proof::inferred("only the first of each row_number partition");
                        keys.extend(columns.map(|columns| BlockKey { columns, proof: proof() }));
                    }
                }
                _ => {}
            }
        }
        keys
    }

    /// What a `row_number()` is partitioned by.
    fn row_number(&self, expr: ExprId) -> Option<&[ExprId]> {
        let Expr::Call { function, clauses: Some(clauses), .. } = self.tree.expr(expr) else { return None };
        let window = clauses.over.as_ref().filter(|window| window.base.is_none())?;
        (self.tree.text(*function) == "row_number").then(|| self.tree.list(window.partition_by))
    }
}

/// Keys without what is equal to another column of theirs, or has one value.
fn reduced(keys: Vec<FromKey>, equalities: &Equalities) -> Vec<FromKey> {
    if keys.is_empty() {
        return keys;
    }
    let representatives = equalities.representatives();
    let stand_in = |atom: &Atom| representatives.get(atom).unwrap_or(atom).clone();
    let fixed: BTreeSet<Atom> = equalities.fixed.iter().map(stand_in).collect();
    let reduce = |key: FromKey| {
        let columns = key.columns.iter().map(stand_in).filter(|atom| !fixed.contains(atom)).collect();
        FromKey { columns, ..key }
    };
    super::least(keys.into_iter().map(reduce).collect())
}
