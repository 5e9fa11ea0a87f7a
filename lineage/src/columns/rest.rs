//! The columns that pass through a block by their own names, from relations whose columns are not all
//! known.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::block::{Composer, FlatRest};
use super::dependencies::{Dep, Way};
use super::slot_of;
use crate::dependency::{ColumnPath, EdgeKind, Slot};
use crate::diagnostic::Position;
use crate::name::ColumnName;
use crate::query::tree::BlockId;
use crate::resolve::RestOf;
use crate::scope::{ColumnAt, ItemSource, Reshaped};

impl Composer<'_> {
    /// The dependency of a column that passes through, or of all of them, on what it passes from.
    fn through(&mut self, rest: &FlatRest, name: Option<&ColumnName>, fields: &[ColumnName]) -> Dep {
        let slot = match (&rest.inside, name) {
            (None, None) => Slot::Any,
            (None, Some(name)) => slot_of(ColumnPath::field(name.clone(), fields)),
            (Some(path), None) => slot_of(path.clone()),
            (Some(path), Some(name)) => {
                let below: Vec<ColumnName> =
                    path.fields().iter().chain(std::iter::once(name)).chain(fields).cloned().collect();
                slot_of(ColumnPath::field(path.column.clone(), &below))
            }
        };
        let position = self.resolved.inputs.get(rest.input.index()).map_or(Position::START, |input| input.position);
        Dep { input: rest.input, slot: self.slots.id(slot), kind: rest.kind, position }
    }

    /// Adds what a column of a rest depends on, or all of its columns.
    pub(super) fn passing(
        &mut self,
        rest: &FlatRest,
        name: Option<&ColumnName>,
        fields: &[ColumnName],
        kind: EdgeKind,
        out: &mut Vec<Dep>,
    ) {
        let dep = self.through(rest, name, fields);
        out.push(dep.then(kind));
        out.extend(rest.also.iter().map(|dep| dep.then(kind)));
    }

    /// Adds what all columns that pass through a block depend on.
    pub(super) fn all_passing(&mut self, id: BlockId, kind: EdgeKind, out: &mut Vec<Dep>) {
        for rest in self.rest(id) {
            self.passing(&rest, None, &[], kind, out);
        }
    }

    /// The columns that pass through a block.
    pub(super) fn rest(&mut self, id: BlockId) -> Vec<FlatRest> {
        let resolved = self.resolved;
        let block = resolved.block(id);
        let mut found: Vec<FlatRest> = Vec::new();
        let mut beside: Vec<Dep> = Vec::new();
        for rest in &block.rest {
            match &rest.of {
                RestOf::Item(item) => found.extend(self.item_rest(id, *item, &rest.except)),
                RestOf::Fields(expr) => {
                    let mut deps = Vec::new();
                    let way = Way::new(EdgeKind::Identity, self.tree.block(id).position);
                    self.expression(id, *expr, way, &mut deps);
                    found.extend(self.fields_of(deps, &rest.except));
                }
                RestOf::Record(uses) => {
                    let mut deps = Vec::new();
                    let way = Way::new(EdgeKind::Identity, self.tree.block(id).position);
                    for used in uses {
                        self.item_column(used.block, used.item, &used.column, &used.fields, way, &mut deps);
                    }
                    found.extend(self.fields_of(deps, &rest.except));
                }
                RestOf::Branch(branch) => {
                    let flat = self.flat(*branch);
                    found.extend(flat.rest.iter().map(|inner| inner.without(&rest.except)));
                }
                RestOf::AnyOf(branch) => {
                    self.block_column(*branch, &ColumnAt::All, &[], EdgeKind::Transformation, &mut beside);
                }
            }
        }
        if !beside.is_empty() {
            let beside = self.normal(beside);
            for rest in &mut found {
                rest.also = self.both(&rest.also, &beside);
            }
        }
        found
    }

    fn item_rest(&mut self, id: BlockId, item: usize, except: &Arc<BTreeSet<ColumnName>>) -> Vec<FlatRest> {
        let resolved = self.resolved;
        let Some(found) = resolved.block(id).from.items.get(item) else { return Vec::new() };
        let nullable = self.nullable_of(id, item);
        let mut rest: Vec<FlatRest> = match &found.source {
            ItemSource::Input(input) => {
                let except = Arc::clone(except);
                vec![FlatRest { input: *input, inside: None, except, also: Rc::from([]), kind: EdgeKind::Identity }]
            }
            ItemSource::Block(inner) | ItemSource::Recursive(inner) => {
                let flat = self.flat(*inner);
                flat.rest.iter().map(|rest| rest.without(except)).collect()
            }
            ItemSource::Reshaped(reshaped) if reshaped.except.is_some() => {
                let without = except.iter().chain(reshaped.except.iter().flatten()).cloned();
                let without = Arc::new(without.collect());
                let below = self.open_below(id, item, reshaped);
                let mut rest: Vec<FlatRest> =
                    below.into_iter().flat_map(|item| self.item_rest(id, item, &without)).collect();
                // A column that nobody names may as well be one that a PIVOT makes of a value.
                if let Some(made) = self.made_at_run_time(id, item, reshaped) {
                    for rest in &mut rest {
                        rest.also = self.both(&rest.also, &made);
                    }
                }
                rest
            }
            ItemSource::Reshaped(reshaped) => match self.made_at_run_time(id, item, reshaped) {
                Some(made) => self.fields_of(made.to_vec(), except),
                None => Vec::new(),
            },
            ItemSource::Unnest { .. } | ItemSource::Function { .. } => {
                let mut deps = Vec::new();
                let way = Way::new(EdgeKind::Identity, self.tree.block(id).position);
                self.item_column(id, item, &ColumnAt::All, &[], way, &mut deps);
                self.fields_of(deps, except)
            }
        };
        if !nullable.is_empty() {
            for rest in &mut rest {
                rest.also = self.both(&rest.also, &nullable);
            }
        }
        rest
    }

    /// What the columns depend on that a PIVOT makes of values that are not known.
    fn made_at_run_time(&mut self, id: BlockId, item: usize, reshaped: &Reshaped) -> Option<Rc<[Dep]>> {
        let other = reshaped.other.as_ref()?;
        let mut deps = Vec::new();
        let way = Way::new(EdgeKind::Identity, self.tree.block(id).position);
        self.made_of(id, (item, reshaped), other, &[], way, &mut deps);
        Some(self.normal(deps))
    }

    pub(super) fn both(&mut self, one: &[Dep], other: &[Dep]) -> Rc<[Dep]> {
        self.normal(one.iter().chain(other).copied().collect())
    }

    /// The fields of what depends on these: those of the columns among them, and all that is beside.
    fn fields_of(&mut self, deps: Vec<Dep>, except: &Arc<BTreeSet<ColumnName>>) -> Vec<FlatRest> {
        let except = Arc::clone(except);
        let deps = self.normal(deps);
        let direct = |slots: &super::Slots, dep: &Dep| match slots.slot(dep.slot) {
            Slot::Column(path) if dep.kind.is_direct() => Some(path.clone()),
            _ => None,
        };
        let beside: Vec<Dep> = deps.iter().filter(|dep| direct(&self.slots, dep).is_none()).copied().collect();
        let beside: Rc<[Dep]> = Rc::from(beside);
        let fields = deps.iter().filter_map(|dep| {
            let inside = Some(direct(&self.slots, dep)?);
            Some(FlatRest {
                input: dep.input,
                inside,
                except: Arc::clone(&except),
                also: Rc::clone(&beside),
                kind: dep.kind,
            })
        });
        let fields: Vec<FlatRest> = fields.collect();
        if !fields.is_empty() {
            return fields;
        }
        // Nothing has fields: whatever is asked for depends on all of it.
        let input = beside.first().map(|dep| dep.input);
        let whole = input.map(|input| FlatRest { input, inside: None, except, also: beside, kind: EdgeKind::Unknown });
        whole.into_iter().collect()
    }
}

impl FlatRest {
    /// The same without some more columns.
    fn without(&self, except: &Arc<BTreeSet<ColumnName>>) -> Self {
        let except = if except.is_subset(&self.except) {
            Arc::clone(&self.except)
        } else if self.except.is_subset(except) {
            Arc::clone(except)
        } else {
            Arc::new(self.except.union(except).cloned().collect())
        };
        Self { except, ..self.clone() }
    }
}
