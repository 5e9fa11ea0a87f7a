//! Effects carried from part to part: a worklist over the columns and rows of head, and of base for
//! what is gone. Effects at a place only ever grow, and there are finitely many, so it ends on any
//! graph, circles included. It must not know jobs.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use rayon::prelude::*;

use crate::change::followed::Followed;
use crate::change::query::{self, Copied};
use crate::change::{ChangeKind, Comparison, Effect, EffectKind, own};
use crate::dependency::{ColumnPath, EdgeKind, Extent, Ground};
use crate::diagnostic::Position;
use crate::graph::columns::{ColumnEdge, ColumnGraph, ColumnId, ColumnNode, Part};
use crate::graph::{LineageGraph, Node};
use crate::name::ColumnName;
use crate::relation::{Body, Relation, RelationId, RelationKind};

use super::Reach;
use super::carry::{Carried, Copies, carried};
use super::concerned::OfBoth;
use super::gone::{GoneRead, read_of_gone};

/// So many readers are asked what they make of copies of rows; of others it is said by rule.
const MOST_ASKED: usize = 200;

/// Where an effect is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// A part of a relation of head.
    Part(ColumnId),
    /// A relation of head as a whole.
    Whole(Node),
    /// A column that a relation of head no longer has.
    Lost(Node, ColumnName),
    /// A relation that head no longer has, by its place in base.
    Gone(Node),
}

/// One effect at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Hit {
    pub(super) place: Place,
    pub(super) kind: EffectKind,
}

/// How an effect came to be where it is.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) reach: Reach,
    /// From where, and by which dependency; `None` where it started.
    pub(super) from: Option<(Hit, Option<Link>)>,
    /// How many steps there are from where it started.
    pub(super) depth: usize,
    /// Why it cannot be told, where it cannot.
    pub(super) reason: Option<Arc<str>>,
}

/// A dependency that an effect came by.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) way: EdgeKind,
    pub(super) path: Arc<str>,
    pub(super) position: Position,
}

impl From<&ColumnEdge> for Link {
    fn from(edge: &ColumnEdge) -> Self {
        Self { way: edge.kind, path: Arc::clone(&edge.path), position: edge.position }
    }
}

/// Effects on their way.
pub(super) struct Walk<'a> {
    pub(super) base: &'a LineageGraph,
    pub(super) head: &'a LineageGraph,
    /// The columns and rows of both versions, as far as anything can arrive there.
    of_base: Arc<ColumnGraph>,
    pub(super) columns: Arc<ColumnGraph>,
    pub(super) known: BTreeMap<Hit, Known>,
    ahead: VecDeque<Hit>,
    copies: HashMap<Node, Copies>,
    /// What readers make of copies of rows of what they read.
    copied: HashMap<(Node, Node), Option<Copied>>,
    /// The relations of head whose own queries changed: what they read otherwise now is told already.
    changed: BTreeSet<Node>,
    /// What arrives at each relation of head.
    by_relation: HashMap<Node, Vec<Hit>>,
    /// What has another name, and who follows.
    pub(super) followed: Followed,
}

impl<'a> Walk<'a> {
    /// A walk among some relations of both versions.
    pub(super) fn new(base: &'a LineageGraph, head: &'a LineageGraph, (of_base, of_head): &OfBoth) -> Self {
        let (of_base, columns) = rayon::join(|| base.columns_of(of_base), || head.columns_of(of_head));
        Self {
            base,
            head,
            of_base,
            columns,
            known: BTreeMap::new(),
            ahead: VecDeque::new(),
            copies: HashMap::new(),
            copied: HashMap::new(),
            changed: BTreeSet::new(),
            by_relation: HashMap::new(),
            followed: Followed::default(),
        }
    }

