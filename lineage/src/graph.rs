//! The lineage graph: relations and who reads whom, on petgraph. Edges point downstream, from what
//! is read to what reads it. It must not know changes.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, OnceLock};

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::catalog::Found;
use crate::dependency::Shape;
use crate::diagnostic::{Diagnostic, Position};
use crate::hashing::{HashMap, HashSet};
use crate::name::{ColumnName, RelationName};
use crate::query::Returns;
use crate::relation::{Reference, Relation, RelationId, Rung};

mod bindings;
mod build;
pub mod columns;
mod compose;
mod directory;
mod lineages;
mod sight;
mod since;
pub mod tables;

use bindings::Bindings;
use build::{Builder, SetApart};
use columns::ColumnGraph;
use compose::{Reading, Weaving};
use directory::Directory;
pub use lineages::Lineages;
pub use sight::Sight;
use tables::Tables;

/// What is known of a relation of which nothing is.
static UNKNOWN: LazyLock<Shape> = LazyLock::new(Shape::default);

/// A relation's place in a graph; meaningful in that graph only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(NodeIndex);

impl Node {
    fn at(place: usize) -> Self {
        Self(NodeIndex::new(place))
    }

    /// Its number among the nodes of its graph.
    pub(crate) fn place(self) -> usize {
        self.0.index()
    }
}

/// Where one relation reads another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadSite {
    /// The reader's file.
    pub path: Arc<str>,
    /// Where in it.
    pub position: Position,
}

/// Relations and who reads whom.
#[derive(Debug, Default)]
pub struct LineageGraph {
    graph: DiGraph<Arc<Relation>, ReadSite>,
    /// How well each was read, by its place, now that it is known which columns are bound.
    rungs: Vec<Rung>,
    /// What those return that are routines, as the texts say that declare them.
    returns: HashMap<Node, Returns>,
    directory: Directory,
    /// What names find before any is set apart.
    bindings: Bindings,
    /// Names that fit several relations, by who reads them.
    ambiguous: HashMap<Node, Vec<Diagnostic>>,
    /// So many edges lead to declared sources from what fills them; they come first.
    fills: usize,
    columns: OnceLock<Arc<ColumnGraph>>,
    /// What the texts of each relation say, by its place, where columns are bound when somebody asks.
    readings: Vec<Arc<Reading>>,
    /// In which order they were read, by their places.
    order: Vec<u32>,
    /// The relations that read each other in a circle.
    circling: HashSet<Node>,
    /// What is known of each relation, by its place.
    shapes: Vec<Shape>,
    /// The columns of each in which NULL never stands, where there are any.
    never_null: Vec<NeverNull>,
    /// Why columns of a relation are not all bound, for those of which that is so.
    openness: HashMap<Node, Arc<[Diagnostic]>>,
}

/// Columns in which NULL never stands, where there are any.
type NeverNull = Option<Arc<BTreeSet<ColumnName>>>;

/// A graph, and what was doubtful about the names in it.
#[derive(Debug, Default)]
pub struct BuiltGraph {
    /// The graph.
    pub graph: LineageGraph,
    /// Names that fit several relations, cycles.
    pub diagnostics: Vec<Diagnostic>,
}

/// The names that one version sets apart, and those that were set apart when its graph was made.
#[derive(Debug, Clone, Default)]
pub struct NamesApart {
    own: SetApart,
    used: BTreeSet<RelationName>,
}

impl LineageGraph {
    /// Composes relations into a graph.
    ///
    /// What a relation reads and nothing declares becomes an [`RelationKind::External`](crate::relation::RelationKind::External) relation.
    /// Relations of the same id are the caller's mistake: the first one stays. `tables` are those whose
    /// columns are known from elsewhere.
    #[must_use]
    pub fn build<R: Into<Arc<Relation>>>(relations: Vec<R>, tables: &Tables) -> BuiltGraph {
        let mut builder = Builder::new(shared(relations), None, None);
        let apart = builder.named_after_sources(None);
        builder.connect_all(&apart, None).finish(None, tables, None, Weaving::Now)
    }

    /// Composes two versions of the same relations into a graph each.
    ///
    /// What one version shows of a name holds for the other as well: a name that means one table
    /// today and another tomorrow would make a change of what only became harder to recognise.
    #[must_use]
    pub fn build_both<R: Into<Arc<Relation>>>(base: Vec<R>, head: Vec<R>, tables: &Tables) -> (BuiltGraph, BuiltGraph) {
        let (base, head, _) = Self::build_first(base, head, tables, &Lineages::default());
        (base, head)
    }

