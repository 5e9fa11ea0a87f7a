//! Why something depends on something, step by step, or where the way ends. It must not know markup.

use std::collections::BTreeSet;

use headsup_lineage::diagnostic::Position;
use headsup_lineage::filling::Places;
use headsup_lineage::graph::columns::{ColumnId, Direction, Part};
use headsup_lineage::graph::{Node, ReadSite};
use headsup_lineage::trace::{Certainty, Connection, Follow, Step, connect, is_inner};

use crate::audience::Job;
use crate::dependents::{Neighbourhood, Warehouse, incomplete, unread, unread_projects};
use crate::report::depends::{DependencyEntry, TargetEntry};
use crate::report::why::{Answer, EndEntry, PlaceName, Site, StepEntry, TablesWord, TextWord, Verdict};
use crate::selection::{Share, Target};
use crate::selector::Steps;

/// How many ways are shown.
const MOST: usize = 3;

/// Something that may depend on something.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The job, if that is what may depend.
    pub job: Option<&'a Job>,
    /// The tables and columns that may depend; of a job, those that it reads.
    pub dependent: &'a [Target],
    /// What they may depend on.
    pub on: &'a Target,
}

/// Whether it depends, and how that is known.
#[must_use]
pub fn answer(warehouse: Warehouse<'_>, question: Question<'_>) -> Answer {
    let evidence = Evidence { warehouse, question };
    let project = warehouse.project;
    let from = question.on.parts(project);
    let to: Vec<ColumnId> = question.dependent.iter().flat_map(|target| target.parts(project)).collect();
    let around = [(question.on.clone(), Steps::All)];
    let downstream = Neighbourhood::new(warehouse, &around, Direction::Downstream, Follow::Everything);
    let mut answer = Answer {
        target: entry(warehouse, question.on),
        verdict: Verdict::Independent,
        paths: Vec::new(),
        others: Vec::new(),
        affected: Vec::new(),
        readers: Vec::new(),
        ends: Vec::new(),
        tables: evidence.tables(),
    };
    match connect(project.graph.columns(), &from, &to, MOST) {
        Some(connection) => {
            answer.verdict = match connection.certainty {
                Certainty::Certain => Verdict::Depends,
                Certainty::Possible => Verdict::Unknown,
            };
            answer.others = connection.others.iter().map(|node| project.graph.relation(*node).name.clone()).collect();
            answer.others.sort();
            answer.paths = evidence.paths(&connection);
            answer.affected = evidence.affected(&downstream);
        }
        None => {
            if !evidence.doubts().is_empty() {
                answer.verdict = Verdict::Unknown;
            }
            answer.readers = downstream.relations().into_iter().filter(|entry| entry.depth == 1).collect();
            answer.ends = evidence.ends(&downstream);
        }
    }
    answer
}

/// Why more may be upstream of a job or some targets than could be found.
#[must_use]
pub fn doubts(warehouse: Warehouse<'_>, job: Option<&Job>, dependent: &[Target]) -> Vec<String> {
    let graph = &warehouse.project.graph;
    let upstream = graph.upstream(dependent.iter().map(|target| target.relation));
    let reason = |node: Node| {
        let relation = graph.relation(node);
        incomplete(relation).map(|why| format!("{} may read more than could be found: {why}", relation.name))
    };
    let mut reasons: Vec<String> = upstream.into_iter().filter_map(reason).collect();
    reasons.sort();
    let job = job.and_then(|job| unread(job, graph)).into_iter();
    job.chain(reasons).chain(unread_projects(warehouse.project)).collect()
}

/// A target as reports name it.
#[must_use]
pub fn entry(warehouse: Warehouse<'_>, target: &Target) -> TargetEntry {
    let relation = warehouse.project.graph.relation(target.relation).name.clone();
    let column = match &target.share {
        Share::Column(path) => Some(path.to_string()),
        Share::All | Share::Rows => None,
    };
    TargetEntry { relation, column }
}

fn site(path: &str, position: Position, places: Places) -> Site {
    let of = match places {
        Places::File => TextWord::File,
        Places::Rendering => TextWord::Rendering,
    };
    Site { file: path.to_owned(), line: Some(position.line), column: Some(position.column), of }
}

struct Evidence<'a> {
    warehouse: Warehouse<'a>,
    question: Question<'a>,
}