    /// Starts everything that changed.
    pub(super) fn start(&mut self, comparison: &Comparison) {
        self.followed = comparison.followed.clone();
        let is_in_query =
            |effect: &Effect| !matches!(effect.kind, EffectKind::Config | EffectKind::Moved | EffectKind::MayFail);
        let of_queries = comparison.changes.iter().filter(|change| change.effects.iter().any(is_in_query));
        self.changed.extend(of_queries.filter_map(|change| self.head.by_id(&change.id)));
        for change in &comparison.changes {
            let reach = if change.unknown.is_some() { Reach::Unknown } else { Reach::Reached };
            let reason = change.unknown.as_ref().map(|reason| Arc::from(format!("{}: {reason}", change.name)));
            let start = Known { reach, from: None, depth: 0, reason };
            match (change.kind, self.head.by_id(&change.id), self.base.by_id(&change.id)) {
                (ChangeKind::Removed, _, Some(gone)) => {
                    self.arrive(Hit { place: Place::Gone(gone), kind: EffectKind::Removed }, start);
                }
                (ChangeKind::Renamed, Some(node), _) => {
                    if let Some(gone) = self.followed.before(&change.id).and_then(|id| self.base.by_id(id)) {
                        self.arrive(Hit { place: Place::Gone(gone), kind: EffectKind::Moved }, start.clone());
                    }
                    change.effects.iter().for_each(|effect| self.start_effect(node, effect, &start));
                }
                (_, Some(node), _) => change.effects.iter().for_each(|effect| self.start_effect(node, effect, &start)),
                _ => {}
            }
        }
    }

    fn start_effect(&mut self, node: Node, effect: &Effect, start: &Known) {
        let kind = effect.kind;
        match (&effect.column, kind) {
            (Some(column), EffectKind::Removed) => {
                self.arrive(Hit { place: Place::Lost(node, column.clone()), kind }, start.clone());
            }
            (Some(column), _) => self.column(node, column, kind, start),
            (None, EffectKind::Unspecified) => self.whole_of(node, kind, start),
            (
                None,
                EffectKind::RowsAdded | EffectKind::RowsRemoved | EffectKind::RowsDuplicated | EffectKind::Regrained,
            ) => self.rows(node, kind, start),
            // Whichever column it is.
            (None, EffectKind::Revalued) => {
                let columns = Arc::clone(&self.columns);
                for id in columns.parts_of(node) {
                    if columns.node(id).part != Part::Rows {
                        self.arrive(Hit { place: Place::Part(id), kind }, start.clone());
                    }
                }
            }
            (None, _) => self.arrive(Hit { place: Place::Whole(node), kind }, start.clone()),
        }
    }

    /// Something may be read that could not be found.
    pub(super) fn start_where_reads_are_incomplete(&mut self) {
        for node in self.head.nodes() {
            let relation = self.head.relation(node);
            let reason = relation.writers.iter().find_map(|writer| writer.incomplete.as_ref());
            if let Some(reason) = reason {
                let reason = format!("{} may read more than could be found: {reason}", relation.name);
                let start = Known { reach: Reach::Unknown, from: None, depth: 0, reason: Some(Arc::from(reason)) };
                self.whole_of(node, EffectKind::Unspecified, &start);
            }
        }
    }

    fn column(&mut self, node: Node, column: &ColumnName, kind: EffectKind, known: &Known) {
        let columns = Arc::clone(&self.columns);
        let own =
            columns.parts_of(node).filter(|id| columns.node(*id).column().is_some_and(|path| path.column == *column));
        let mut own: Vec<ColumnId> = own.collect();
        if own.is_empty() {
            own.extend(columns.part(node, &Part::Others));
        }
        for id in own {
            self.arrive(Hit { place: Place::Part(id), kind }, known.clone());
        }
    }

    fn rows(&mut self, node: Node, kind: EffectKind, known: &Known) {
        if let Some(rows) = self.columns.part(node, &Part::Rows) {
            self.arrive(Hit { place: Place::Part(rows), kind }, known.clone());
        }
    }

    /// An effect on every column and the rows.
    fn whole_of(&mut self, node: Node, kind: EffectKind, known: &Known) {
        for id in Arc::clone(&self.columns).parts_of(node) {
            self.arrive(Hit { place: Place::Part(id), kind }, known.clone());
        }
    }

    /// Adds what arrives to what is there; whoever learns something new tells his readers.
    fn arrive(&mut self, hit: Hit, arriving: Known) {
        if self.known.get(&hit).is_none_or(|known| arriving.reach > known.reach) {
            let first = self.known.insert(hit.clone(), arriving).is_none();
            let node = match &hit.place {
                Place::Part(id) => Some(self.columns.node(*id).relation),
                Place::Whole(node) | Place::Lost(node, _) => Some(*node),
                Place::Gone(_) => None,
            };
            if let (true, Some(node)) = (first, node) {
                self.by_relation.entry(node).or_default().push(hit.clone());
                self.shift(node, &hit);
            }
            self.ahead.push_back(hit);
        }
    }

