//! `headsup models`: what was read, and how well.

use super::answer::Asked;
use super::reading;
use crate::audience;
use crate::cli::{Common, OneSide};
use crate::error::{ExitStatus, Result};
use crate::report::{ModelEntry, ModelsReport, VERSION};
use crate::ui::Ui;

pub(super) fn run(args: &OneSide, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let version = reading::version(args, common)?;
    Asked::of("models", args, &version, common)?.answer(common, || {
        let reading = reading::read(&version, common, ui)?;
        ui.diagnostics(&reading.diagnostics);
        Ok((report(&reading), ExitStatus::Done))
    })
}

fn report(reading: &reading::Reading) -> ModelsReport {
    let graph = &reading.project.graph;
    let mut relations: Vec<ModelEntry> = graph
        .nodes()
        .map(|node| {
            let relation = graph.relation(node);
            let owner = audience::owner_of(relation, &reading.settings, &reading.project, &reading.codeowners);
            let parents = graph.parents(node).into_iter().filter(|parent| *parent != node);
            let mut parents: Vec<String> = parents.map(|parent| graph.relation(parent).id.to_string()).collect();
            parents.sort();
            ModelEntry {
                relation: relation.name.clone(),
                id: relation.id.to_string(),
                kind: relation.kind,
                rung: relation.rung,
                project: relation.project.to_string(),
                files: relation.files().into_iter().map(|file| file.to_string()).collect(),
                owner: owner.and_then(|claim| claim.contact.label().map(str::to_owned)),
                parents,
            }
        })
        .collect();
    relations.sort_by(|a, b| (&a.relation, &a.id).cmp(&(&b.relation, &b.id)));
    ModelsReport {
        version: VERSION,
        head: reading.label.clone(),
        relations,
        coverage: reading.project.coverage(),
        diagnostics: reading.diagnostics.clone(),
    }
}
