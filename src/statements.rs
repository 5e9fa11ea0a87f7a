//! From SQL to the statements of a report, each with what it depends on: of one text by itself, or of
//! the relations of a project. It must not know where the text comes from.

use headsup_lineage::dependency::Schemas;
use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::Node;
use headsup_lineage::graph::columns::{ColumnId, Part};
use headsup_lineage::name::RelationName;
use headsup_lineage::relation::{Relation, RelationKind, Rung};
use headsup_lineage::script;
use headsup_lineage::trace::is_inner;

use crate::project::{Project, sql};
use crate::report::lineage::{ColumnEntry, NAMELESS, SourceEntry, StatementEntry, tidy};

/// The statements of a text that read or fill anything, and what could not be read; a template is
/// read without its tags.
#[must_use]
pub fn of_text(text: &str, dialect: Dialect, schemas: &dyn Schemas) -> (Vec<StatementEntry>, Vec<Diagnostic>) {
    let (script, doubt) = sql::script_of(text, dialect);
    let lineages = script::lineage(&script, schemas);
    let mut entries: Vec<StatementEntry> = Vec::new();
    for (statement, outputs) in script.statements.iter().zip(&lineages) {
        entries.extend(StatementEntry::of(statement, outputs));
    }
    let mut diagnostics = script.diagnostics;
    if let Some(doubt) = doubt {
        for entry in &mut entries {
            entry.complete = false;
            entry.reasons.push(doubt.message.clone());
        }
        diagnostics.push(doubt);
    }
    (entries, diagnostics)
}

/// What each relation of a project that a file fills depends on, by name.
#[must_use]
pub fn of_project(project: &Project) -> Vec<StatementEntry> {
    let graph = &project.graph;
    let mut filled: Vec<Node> = graph.nodes().filter(|node| !graph.relation(*node).writers.is_empty()).collect();
    filled.sort_by(|a, b| {
        let (a, b) = (graph.relation(*a), graph.relation(*b));
        (&a.name, &a.id).cmp(&(&b.name, &b.id))
    });
    filled.into_iter().map(|node| entry_of(project, node)).collect()
}

fn entry_of(project: &Project, node: Node) -> StatementEntry {
    let graph = &project.graph;
    let relation = graph.relation(node);
    let mut sources: Vec<RelationName> =
        graph.parents(node).into_iter().map(|parent| graph.relation(parent).name.clone()).collect();
    sources.sort();
    let mut columns = Vec::new();
    let mut rows = Vec::new();
    for id in graph.columns().parts_of(node) {
        let sources = sources_of(project, id);
        match &graph.columns().node(id).part {
            Part::Rows => rows = sources,
            Part::Column(path) if path.fields().is_empty() => columns.push(column(path.to_string(), sources)),
            Part::Others if !sources.is_empty() => columns.push(column(NAMELESS.to_owned(), sources)),
            _ => {}
        }
    }
    let reasons = doubts(project, node);
    let first = relation.writers.first();
    StatementEntry {
        targets: vec![relation.name.clone()],
        sources,
        columns,
        rows,
        actions: Vec::new(),
        complete: reasons.is_empty(),
        reasons,
        file: first.map(|writer| writer.path.to_string()),
        position: first.map_or(Position::START, |writer| writer.position),
    }
}

fn column(target: String, sources: Vec<SourceEntry>) -> ColumnEntry {
    ColumnEntry { target, of: None, sources, except: Vec::new() }
}

/// What a part of a relation depends on outside the relation, and in it where that is no matter of
/// what is part of what.
fn sources_of(project: &Project, id: ColumnId) -> Vec<SourceEntry> {
    let graph = &project.graph;
    let columns = graph.columns();
    let relation = columns.node(id).relation;
    let mut entries = Vec::new();
    for (source, edge) in columns.upstream(id) {
        let node = columns.node(source);
        if node.relation == relation && node.part == Part::Every {
            entries.extend(sources_of(project, source));
            continue;
        }
        if is_inner(columns, source, id, edge) {
            continue;
        }
        let column = match &node.part {
            Part::Rows => None,
            Part::Column(path) => Some(path.to_string()),
            Part::Others | Part::Any | Part::Every => Some(NAMELESS.to_owned()),
        };
        let relation = graph.relation(node.relation).name.clone();
        entries.push(SourceEntry { relation, column, kind: edge.kind, position: Some(edge.position) });
    }
    tidy(&mut entries);
    entries
}

/// Why not every column of a relation is known with all that it depends on.
fn doubts(project: &Project, node: Node) -> Vec<String> {
    let relation: &Relation = project.graph.relation(node);
    let mut reasons: Vec<String> =
        project.graph.openness(node).iter().map(|diagnostic| diagnostic.message.clone()).collect();
    let unread = match relation.rung {
        Rung::Columns | Rung::Open => None,
        Rung::Tables => Some("its SQL was not parsed; its tables were found word by word"),
        Rung::Refs => Some("its template was not rendered; its tables were found in it"),
        Rung::Opaque => Some("its file is not SQL that can be read"),
    };
    reasons.extend(unread.filter(|_| relation.kind != RelationKind::Seed).map(str::to_owned));
    reasons.extend(relation.writers.iter().filter_map(|writer| writer.incomplete.as_deref()).map(str::to_owned));
    reasons.sort();
    reasons.dedup();
    reasons
}