    /// The same for the first two of many versions; [`build_next`](Self::build_next) goes on from there.
    #[must_use]
    pub fn build_first<R: Into<Arc<Relation>>>(
        base: Vec<R>,
        head: Vec<R>,
        tables: &Tables,
        lineages: &Lineages,
    ) -> (BuiltGraph, BuiltGraph, NamesApart) {
        Self::pair(None, shared(base), shared(head), tables, lineages)
    }

    /// The same for two versions further on, of which neither has its graph: what a graph of an earlier version and they
    /// have in common is taken from there.
    #[must_use]
    pub fn build_pair<R: Into<Arc<Relation>>>(
        &self,
        apart: &NamesApart,
        base: Vec<R>,
        head: Vec<R>,
        tables: &Tables,
        lineages: &Lineages,
    ) -> (BuiltGraph, BuiltGraph, NamesApart) {
        lineages.turn();
        Self::pair(Some((self, &apart.used)), shared(base), shared(head), tables, lineages)
    }

    fn pair(
        earlier: Option<(&Self, &BTreeSet<RelationName>)>,
        relations: Vec<Arc<Relation>>,
        of_head: Vec<Arc<Relation>>,
        tables: &Tables,
        lineages: &Lineages,
    ) -> (BuiltGraph, BuiltGraph, NamesApart) {
        let before = earlier.map(|(graph, _)| graph);
        let again = before.map(|_| (relations.clone(), of_head.clone()));
        let mut base = Builder::new(relations, before, Some(lineages));
        let mut apart = base.named_after_sources(before);
        let mut head = Builder::new(of_head, Some(base.built()), Some(lineages));
        let own = head.named_after_sources(Some(base.built()));
        apart.extend(own.clone());
        let names = NamesApart { own, used: apart.keys().cloned().collect() };
        // Where other names are set apart, the earlier graph says otherwise what they mean.
        if let (Some(_), Some((base, head))) = (earlier.filter(|(_, used)| **used != names.used), again) {
            return Self::pair(None, base, head, tables, lineages);
        }
        let base = base.connect_all(&apart, before);
        let head = head.connect_all(&apart, Some(base.built()));
        // Head finds there what base and it have in common.
        let base = base.finish(before, tables, Some(lineages), Weaving::Later);
        let head = head.finish(Some(&base.graph), tables, Some(lineages), Weaving::Later);
        (base, head, names)
    }

    /// Composes the version after one that has its graph already, as [`build_both`](Self::build_both) would;
    /// `None` where that would give the version before another graph than it has.
    #[must_use]
    pub fn build_next<R: Into<Arc<Relation>>>(
        &self,
        head: Vec<R>,
        before: &NamesApart,
        tables: &Tables,
        lineages: &Lineages,
    ) -> Option<(BuiltGraph, NamesApart)> {
        lineages.turn();
        let mut head = Builder::new(shared(head), Some(self), Some(lineages));
        let own = head.named_after_sources(Some(self));
        let mut apart = before.own.clone();
        apart.extend(own.clone());
        let used: BTreeSet<RelationName> = apart.keys().cloned().collect();
        (used == before.used).then(|| {
            let head = head.connect_all(&apart, Some(self));
            (head.finish(Some(self), tables, Some(lineages), Weaving::Later), NamesApart { own, used })
        })
    }

    /// The relation at a node.
    #[must_use]
    pub fn relation(&self, node: Node) -> &Relation {
        &self.graph[node.0]
    }

    /// How well the relation at a node was read.
    #[must_use]
    pub fn rung(&self, node: Node) -> Rung {
        self.rungs.get(node.0.index()).copied().unwrap_or(Rung::Opaque)
    }

