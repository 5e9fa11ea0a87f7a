//! Who depends on some tables and columns, and on what these depend: from the graph to lists for a
//! report. It must not know markup.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use headsup_lineage::dependency::{EdgeKind, Extent};
use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::graph::columns::{ColumnId, Direction, Part};
use headsup_lineage::graph::{LineageGraph, Node};
use headsup_lineage::name::RelationName;
use headsup_lineage::relation::{Reference, Relation, Rung};
use headsup_lineage::trace::{Arrival, Certainty, Follow, Ways, trace};

use crate::audience::codeowners::Codeowners;
use crate::audience::{self, Job};
use crate::project::Project;
use crate::report::depends::{DependencyEdge, DependencyEntry, DependentJob, PartEntry, UnknownEntry};
use crate::selection::{Finder, Target};
use crate::selector::Steps;
use crate::settings::Settings;

/// A version of the project, and who owns what in it.
#[derive(Clone, Copy)]
pub struct Warehouse<'a> {
    /// The relations.
    pub project: &'a Project,
    /// What settings say of owners.
    pub settings: &'a Settings,
    /// What CODEOWNERS says.
    pub codeowners: &'a Codeowners,
    /// The jobs.
    pub jobs: &'a [Job],
    /// Finds what they read.
    pub finder: &'a Finder<'a>,
}

/// What hangs together with some targets, in one direction.
pub struct Neighbourhood<'a> {
    warehouse: Warehouse<'a>,
    way: Direction,
    arrivals: BTreeMap<ColumnId, Arrival>,
    steps: BTreeMap<(Node, Node), Ways>,
    targets: BTreeSet<Node>,
    /// The parts from which one more step is allowed.
    inner: BTreeSet<ColumnId>,
    /// Everything that is that way, however far.
    whole: BTreeSet<Node>,
}

impl<'a> Neighbourhood<'a> {
    /// Looks around targets, around each as far as is asked.
    #[must_use]
    pub fn new(warehouse: Warehouse<'a>, targets: &[(Target, Steps)], way: Direction, follow: Follow) -> Self {
        let columns = warehouse.project.graph.columns();
        let mut by_steps: BTreeMap<Steps, Vec<ColumnId>> = BTreeMap::new();
        for (target, steps) in targets {
            by_steps.entry(*steps).or_default().extend(target.parts(warehouse.project));
        }
        let mut found = Self {
            warehouse,
            way,
            arrivals: BTreeMap::new(),
            steps: BTreeMap::new(),
            targets: targets.iter().map(|(target, _)| target.relation).collect(),
            inner: BTreeSet::new(),
            whole: BTreeSet::new(),
        };
        for (steps, from) in &by_steps {
            let most = match steps {
                Steps::AtMost(most) => *most,
                Steps::All => usize::MAX,
            };
            let traced = trace(columns, from, way, follow, most);
            for arrival in traced.arrivals {
                let known = found.arrivals.entry(arrival.id).or_insert(arrival);
                known.depth = known.depth.min(arrival.depth);
                known.ways = known.ways.and(arrival.ways);
                if steps.allow(arrival.depth + 1) {
                    found.inner.insert(arrival.id);
                }
            }
            for (step, ways) in traced.steps {
                let known = found.steps.entry(step).or_default();
                *known = known.and(ways);
            }
            let all = match steps {
                Steps::AtMost(_) => trace(columns, from, way, follow, usize::MAX).arrivals,
                Steps::All => Vec::new(),
            };
            found.whole.extend(all.iter().map(|arrival| columns.node(arrival.id).relation));
        }
        found.whole.extend(found.arrivals.keys().map(|id| columns.node(*id).relation));
        found
    }

    /// The relations that are not targets, nearest first, what is certain before what is not, by name.
    #[must_use]
    pub fn relations(&self) -> Vec<DependencyEntry> {
        let columns = self.warehouse.project.graph.columns();
        let mut by_relation: BTreeMap<Node, Vec<Arrival>> = BTreeMap::new();
        for (id, arrival) in &self.arrivals {
            by_relation.entry(columns.node(*id).relation).or_default().push(*arrival);
        }
        let others = by_relation.iter().filter(|(node, _)| !self.targets.contains(node));
        let mut entries: Vec<DependencyEntry> = others.map(|(node, arrivals)| self.entry(*node, arrivals)).collect();
        let key = |entry: &DependencyEntry| (entry.depth, entry.certainty, entry.relation.clone(), entry.id.clone());
        entries.sort_by_cached_key(key);
        entries
    }