    /// Carries effects as far as they go.
    pub(super) fn run(&mut self) {
        while let Some(hit) = self.ahead.pop_front() {
            let Some(known) = self.known.get(&hit).cloned() else { continue };
            match hit.place.clone() {
                Place::Part(id) => self.leave_part(id, &hit, &known),
                Place::Whole(node) => self.leave_whole(node, &hit, &known),
                Place::Lost(node, column) => self.leave_lost(node, &column, &hit, &known),
                Place::Gone(node) => self.leave_gone(node, &hit, &known),
            }
        }
    }

    fn leave_part(&mut self, id: ColumnId, hit: &Hit, known: &Known) {
        let columns = Arc::clone(&self.columns);
        let read = &columns.node(id).part;
        if hit.kind == EffectKind::RowsDuplicated {
            self.ask(columns.node(id).relation, columns.downstream(id).map(|(to, _)| columns.node(to).relation));
        }
        for (to, edge) in columns.downstream(id) {
            let reader = columns.node(to);
            if hit.kind == EffectKind::Added && self.is_followed(columns.node(id), reader) {
                continue;
            }
            if hit.kind == EffectKind::RowsDuplicated
                && let Some(kinds) = self.copies_at(columns.node(id).relation, reader)
            {
                for kind in kinds {
                    self.arrive(Hit { place: Place::Part(to), kind }, known.behind(hit, Some(edge.into())));
                }
                continue;
            }
            let copies = self.copies(reader.relation);
            let next = known.behind(hit, Some(edge.into()));
            match carried(hit.kind, read, edge.kind, &reader.part, copies) {
                Carried::As(kinds) => {
                    for kind in kinds {
                        self.arrive(Hit { place: Place::Part(to), kind: *kind }, next.clone());
                    }
                }
                Carried::Same => {
                    let kind = self.as_there(hit.kind, reader.relation, &reader.part);
                    self.arrive(Hit { place: Place::Part(to), kind }, next);
                }
                Carried::Perhaps => {
                    let next = Known { reach: Reach::Unknown, reason: Some(self.doubt(id, to, &next)), ..next };
                    self.arrive(Hit { place: Place::Part(to), kind: EffectKind::Unspecified }, next);
                }
            }
        }
    }

    /// Whether a column that has another name is read under it by who was compared so: nothing is new
    /// there, unless it passes the name on.
    fn is_followed(&self, read: &ColumnNode, reader: &ColumnNode) -> bool {
        let id = |node: Node| &self.head.relation(node).id;
        if read.relation == reader.relation || !self.followed.is_settled(id(reader.relation)) {
            return false;
        }
        let Some(path) = read.column() else { return false };
        let is_renamed = self.followed.columns(id(read.relation)).iter().any(|column| column.head == path.column);
        let passes_on = |path: &ColumnPath| {
            self.followed.columns(id(reader.relation)).iter().any(|column| column.head == path.column)
        };
        is_renamed && !reader.column().is_some_and(passes_on)
    }

    /// A column that a reader had before is not new there, and only holds something else.
    fn as_there(&self, kind: EffectKind, reader: Node, part: &Part) -> EffectKind {
        let before = || own(self.base, &self.head.relation(reader).id);
        match (kind, part) {
            (EffectKind::Added, Part::Column(path))
                if before().is_some_and(|node| has(self.base, &self.of_base, node, path)) =>
            {
                EffectKind::Revalued
            }
            _ => kind,
        }
    }

    /// Asks readers of a relation what their queries make of copies of its rows. The queries are read anew for that,
    /// so it is done for so many only.
    fn ask(&mut self, read: Node, readers: impl Iterator<Item = Node>) {
        let mut asked: Vec<Node> = Vec::new();
        for reader in readers.filter(|reader| *reader != read) {
            if self.copied.len() + asked.len() >= MOST_ASKED {
                break;
            }
            if !asked.contains(&reader) && !self.copied.contains_key(&(read, reader)) {
                asked.push(reader);
            }
        }
        let head = self.head;
        let found: Vec<_> =
            asked.into_par_iter().map(|reader| ((read, reader), copied_into(head, read, reader))).collect();
        self.copied.extend(found);
    }