    /// Every node, in the order of ids, externals last.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        self.graph.node_indices().map(Node)
    }

    /// The node of an id.
    #[must_use]
    pub fn by_id(&self, id: &RelationId) -> Option<Node> {
        self.directory.by_id(id).or_else(|| self.directory.externals.by_id.get(id).copied())
    }

    /// The node of a relation that another version has at a node, if this one builds or declares it too.
    pub(crate) fn counterpart(&self, other: &Self, node: Node) -> Option<Node> {
        let by_id = || self.directory.by_id(&other.relation(node).id);
        self.directory.counterpart(&other.directory, node).unwrap_or_else(by_id)
    }

    /// What a name means, read from a file of a project.
    #[must_use]
    pub fn by_name(&self, name: &RelationName, project: Option<&str>) -> Found<Node> {
        self.directory.find(name, project)
    }

    /// What a reference means; empty if nothing here has that id or name.
    #[must_use]
    pub fn resolve(&self, reference: &Reference, project: Option<&str>) -> Vec<Node> {
        match reference {
            Reference::Id(id, _) => self.by_id(id).into_iter().collect(),
            Reference::Name(read) => self.by_name(&read.name, project).candidates(),
        }
    }

    /// The columns and rows of all relations, and what depends on what.
    #[must_use]
    pub fn columns(&self) -> &ColumnGraph {
        self.columns.get_or_init(|| Arc::new(compose::weave(self, &self.nodes().collect())))
    }

    /// The same as far as it concerns some relations. What those read is there as well, but not what is upstream of it.
    pub(crate) fn columns_of(&self, some: &BTreeSet<Node>) -> Arc<ColumnGraph> {
        match self.columns.get() {
            Some(all) => Arc::clone(all),
            None => Arc::new(compose::weave(self, some)),
        }
    }

    /// The columns and keys of a relation, as far as they are known.
    #[must_use]
    pub fn shape(&self, node: Node) -> &Shape {
        self.shapes.get(node.0.index()).unwrap_or(&UNKNOWN)
    }

    /// The columns of a relation in which NULL never stands: declared so, or passed on from such.
    #[must_use]
    pub fn never_null(&self, node: Node) -> &BTreeSet<ColumnName> {
        const NONE: &BTreeSet<ColumnName> = &BTreeSet::new();
        self.never_null.get(node.0.index()).and_then(Option::as_deref).unwrap_or(NONE)
    }

    /// Why a relation's columns are not all bound, or its rows not all explained; nothing if they are.
    #[must_use]
    pub fn openness(&self, node: Node) -> &[Diagnostic] {
        self.openness.get(&node).map_or(&[], |reasons| reasons)
    }

    /// What a relation reads, sorted, each once.
    #[must_use]
    pub fn parents(&self, node: Node) -> BTreeSet<Node> {
        self.graph.neighbors_directed(node.0, Direction::Incoming).map(Node).collect()
    }

    /// The same as a list.
    pub(crate) fn reads(&self, node: Node) -> Vec<Node> {
        let mut read: Vec<Node> = self.graph.neighbors_directed(node.0, Direction::Incoming).map(Node).collect();
        read.sort_unstable();
        read.dedup();
        read
    }

    /// What reads a relation, sorted, each once.
    #[must_use]
    pub fn children(&self, node: Node) -> BTreeSet<Node> {
        self.graph.neighbors_directed(node.0, Direction::Outgoing).map(Node).collect()
    }

    /// Where `reader` reads `read`, first place first.
    #[must_use]
    pub fn read_sites(&self, read: Node, reader: Node) -> Vec<&ReadSite> {
        let mut sites: Vec<_> = self.graph.edges_connecting(read.0, reader.0).map(|edge| edge.weight()).collect();
        sites.sort();
        sites
    }

    /// The edges to what reads, in the order in which they were made.
    fn edges_into(&self, reader: Node) -> Vec<EdgeIndex> {
        let mut edges: Vec<EdgeIndex> =
            self.graph.edges_directed(reader.0, Direction::Incoming).map(|edge| edge.id()).collect();
        edges.sort_unstable();
        edges
    }

    /// Everything upstream of some nodes, themselves included; cycles are walked once.
    #[must_use]
    pub fn upstream(&self, from: impl IntoIterator<Item = Node>) -> BTreeSet<Node> {
        self.walk(from, Direction::Incoming)
    }

    /// Everything downstream of some nodes, themselves included; cycles are walked once.
    #[must_use]
    pub fn downstream(&self, from: impl IntoIterator<Item = Node>) -> BTreeSet<Node> {
        self.walk(from, Direction::Outgoing)
    }

    fn walk(&self, from: impl IntoIterator<Item = Node>, direction: Direction) -> BTreeSet<Node> {
        let mut seen: BTreeSet<Node> = BTreeSet::new();
        let mut ahead: Vec<Node> = from.into_iter().collect();
        while let Some(node) = ahead.pop() {
            if seen.insert(node) {
                ahead.extend(self.graph.neighbors_directed(node.0, direction).map(Node));
            }
        }
        seen
    }

    /// The relations that read each other in a circle, each circle sorted by name.
    ///
    /// A relation that reads itself, as incremental models do, is no circle.
    #[must_use]
    pub fn cycles(&self) -> Vec<Vec<Node>> {
        let mut cycles: Vec<Vec<Node>> = tarjan_scc(&self.graph)
            .into_iter()
            .filter(|component| component.len() > 1)
            .map(|component| {
                let mut nodes: Vec<Node> = component.into_iter().map(Node).collect();
                nodes.sort_by(|a, b| self.relation(*a).name.cmp(&self.relation(*b).name));
                nodes
            })
            .collect();
        cycles.sort_by(|a, b| self.relation(a[0]).name.cmp(&self.relation(b[0]).name));
        cycles
    }
}

fn shared<R: Into<Arc<Relation>>>(relations: Vec<R>) -> Vec<Arc<Relation>> {
    relations.into_iter().map(Into::into).collect()
}