    /// The parts that were found, by relation, those of targets included.
    #[must_use]
    pub fn parts(&self) -> BTreeMap<Node, Vec<ColumnId>> {
        let columns = self.warehouse.project.graph.columns();
        let mut parts: BTreeMap<Node, Vec<ColumnId>> = BTreeMap::new();
        for id in self.arrivals.keys() {
            parts.entry(columns.node(*id).relation).or_default().push(*id);
        }
        parts
    }

    fn entry(&self, node: Node, arrivals: &[Arrival]) -> DependencyEntry {
        let graph = &self.warehouse.project.graph;
        let relation = graph.relation(node);
        let mut columns = Vec::new();
        let (mut rows, mut nameless) = (Ways::default(), Ways::default());
        let mut of_columns = Ways::default();
        for arrival in arrivals {
            match &graph.columns().node(arrival.id).part {
                Part::Rows => rows = rows.and(arrival.ways),
                Part::Column(path) => {
                    of_columns = of_columns.and(arrival.ways);
                    columns.push(part_entry(path.to_string(), arrival.ways));
                }
                Part::Others | Part::Any | Part::Every => nameless = nameless.and(arrival.ways),
            }
        }
        let is_open = graph.shape(node).extent == Extent::Open;
        if !nameless.is_empty() && (columns.is_empty() || is_open) {
            of_columns = of_columns.and(nameless);
            columns.push(part_entry("*".to_owned(), nameless));
        }
        let certainty = if is_parsed(relation) { of_columns.and(rows).certainty() } else { Certainty::Possible };
        DependencyEntry {
            relation: relation.name.clone(),
            id: relation.id.to_string(),
            depth: arrivals.iter().map(|arrival| arrival.depth).min().unwrap_or_default(),
            kind: if of_columns.is_empty() { EdgeKind::Rows } else { of_columns.strongest() },
            certainty,
            columns,
            rows: rows.kinds(),
            known_columns: graph.shape(node).columns.len(),
            owner: self.owner(relation),
            rung: graph.rung(node),
        }
    }

    fn owner(&self, relation: &Relation) -> Option<String> {
        let Warehouse { settings, project, codeowners, .. } = self.warehouse;
        let claim = audience::owner_of(relation, settings, project, codeowners)?;
        claim.contact.label().map(str::to_owned)
    }

    /// Who reads whom among targets and relations.
    #[must_use]
    pub fn edges(&self) -> Vec<DependencyEdge> {
        let graph = &self.warehouse.project.graph;
        let edge = |((from, to), ways): (&(Node, Node), &Ways)| DependencyEdge {
            from: graph.relation(*from).name.clone(),
            to: graph.relation(*to).name.clone(),
            kind: ways.strongest(),
            certainty: ways.certainty(),
        };
        let mut edges: Vec<DependencyEdge> = self.steps.iter().map(edge).collect();
        edges.sort();
        edges
    }

    /// The jobs that depend on what was found downstream, those that matter most first.
    #[must_use]
    pub fn jobs(&self) -> Vec<DependentJob> {
        let unknown = self.doubtful_nodes();
        let mut jobs: Vec<DependentJob> = self
            .warehouse
            .jobs
            .iter()
            .filter_map(|job| self.dependent(job).or_else(|| self.doubtful(job, &unknown)))
            .collect();
        jobs.sort_by(|a, b| (b.criticality, a.certainty, &a.job).cmp(&(a.criticality, b.certainty, &b.job)));
        jobs
    }

    /// A job that reads something that was found.
    fn dependent(&self, job: &Job) -> Option<DependentJob> {
        let graph = &self.warehouse.project.graph;
        let mut read: BTreeMap<(usize, &RelationName), Certainty> = BTreeMap::new();
        for target in self.warehouse.finder.reads(job) {
            let relation = graph.relation(target.relation);
            let parts = target.parts(self.warehouse.project);
            let arrivals: Vec<&Arrival> =
                parts.iter().filter(|id| self.inner.contains(id)).filter_map(|id| self.arrivals.get(id)).collect();
            let Some(depth) = arrivals.iter().map(|arrival| arrival.depth + 1).min() else { continue };
            let ways = arrivals.iter().fold(Ways::default(), |ways, arrival| ways.and(arrival.ways));
            let certainty = if is_parsed(relation) || depth == 1 { ways.certainty() } else { Certainty::Possible };
            let known = read.entry((depth, &relation.name)).or_insert(certainty);
            *known = certainty.min(*known);
        }
        let depth = read.keys().map(|(depth, _)| *depth).min()?;
        let certainty = read.values().copied().min()?;
        let reads = read.into_keys().map(|(_, name)| name.clone()).collect();
        Some(DependentJob { certainty, depth: Some(depth), reads, ..described(job) })
    }