impl Evidence<'_> {
    fn doubts(&self) -> Vec<String> {
        doubts(self.warehouse, self.question.job, self.question.dependent)
    }

    /// The relations that may depend.
    fn dependents(&self) -> BTreeSet<Node> {
        self.question.dependent.iter().map(|target| target.relation).collect()
    }

    fn tables(&self) -> TablesWord {
        let graph = &self.warehouse.project.graph;
        let on = self.question.on.relation;
        if graph.upstream(self.dependents()).contains(&on) {
            TablesWord::Upstream
        } else if !graph.upstream([on]).is_disjoint(&self.dependents()) {
            TablesWord::Downstream
        } else {
            TablesWord::Apart
        }
    }

    fn paths(&self, connection: &Connection<'_>) -> Vec<Vec<StepEntry>> {
        connection.paths.iter().map(|path| self.steps(path)).collect()
    }

    /// The steps that say something: those inside a relation, from a column to what stands for it, go
    /// into the names of the others.
    fn steps(&self, path: &[Step<'_>]) -> Vec<StepEntry> {
        let columns = self.warehouse.project.graph.columns();
        let is_silent = |step: &Step<'_>| is_inner(columns, step.from, step.to, step.edge);
        let is_named = |id: &ColumnId| matches!(columns.node(*id).part, Part::Rows | Part::Column(_));
        let mut entries = Vec::new();
        for (place, step) in path.iter().enumerate().filter(|(_, step)| !is_silent(step)) {
            let before = path[..place].iter().rev().take_while(|step| is_silent(step)).map(|step| step.from);
            let after = path[place + 1..].iter().take_while(|step| is_silent(step)).map(|step| step.to);
            let from = std::iter::once(step.from).chain(before).find(is_named).unwrap_or(step.from);
            let to = std::iter::once(step.to).chain(after).find(is_named).unwrap_or(step.to);
            let guessed = from != step.from && !is_named(&step.from) || to != step.to && !is_named(&step.to);
            entries.push(StepEntry {
                from: self.place(from),
                to: self.place(to),
                kind: step.edge.kind,
                certainty: if guessed { Certainty::Possible } else { step.certainty },
                site: site(&step.edge.path, step.edge.position, step.edge.places),
            });
        }
        entries
    }

    fn place(&self, id: ColumnId) -> PlaceName {
        let graph = &self.warehouse.project.graph;
        let node = graph.columns().node(id);
        let column = match &node.part {
            Part::Rows => None,
            Part::Column(path) => Some(path.to_string()),
            Part::Others | Part::Any | Part::Every => Some("*".to_owned()),
        };
        PlaceName { relation: graph.relation(node.relation).name.clone(), column }
    }

    /// What of the dependents depends.
    fn affected(&self, downstream: &Neighbourhood<'_>) -> Vec<DependencyEntry> {
        let graph = &self.warehouse.project.graph;
        let ids: BTreeSet<&str> = self.dependents().into_iter().map(|node| graph.relation(node).id.as_str()).collect();
        downstream.relations().into_iter().filter(|entry| ids.contains(entry.id.as_str())).collect()
    }

    /// Where ways from table to table end: what depends is read, but not that part of it.
    fn ends(&self, downstream: &Neighbourhood<'_>) -> Vec<EndEntry> {
        let graph = &self.warehouse.project.graph;
        let on_the_way = graph.upstream(self.dependents());
        let reached = downstream.parts();
        let mut ends = Vec::new();
        for (relation, parts) in &reached {
            if !on_the_way.contains(relation) {
                continue;
            }
            for reader in graph.children(*relation) {
                if on_the_way.contains(&reader) && !reached.contains_key(&reader) {
                    ends.push(self.end(*relation, parts, reader));
                }
            }
            if self.dependents().contains(relation) {
                ends.extend(self.end_at_job(*relation, parts));
            }
        }
        ends.sort();
        ends
    }

    fn end(&self, relation: Node, parts: &[ColumnId], reader: Node) -> EndEntry {
        let graph = &self.warehouse.project.graph;
        let columns = graph.columns();
        let mut reads = BTreeSet::new();
        let mut first: Option<(&str, Position, Places)> = None;
        for part in columns.parts_of(reader) {
            for (source, edge) in columns.upstream(part).filter(|(id, _)| columns.node(*id).relation == relation) {
                reads.extend(columns.node(source).column().map(ToString::to_string));
                let site = (&*edge.path, edge.position, edge.places);
                first = Some(first.map_or(site, |known| known.min(site)));
            }
        }
        let sites = graph.read_sites(relation, reader);
        let read = sites.first().map(|ReadSite { path, position }| (&**path, *position, Places::File));
        // Where a template names what it reads is not known, but where it then stands is.
        let read = read.filter(|(_, position, _)| *position != Position::START);
        let (path, position, places) = read.or(first).unwrap_or(("", Position::START, Places::File));
        EndEntry {
            reader: graph.relation(reader).name.to_string(),
            reads: reads.into_iter().collect(),
            site: site(path, position, places),
            ..self.ended(relation, parts)
        }
    }

    fn ended(&self, relation: Node, parts: &[ColumnId]) -> EndEntry {
        let graph = &self.warehouse.project.graph;
        let part = |id: &ColumnId| &graph.columns().node(*id).part;
        let named = parts.iter().filter_map(|id| graph.columns().node(*id).column()).map(ToString::to_string);
        let mut columns: Vec<String> = named.collect();
        if columns.is_empty() && parts.iter().any(|id| matches!(part(id), Part::Others | Part::Every)) {
            columns.push("*".to_owned());
        }
        EndEntry {
            relation: graph.relation(relation).name.clone(),
            columns,
            rows: parts.iter().any(|id| *part(id) == Part::Rows),
            reader: String::new(),
            reads: Vec::new(),
            site: Site { file: String::new(), line: None, column: None, of: TextWord::File },
        }
    }

    /// The job names columns, and none of those that depend.
    fn end_at_job(&self, relation: Node, parts: &[ColumnId]) -> Option<EndEntry> {
        let job = self.question.job?;
        let named = self.question.dependent.iter().filter(|target| target.relation == relation);
        let reads = named.filter_map(|target| match &target.share {
            Share::Column(path) => Some(path.to_string()),
            Share::All | Share::Rows => None,
        });
        let site = Site {
            file: job.path.to_string(),
            line: Some(job.position.line),
            column: Some(job.position.column),
            of: TextWord::File,
        };
        Some(EndEntry { reader: job.name.clone(), reads: reads.collect(), site, ..self.ended(relation, parts) })
    }
}