    /// What a part of a reader makes of copies of rows of what it reads, by its query; `None` if that is
    /// not worked out.
    fn copies_at(&self, read: Node, reader: &ColumnNode) -> Option<Vec<EffectKind>> {
        let copied = self.copied.get(&(read, reader.relation))?.as_ref()?;
        match &reader.part {
            Part::Rows => Some(copied.rows.iter().copied().collect()),
            Part::Column(path) => {
                let shows = copied.columns.contains(&path.column);
                Some(if shows { vec![EffectKind::Revalued] } else { Vec::new() })
            }
            Part::Others | Part::Any | Part::Every => None,
        }
    }

    /// Whether copies of rows below can be told in a relation's rows.
    fn copies(&mut self, node: Node) -> Copies {
        *self.copies.entry(node).or_insert_with(|| {
            let is_by_itself = self.head.shape(node).keys.iter().any(|key| key.proof.ground == Ground::Inferred);
            if is_by_itself { Copies::Absorbed } else { Copies::Seen }
        })
    }

    /// Why it cannot be told whether one part depends on another.
    fn doubt(&self, read: ColumnId, reader: ColumnId, known: &Known) -> Arc<str> {
        if let Some(reason) = &known.reason {
            return Arc::clone(reason);
        }
        let columns = Arc::clone(&self.columns);
        let (read, reader) = (columns.node(read).relation, columns.node(reader).relation);
        let because = self.head.openness(reader).first().map(|reason| format!(": {}", reason.message));
        let (read, reader) = (&self.head.relation(read).name, &self.head.relation(reader).name);
        Arc::from(format!(
            "how {reader} depends on {read} could not be worked out{}",
            because.as_deref().unwrap_or_default()
        ))
    }

    fn leave_whole(&mut self, node: Node, hit: &Hit, known: &Known) {
        match hit.kind {
            // A run that fails leaves what is below as it was, or fails with it.
            kind @ (EffectKind::Broken | EffectKind::MayFail) => {
                for child in self.head.children(node).into_iter().filter(|child| *child != node) {
                    let next = known.behind(hit, self.site(node, child));
                    self.arrive(Hit { place: Place::Whole(child), kind }, next);
                }
            }
            // Who declares a table now that was there before changes nobody's rows.
            EffectKind::Added if !is_declared_now(self.base, self.head.relation(node)) => {
                let mut readers = self.head.children(node);
                readers.retain(|reader| *reader != node && !self.changed.contains(reader));
                for child in readers {
                    let next = known.behind(hit, self.site(node, child));
                    self.whole_of(child, EffectKind::Unspecified, &next);
                }
            }
            EffectKind::Reordered => self.readers_by_place(node, hit, known),
            EffectKind::Moved => {
                if let Some(before) = own(self.base, &self.head.relation(node).id) {
                    self.readers_by_name(before, hit, known);
                }
            }
            _ => {}
        }
    }

    /// A column that is gone: who names it fails, and where it passed by a star it is gone as well.
    fn leave_lost(&mut self, node: Node, column: &ColumnName, hit: &Hit, known: &Known) {
        let path = ColumnPath::whole(column.clone());
        let is_open = self.head.shape(node).extent == Extent::Open;
        let columns = Arc::clone(&self.columns);
        if let Some(id) = columns.part(node, &Part::Column(path.clone())) {
            for (to, edge) in columns.downstream(id) {
                let reader = columns.node(to);
                if reader.relation == node {
                    continue;
                }
                let next = known.behind(hit, Some(edge.into()));
                let by_star = is_open && edge.kind == EdgeKind::Identity && reader.column() == Some(&path);
                let place =
                    if by_star { Place::Lost(reader.relation, column.clone()) } else { Place::Whole(reader.relation) };
                let kind = if by_star { EffectKind::Removed } else { EffectKind::Broken };
                self.arrive(Hit { place, kind }, next);
            }
        }
        let Some(before) = own(self.base, &self.head.relation(node).id) else { return };
        let columns = Arc::clone(&self.of_base);
        let Some(id) = columns.part(before, &Part::Column(path)) else { return };
        let followed =
            self.followed.columns(&self.head.relation(node).id).iter().any(|renamed| renamed.base == *column);
        for (to, edge) in columns.downstream(id) {
            let reader = columns.node(to);
            let Some(now) = own(self.head, &self.base.relation(reader.relation).id) else { continue };
            // Who was compared under its old name loses it only if he passed it on.
            if followed && now != node && self.followed.is_settled(&self.head.relation(now).id) {
                let renamed = self.followed.columns(&self.head.relation(now).id);
                let passes_on = |path: &ColumnPath| renamed.iter().any(|other| other.base == path.column);
                if !reader.column().is_some_and(passes_on) {
                    continue;
                }
            }
            let next = known.behind(hit, Some(edge.into()));
            match &reader.part {
                Part::Column(path)
                    if now != node && path.fields().is_empty() && !has(self.head, &self.columns, now, path) =>
                {
                    self.arrive(Hit { place: Place::Lost(now, path.column.clone()), kind: EffectKind::Removed }, next);
                }
                // Fewer columns are compared as a whole.
                Part::Rows if edge.kind == EdgeKind::Distinct => self.rows(now, EffectKind::Regrained, &next),
                _ => {}
            }
        }
    }