    /// A job of which nobody can tell whether it depends on the targets.
    fn doubtful(&self, job: &Job, unknown: &BTreeMap<Node, Node>) -> Option<DependentJob> {
        let graph = &self.warehouse.project.graph;
        let doubtful = |reason: String, reads: Vec<RelationName>| DependentJob {
            certainty: Certainty::Possible,
            reads,
            reason: Some(reason),
            ..described(job)
        };
        if let Some(reason) = unread(job, graph) {
            return Some(doubtful(reason, Vec::new()));
        }
        for read in &job.reads {
            let nodes = graph.resolve(read, job.project.as_deref());
            if let Some((node, root)) = nodes.iter().find_map(|node| Some((*node, *unknown.get(node)?))) {
                return Some(doubtful(self.may_read_more(root), vec![graph.relation(node).name.clone()]));
            }
        }
        None
    }

    /// What may depend on the targets, or upstream have them depend on what nobody knows, because it or
    /// something upstream of it may read more than could be found; by name.
    #[must_use]
    pub fn unknown(&self) -> Vec<UnknownEntry> {
        let graph = &self.warehouse.project.graph;
        let entry = |(node, root): (&Node, &Node)| UnknownEntry {
            relation: graph.relation(*node).name.clone(),
            because: (node != root).then(|| graph.relation(*root).name.clone()),
            reason: self.may_read_more(*root),
        };
        let mut entries: Vec<UnknownEntry> = self.doubtful_nodes().iter().map(entry).collect();
        entries.sort();
        entries
    }

    /// Why nobody knows what a relation depends on.
    fn may_read_more(&self, root: Node) -> String {
        let relation = self.warehouse.project.graph.relation(root);
        let why = incomplete(relation).unwrap_or_default();
        format!("{} may read more than could be found: {why}", relation.name)
    }

    /// What is not known to have part in this and may, each with the relation that is at the bottom of
    /// the doubt.
    fn doubtful_nodes(&self) -> BTreeMap<Node, Node> {
        let graph = &self.warehouse.project.graph;
        let incomplete = graph.nodes().filter(|node| incomplete(graph.relation(*node)).is_some());
        let found: BTreeMap<Node, Node> = match self.way {
            Direction::Upstream => {
                incomplete.filter(|node| self.whole.contains(node)).map(|node| (node, node)).collect()
            }
            Direction::Downstream => {
                let mut found = BTreeMap::new();
                let roots = incomplete.filter(|node| !self.whole.contains(node)).map(|node| (node, node));
                let mut ahead: VecDeque<(Node, Node)> = roots.collect();
                while let Some((node, root)) = ahead.pop_front() {
                    if self.whole.contains(&node) || found.contains_key(&node) {
                        continue;
                    }
                    found.insert(node, root);
                    ahead.extend(graph.children(node).into_iter().map(|child| (child, root)));
                }
                found
            }
        };
        found
    }
}

fn part_entry(column: String, ways: Ways) -> PartEntry {
    PartEntry { column, kind: ways.strongest(), certainty: ways.certainty() }
}

/// Whether what a relation reads is known column by column, or could be.
const fn is_parsed(relation: &Relation) -> bool {
    matches!(relation.rung, Rung::Columns | Rung::Open)
}

/// Why a relation may read more than could be found, where it may.
pub(crate) fn incomplete(relation: &Relation) -> Option<&str> {
    relation.writers.iter().find_map(|writer| writer.incomplete.as_deref())
}

/// Why it is not known what a job reads, where it is not.
pub(crate) fn unread(job: &Job, graph: &LineageGraph) -> Option<String> {
    if job.reads.is_empty() {
        return Some("nothing says what it reads".to_owned());
    }
    let nothing = job.reads.iter().find(|read| graph.resolve(read, job.project.as_deref()).is_empty())?;
    let name = match nothing {
        Reference::Id(id, _) => id.to_string(),
        Reference::Name(read) => read.name.to_string(),
    };
    Some(format!("it reads `{name}`, which nothing here builds or reads"))
}

/// The projects that could not be read: what they hold may depend on anything.
pub(crate) fn unread_projects(project: &Project) -> Vec<String> {
    let reason = |(root, diagnostic): (&Arc<str>, &Diagnostic)| {
        let file = diagnostic.path.as_deref().unwrap_or(root);
        format!("a project could not be read, and may depend on anything: {file}: {}", diagnostic.message)
    };
    project.unread.iter().map(reason).collect()
}

/// A job, before it is known how it depends on anything.
fn described(job: &Job) -> DependentJob {
    DependentJob {
        job: job.name.clone(),
        owner: job.owner_label().map(str::to_owned),
        team: job.team.clone(),
        criticality: job.criticality,
        certainty: Certainty::Certain,
        depth: None,
        reads: Vec::new(),
        reason: None,
        file: format!("{}:{}", job.path, job.position.line),
    }
}
