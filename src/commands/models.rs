//! `headsup models`: what was read, and how well.

use std::collections::BTreeSet;

use headsup_lineage::graph::Node;

use super::answer::Asked;
use super::depends::dialects;
use super::reading;
use crate::audience;
use crate::cli::{Common, ModelsArgs};
use crate::error::{ExitStatus, Result};
use crate::report::{ModelEntry, ModelsReport, VERSION};
use crate::selection::Finder;
use crate::selector::Selector;
use crate::ui::Ui;

pub(super) fn run(args: &ModelsArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let selectors: Vec<Selector> = args.selectors.iter().map(|typed| Selector::parse(typed)).collect::<Result<_>>()?;
    let version = reading::version(&args.side, common)?;
    Asked::of("models", args, &version, common)?.answer(common, || {
        let reading = reading::read(&version, common, ui)?;
        ui.diagnostics(&reading.diagnostics);
        let finder = Finder::new(&reading.project, &reading.jobs, dialects(&reading));
        let mut wanted = BTreeSet::new();
        for selector in &selectors {
            wanted.extend(finder.relations(selector)?);
        }
        let report = report(&reading, |node| selectors.is_empty() || wanted.contains(&node));
        Ok((report, ExitStatus::Done))
    })
}

fn report(reading: &reading::Reading, is_wanted: impl Fn(Node) -> bool) -> ModelsReport {
    let graph = &reading.project.graph;
    let mut relations: Vec<ModelEntry> = graph
        .nodes()
        .filter(|node| is_wanted(*node))
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
                rung: graph.rung(node),
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
