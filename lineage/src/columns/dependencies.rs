//! Sets of dependencies, compact: parts of relations are numbered, and a set is a sorted list.

use crate::dependency::{ColumnPath, EdgeKind, InputId, Slot};
use crate::diagnostic::Position;
use crate::hashing::HashMap;

/// One dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dep {
    pub(super) input: InputId,
    pub(super) slot: SlotId,
    pub(super) kind: EdgeKind,
    pub(super) position: Position,
}

impl Dep {
    /// The same, one step further downstream.
    pub(super) fn then(self, next: EdgeKind) -> Self {
        Self { kind: self.kind.then(next), ..self }
    }
}

/// The number of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SlotId(u32);

/// The parts of relations that a statement depends on.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    /// Of each part the column that it is or is in, if it is one.
    columns: Vec<Option<SlotId>>,
    ids: HashMap<Slot, SlotId>,
}

impl Slots {
    pub(super) fn id(&mut self, slot: Slot) -> SlotId {
        if let Some(id) = self.ids.get(&slot) {
            return *id;
        }
        let whole = match &slot {
            Slot::Column(path) if !path.fields().is_empty() => {
                Some(self.id(Slot::Column(ColumnPath::whole(path.column.clone()))))
            }
            Slot::Column(_) | Slot::Rows | Slot::Any => None,
        };
        let id = SlotId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.columns.push(if matches!(slot, Slot::Column(_)) { whole.or(Some(id)) } else { None });
        self.slots.push(slot.clone());
        self.ids.insert(slot, id);
        id
    }

    /// The column that a part is or is in.
    pub(super) fn column(&self, id: SlotId) -> Option<SlotId> {
        self.columns[id.0 as usize]
    }

    pub(super) fn slot(&self, id: SlotId) -> &Slot {
        &self.slots[id.0 as usize]
    }

    /// A field of the column that a part is; the part itself where it is none.
    pub(super) fn field(&mut self, id: SlotId, fields: &[crate::name::ColumnName]) -> SlotId {
        if fields.is_empty() {
            return id;
        }
        match self.slot(id) {
            Slot::Column(path) => {
                let mut inner = path.fields().to_vec();
                inner.extend_from_slice(fields);
                inner.truncate(MAX_DEPTH);
                let path = ColumnPath::field(path.column.clone(), &inner);
                self.id(Slot::Column(path))
            }
            Slot::Rows | Slot::Any => id,
        }
    }
}

/// Fields of fields are told apart so deep; deeper ones count as the whole of what they are in. A
/// recursive query can go down for ever.
const MAX_DEPTH: usize = 8;

/// Sorts a list and keeps of each dependency the first place.
pub(super) fn normal(mut deps: Vec<Dep>) -> Vec<Dep> {
    deps.sort_unstable();
    deps.dedup_by(|later, first| (later.input, later.slot, later.kind) == (first.input, first.slot, first.kind));
    deps
}

/// How something flows from a column of a FROM item to what depends on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// In which way.
    pub(super) kind: EdgeKind,
    /// Where it is used.
    pub(super) position: Position,
    /// How many joins of the block are done there: in the condition of a join those before it, in an
    /// UNNEST those before that.
    pub(super) joins: usize,
}

impl Way {
    /// A way from what stands behind all joins.
    pub(super) const fn new(kind: EdgeKind, position: Position) -> Self {
        Self { kind, position, joins: usize::MAX }
    }

    /// The same with another step at its beginning.
    pub(super) fn after(self, step: EdgeKind) -> Self {
        Self { kind: step.then(self.kind), ..self }
    }

    /// The same from what stands behind the first joins only.
    pub(super) const fn behind(self, joins: usize) -> Self {
        Self { joins, ..self }
    }
}
