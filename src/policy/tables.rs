//! Tables that nobody declares, and tables that are built from each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use headsup_lineage::diagnostic::{Position, Severity};
use headsup_lineage::relation::{Relation, RelationKind};

use super::reads::readers;
use super::{Age, Check, Finding, Side};

/// What nobody declares and dbt projects read by its name, and, where somebody lists the tables of the
/// warehouse, what no list has.
pub(super) fn undeclared(side: &Side<'_>) -> Vec<Finding> {
    let graph = &side.project.graph;
    // A `ref` that means nothing is dbt's to refuse; a package that is not installed may hold it.
    let refused: BTreeSet<(&str, Option<Position>)> = side
        .project
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code == "unknown-ref")
        .filter_map(|diagnostic| Some((diagnostic.path.as_deref()?, diagnostic.position)))
        .collect();
    let mut found = Vec::new();
    for node in graph.nodes() {
        let table = graph.relation(node);
        if table.kind != RelationKind::External || is_of_the_engine(table) || side.listed.find(table).is_some() {
            continue;
        }
        let expected = |reader: &Relation| is_of_dbt(reader) || !side.listed.is_empty();
        let sites = readers(graph, node).into_iter().filter(|(reader, path, position)| {
            expected(graph.relation(*reader)) && !refused.contains(&(&**path, Some(*position)))
        });
        let sites: Vec<(Arc<str>, Position)> = sites.map(|(_, path, position)| (path, position)).collect();
        let Some((path, position)) = sites.iter().min() else { continue };
        let position = written(table, path, *position, side);
        let about = format!("table {}", table.id);
        let more = match sites.len() - 1 {
            0 => String::new(),
            1 => ", here and in one more place".to_owned(),
            more => format!(", here and in {more} more places"),
        };
        let message = format!("`{}` is read{more}, and nobody declares it", table.name);
        let finding = Finding::new(Check::UndeclaredSource, Severity::Warning, (path, position), about);
        found.push(
            finding.says(message).hint("declare it under `sources:`, or read it with `ref` if a model builds it"),
        );
    }
    found
}

/// Where a table's name is written, of which only the file is known.
fn written(table: &Relation, path: &str, position: Position, side: &Side<'_>) -> Position {
    if position != Position::START {
        return position;
    }
    let Ok(text) = side.files.text(path) else { return position };
    let text = text.to_ascii_lowercase();
    let names = [table.name.to_string(), table.name.table().to_owned()];
    let found = names.iter().find_map(|name| text.find(&name.to_ascii_lowercase()));
    found.map_or(position, |offset| crate::text::position(&text, offset))
}

/// What was so before is no business of this change; and as long as nothing is known of before, a table
/// that is read by its name is how it may always have been.
pub(super) fn soften(finding: &mut Finding) {
    let is_listed = match finding.check {
        Check::UndeclaredSource => finding.age != Some(Age::New),
        Check::Circle => finding.age == Some(Age::Old),
        _ => false,
    };
    if is_listed {
        finding.severity = Severity::Note;
    }
}

fn is_of_dbt(relation: &Relation) -> bool {
    ["model.", "snapshot."].iter().any(|kind| relation.id.as_str().starts_with(kind))
}

/// Whether a table is one that every warehouse of its kind has.
fn is_of_the_engine(table: &Relation) -> bool {
    const SCHEMAS: [&str; 8] = [
        "information_schema",
        "pg_catalog",
        "account_usage",
        "sys",
        "system",
        "snowflake",
        "performance_schema",
        "svv_catalog",
    ];
    table.name.keys().rev().skip(1).any(|part| SCHEMAS.contains(&part.to_lowercase().as_str()))
}

/// Tables that are built from each other.
pub(super) fn circles(side: &Side<'_>) -> Vec<Finding> {
    const SHOWN: usize = 5;
    let graph = &side.project.graph;
    let mut found = Vec::new();
    for circle in graph.cycles() {
        let relations: Vec<&Relation> = circle.iter().map(|node| graph.relation(*node)).collect();
        let place = relations.iter().find_map(|relation| relation.writers.first());
        let Some(writer) = place else { continue };
        let ids: Vec<&str> = relations.iter().map(|relation| relation.id.as_str()).collect();
        let shown: Vec<String> = relations.iter().take(SHOWN).map(|relation| format!("`{}`", relation.name)).collect();
        let more = match relations.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!("{}{more} are built from each other in a circle", shown.join(", "));
        let severity = if is_sure(&relations) { Severity::Warning } else { Severity::Note };
        let finding = Finding::new(Check::Circle, severity, (&writer.path, writer.position), ids.join(" "));
        found.push(finding.says(message).hint("what is read first is from the run before; break the circle"));
    }
    found
}

/// Whether a circle is one for sure. A source that a model fills may only be called like it, in another
/// database; and what may read more than could be found was taken to read all that it may.
fn is_sure(circle: &[&Relation]) -> bool {
    circle.iter().all(|relation| {
        relation.kind != RelationKind::Source && relation.writers.iter().all(|writer| writer.incomplete.is_none())
    })
}