    /// A column that comes or goes moves those behind it.
    fn shift(&mut self, node: Node, hit: &Hit) {
        let is_column = match &hit.place {
            Place::Part(id) => self.columns.node(*id).column().is_some(),
            Place::Lost(..) => true,
            Place::Whole(_) | Place::Gone(_) => false,
        };
        if is_column && matches!(hit.kind, EffectKind::Added | EffectKind::Removed) {
            let moved = Hit { place: Place::Whole(node), kind: EffectKind::Reordered };
            if !self.known.contains_key(&moved)
                && let Some(known) = self.known.get(hit).cloned()
            {
                self.arrive(moved, known.behind(hit, None));
            }
        }
    }

    /// Who reads columns by their places, as a UNION of stars does, reads others now: the same query
    /// makes other columns of the same columns.
    fn readers_by_place(&mut self, node: Node, hit: &Hit, known: &Known) {
        let (base, head) = (self.base, self.head);
        let Some(before) = own(base, &head.relation(node).id) else { return };
        for reader in head.children(node) {
            let Some(was) = own(base, &head.relation(reader).id) else { continue };
            let is_settled = self.followed.is_settled(&head.relation(reader).id);
            if reader == node || self.changed.contains(&reader) || is_settled {
                continue;
            }
            let next = known.behind(hit, self.site(node, reader));
            let (of_base, columns) = (Arc::clone(&self.of_base), Arc::clone(&self.columns));
            for id in columns.columns_of(reader) {
                let Some(path) = columns.node(id).column() else { continue };
                let Some(old) = of_base.part(was, &Part::Column(path.clone())) else { continue };
                if sources(&of_base, old, before) != sources(&columns, id, node) {
                    self.arrive(Hit { place: Place::Part(id), kind: EffectKind::Revalued }, next.clone());
                }
            }
            if order_of(base, was, head, reader) != order_of(head, reader, base, was) {
                self.arrive(Hit { place: Place::Whole(reader), kind: EffectKind::Reordered }, next);
            }
        }
    }

    /// Whoever still reads what is gone is broken; whoever finds another relation by the same name
    /// reads other rows. Who stopped reading it has changed by himself.
    fn leave_gone(&mut self, gone: Node, hit: &Hit, known: &Known) {
        self.readers_by_name(gone, hit, known);
        // Whoever finds it by its other name and was not compared so read something else before.
        let now = self.followed.now(&self.base.relation(gone).id).and_then(|id| own(self.head, id));
        let Some(now) = now else { return };
        for reader in self.head.children(now).into_iter().filter(|reader| *reader != now) {
            let is_told = self.changed.contains(&reader) || self.followed.is_settled(&self.head.relation(reader).id);
            if !is_told {
                let next = known.behind(hit, self.site(now, reader));
                self.whole_of(reader, EffectKind::Unspecified, &next);
            }
        }
    }

