//! Public tables that change so that their readers break, while other teams are among these.

use headsup_lineage::change::EffectKind;
use headsup_lineage::diagnostic::{Position, Severity};
use headsup_lineage::graph::Node;
use headsup_lineage::reach::{Noticed, Reach};
use headsup_lineage::relation::{Relation, RelationId, RelationKind};
use std::collections::BTreeSet;
use std::sync::Arc;

use super::party::{Kinship, Party};
use super::reads::{is_public, readers, tables_of};
use super::{Age, Before, Check, Finding, Side};

/// Every public table that breaks.
pub(super) fn broken(head: &Side<'_>, before: &Before<'_>) -> Vec<Finding> {
    let base = &before.base;
    let mut found = Vec::new();
    for (id, arrival) in before.spread.arrivals() {
        let effects: Vec<&Noticed> = arrival.effects.iter().filter(|effect| breaks(effect.kind)).collect();
        if effects.is_empty() || arrival.reach != Reach::Reached {
            continue;
        }
        // What is published counts as it was: nobody can take a table out of its contract while breaking it.
        let Some(was) = base.project.graph.by_id(id) else { continue };
        let table = base.project.graph.relation(was);
        if !is_public(table, base) {
            continue;
        }
        let others = other_readers(id, was, head, base);
        if others.is_empty() {
            continue;
        }
        let is_felt = others.iter().any(|other| match other {
            Other::Table(id, _) => is_felt_by(id, before),
            Other::Job(..) => true,
        });
        let severity = if is_felt { Severity::Error } else { Severity::Warning };
        let (path, position) = place(id, table, head);
        let what: BTreeSet<String> = effects.iter().map(|effect| said(effect)).collect();
        let names: BTreeSet<String> = others.iter().map(Other::said).collect();
        let felt = if is_felt { "" } else { ", though nothing there asks for it" };
        let message = format!("public `{}` breaks: {}; read by {}{felt}", table.name, some_of(&what), some_of(&names));
        let hint = "keep what was there beside what is new until its readers have moved, as a version of its own";
        let finding = Finding::new(Check::PublicContract, severity, (&path, position), format!("table {id}"));
        found.push(Finding { age: Some(Age::New), ..finding.says(message).hint(hint) });
    }
    found
}

/// Whether a reader breaks by what it reads, and not only by a change of its own.
fn is_felt_by(reader: &RelationId, before: &Before<'_>) -> bool {
    let Some(arrival) = before.spread.arrivals().get(reader) else { return false };
    let is_itself_changed = before.comparison.changes.iter().any(|change| change.id == *reader);
    arrival
        .effects
        .iter()
        .any(|effect| effect.kind == EffectKind::Broken || (!is_itself_changed && breaks(effect.kind)))
}

/// What a reader of a table relies on: that it is there, its columns, their types, and its grain.
const fn breaks(kind: EffectKind) -> bool {
    matches!(
        kind,
        EffectKind::Broken
            | EffectKind::Removed
            | EffectKind::Retyped
            | EffectKind::RowsDuplicated
            | EffectKind::Regrained
    )
}

fn said(effect: &Noticed) -> String {
    let what = crate::headsup::words(effect.kind);
    match &effect.column {
        Some(column) => format!("`{column}` {what}"),
        None => what.to_owned(),
    }
}

/// Somebody else who reads a table.
enum Other {
    Table(RelationId, String),
    Job(String, String),
}

impl Other {
    fn said(&self) -> String {
        match self {
            Self::Table(_, said) => said.clone(),
            Self::Job(name, whose) => format!("the job `{name}`{whose}"),
        }
    }
}

/// The readers of a table in head that belong to others; where the table is gone, those that still ask
/// for it.
fn other_readers(id: &RelationId, was: Node, head: &Side<'_>, base: &Side<'_>) -> Vec<Other> {
    let table = base.project.graph.relation(was);
    let owner = Party::of_relation(table, base);
    let graph = &head.project.graph;
    let is = match graph.by_id(id) {
        Some(node) => vec![node],
        None => {
            let names = std::iter::once(&table.name).chain(&table.aliases);
            let found = names.flat_map(|name| graph.by_name(name, None).candidates());
            found.filter(|node| graph.relation(*node).kind == RelationKind::External).collect()
        }
    };
    let whose = |party: &Party| party.label.as_ref().map(|label| format!(" of {label}")).unwrap_or_default();
    let is_other = |party: &Party| owner.kinship(party) == Kinship::Other;
    let mut others = Vec::new();
    for (reader, ..) in is.iter().flat_map(|node| readers(graph, *node)) {
        let relation = graph.relation(reader);
        let party = Party::of_relation(relation, head);
        if is_other(&party) || relation.project != table.project {
            others.push(Other::Table(relation.id.clone(), format!("`{}`{}", relation.name, whose(&party))));
        }
    }
    for job in head.jobs.iter().filter(|job| tables_of(job, graph).iter().any(|node| is.contains(node))) {
        let party = Party::of_job(job, head);
        if is_other(&party) {
            others.push(Other::Job(job.name.clone(), whose(&party)));
        }
    }
    others
}

/// Where a table is built now, or, if it is gone, was.
fn place(id: &RelationId, table: &Relation, head: &Side<'_>) -> (Arc<str>, Position) {
    let now = head.project.graph.by_id(id).map(|node| head.project.graph.relation(node));
    let relation = now.unwrap_or(table);
    let written = relation.writers.first().map(|writer| (Arc::clone(&writer.path), writer.position));
    written.or_else(|| relation.declared_in.clone()).unwrap_or_else(|| (Arc::from(""), Position::START))
}

fn some_of(names: &BTreeSet<String>) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
