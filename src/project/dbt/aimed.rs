//! What a template renders to under another target than the one that is known: under each text that a file which
//! differs between two versions compares a part of the target with. It must not know what these renderings are
//! compared by.

use std::sync::Arc;

use headsup_lineage::relation::conditions::Under;
use serde_json::Value as Json;

use super::answered::Asking;
use super::assemble::Assembly;
use super::engine::Run;
use super::natives::from_json;
use super::values::{lock, own_deep};
use crate::project::elsewhere::Elsewhere;

/// The texts of a template under each test of the target in a file of it that differs in the other version; none
/// where there are none, or where it cannot be rendered so.
pub(super) fn at_tests<'a>(assembly: &Assembly<'a>, asking: &Asking<'_>, path: &'a str) -> Aimed<'a> {
    Aimed { path, elsewhere: assembly.elsewhere, texts: under_tests(assembly, asking, path) }
}

/// What a template in a file was rendered to elsewhere, and which files that is to show.
pub(super) struct Aimed<'a> {
    /// The file of the template.
    pub(super) path: &'a str,
    /// What files that differ ask.
    pub(super) elsewhere: &'a Elsewhere,
    /// The texts.
    pub(super) texts: Vec<Under>,
}

fn under_tests(assembly: &Assembly<'_>, asking: &Asking<'_>, path: &str) -> Vec<Under> {
    let macros = asking.reach.macros.values().map(|one| &*one.path);
    let Some(tests) = assembly.elsewhere.of(macros.chain([path])) else { return Vec::new() };
    let under = |(part, text): (String, String)| {
        let mut texts: Vec<Arc<str>> = Vec::new();
        for pass in asking.passes {
            let run = Run::new(assembly.engine, asking.subject, *pass);
            aim(&run, &part, &text);
            let rendered: Arc<str> = Arc::from(run.render(asking.template, asking.file).ok()?);
            if lock(&run.captured).asked.is_some() {
                return None;
            }
            if !texts.contains(&rendered) {
                texts.push(rendered);
            }
        }
        Some(Under { when: Arc::from(format!("target.{part} = '{text}'")), texts })
    };
    tests.into_iter().map(under).collect::<Option<_>>().unwrap_or_default()
}

/// Gives a run that has not begun another target.
fn aim(run: &Run, part: &str, text: &str) {
    let mut target = run.engine.world.target.clone();
    if let Json::Object(parts) = &mut target {
        let same = if matches!(part, "name" | "target_name") { ["name", "target_name"] } else { [part, part] };
        for part in same {
            parts.insert(part.to_owned(), Json::String(text.to_owned()));
        }
    }
    let _ = run.target.set(own_deep(&from_json(&target), 0));
}