    fn readers_by_name(&mut self, before: Node, hit: &Hit, known: &Known) {
        let base = self.base;
        for reader in base.children(before) {
            let Some(now) = own(self.head, &base.relation(reader).id) else { continue };
            let site = base.read_sites(before, reader).first().map(|site| Link {
                way: EdgeKind::Rows,
                path: Arc::clone(&site.path),
                position: site.position,
            });
            let next = known.behind(hit, site);
            match read_of_gone(self.head, now, base.relation(before)) {
                GoneRead::Lost => self.arrive(Hit { place: Place::Whole(now), kind: EffectKind::Broken }, next),
                GoneRead::Elsewhere => self.whole_of(now, EffectKind::Unspecified, &next),
                GoneRead::Given => {}
            }
        }
    }

    fn site(&self, read: Node, reader: Node) -> Option<Link> {
        let site = *self.head.read_sites(read, reader).first()?;
        Some(Link { way: EdgeKind::Rows, path: Arc::clone(&site.path), position: site.position })
    }
}

impl Walk<'_> {
    /// What arrives at a relation of head.
    pub(super) fn at(&self, node: Node) -> Vec<(&Hit, &Known)> {
        self.by_relation.get(&node).into_iter().flatten().filter_map(|hit| Some((hit, self.known.get(hit)?))).collect()
    }

    /// Whether the way to one effect is to be shown before that to another: what is sure before what is
    /// not, then the shorter.
    pub(super) fn is_before(&self, one: &Hit, other: &Hit) -> bool {
        let key = |hit: &Hit| self.known.get(hit).map(|known| (std::cmp::Reverse(known.reach), known.depth));
        (key(one), one) < (key(other), other)
    }
}

impl Known {
    /// The same one step further.
    fn behind(&self, hit: &Hit, link: Option<Link>) -> Self {
        Self { from: Some((hit.clone(), link)), depth: self.depth + 1, ..self.clone() }
    }
}

/// What a reader makes of copies of rows of a relation, if it is one query.
fn copied_into(graph: &LineageGraph, read: Node, reader: Node) -> Option<Copied> {
    let relation = graph.relation(reader);
    let [writer] = relation.writers.as_slice() else { return None };
    let Body::Sql { dialect, variants, .. } = &writer.body else { return None };
    let sees = graph.sight(reader, writer);
    let mut all = Copied::default();
    for text in variants {
        let found = query::copied(&query::Version { text, sees: &sees }, *dialect, graph.relation(read).id.as_str())?;
        all.rows.extend(found.rows);
        all.columns.extend(found.columns);
    }
    Some(all)
}

/// The columns of one relation that a column of another is made of.
fn sources(columns: &ColumnGraph, column: ColumnId, of: Node) -> BTreeSet<(ColumnPath, EdgeKind)> {
    let of_it = columns.upstream(column).filter(|(from, _)| columns.node(*from).relation == of);
    of_it.filter_map(|(from, edge)| Some((columns.node(from).column()?.clone(), edge.kind))).collect()
}

/// The columns of a relation that it has in another version as well, in order.
fn order_of<'g>(graph: &'g LineageGraph, node: Node, other: &LineageGraph, there: Node) -> Vec<&'g ColumnName> {
    let known: BTreeSet<&ColumnName> = other.shape(there).columns.iter().collect();
    graph.shape(node).columns.iter().filter(|column| known.contains(column)).collect()
}

/// Whether a relation is known to have a column.
fn has(graph: &LineageGraph, columns: &ColumnGraph, node: Node, path: &ColumnPath) -> bool {
    let shape = graph.shape(node);
    shape.columns.contains(&path.column)
        || shape.extent == Extent::Open && columns.part(node, &Part::Column(path.clone())).is_some()
}

/// Whether a relation is a source that only head declares: it was there before, and nobody's rows
/// change. A column that is new in a known source is another matter.
pub(super) fn is_declared_now(base: &LineageGraph, relation: &Relation) -> bool {
    relation.kind == RelationKind::Source && own(base, &relation.id).is_none()
}

/// The relation of a change, for what starts there.
pub(super) fn id_of<'a>(walk: &'a Walk<'_>, place: &Place) -> &'a RelationId {
    match place {
        Place::Part(id) => &walk.head.relation(walk.columns.node(*id).relation).id,
        Place::Whole(node) | Place::Lost(node, _) => &walk.head.relation(*node).id,
        Place::Gone(node) => &walk.base.relation(*node).id,
    }
}
