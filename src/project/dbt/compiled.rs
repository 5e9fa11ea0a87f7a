//! What of a template that dbt compiled itself decides what it compiles to elsewhere. It must not know how a manifest
//! is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use headsup_lineage::relation::conditions::Conditions;

use super::conditions::{Columns, Template, conditions, words};
use super::config::Config;
use super::engine::Macro;
use super::fed::Variables;
use super::properties::Object;
use super::scan::Reach;
use super::split;
use super::world::World;

/// A node as dbt compiled it.
pub(in crate::project) struct Compiled<'a> {
    /// Its template.
    pub(in crate::project) raw: &'a str,
    /// Where that stands.
    pub(in crate::project) path: Arc<str>,
    /// What is configured of it.
    pub(in crate::project) config: &'a Config,
    /// What is said of it.
    pub(in crate::project) said: &'a Object,
    /// The macros that it reaches, dbt's own and those of its adapter left out.
    pub(in crate::project) macros: Vec<Written<'a>>,
}

/// A macro as a manifest holds it.
#[derive(Debug, Clone, Copy)]
pub(in crate::project) struct Written<'a> {
    /// The package that it belongs to.
    pub(in crate::project) package: &'a str,
    /// Its file.
    pub(in crate::project) path: &'a str,
    /// Its text, tags included.
    pub(in crate::project) text: &'a str,
}

impl Compiled<'_> {
    /// The parts of its template, and of macros, that may say another thing in another run, and all of its hooks.
    pub(in crate::project) fn conditions(&self) -> Option<Arc<Conditions>> {
        let named: Vec<Arc<Macro>> = self.macros.iter().flat_map(macros).collect();
        let hooks: Vec<String> = ["pre_hook", "post_hook", "pre-hook", "post-hook"]
            .iter()
            .filter_map(|key| self.config.get(*key))
            .map(ToString::to_string)
            .collect();
        let mut unrendered: Vec<String> = Vec::new();
        let mut queue: Vec<&str> = hooks.iter().map(String::as_str).collect();
        let mut left: Vec<&Macro> = named.iter().map(|one| &**one).collect();
        while let Some(text) = queue.pop() {
            let (called, others) = left.into_iter().partition(|one| words(text).any(|word| word == &*one.name));
            left = others;
            let called: Vec<&Macro> = called;
            queue.extend(called.iter().map(|one| one.text()));
            unrendered.extend(called.iter().map(|one| one.text().to_owned()));
        }
        unrendered.sort();
        let keyed = named.into_iter().map(|one| ((Arc::clone(&one.package), Arc::clone(&one.name)), one));
        let reach = Reach { macros: keyed.collect::<BTreeMap<_, _>>(), ..Reach::default() };
        let template = Template {
            file: &every_run(self.raw),
            path: &self.path,
            reach: &reach,
            unrendered: &unrendered,
            columns: Columns::Known,
            variables: Variables { world: &World::default(), package: "" },
            config: self.config,
            said: self.said,
        };
        conditions(&template, Vec::new)
    }
}

/// A text that asks for the run where it asks whether that is incremental: only one answer has been compiled. What
/// dbt's own macro asks stands in its place.
fn every_run(text: &str) -> String {
    text.replace("is_incremental(", "should_full_refresh(")
}

fn macros(written: &Written<'_>) -> Vec<Arc<Macro>> {
    let (package, path, file) =
        (Arc::from(written.package), Arc::from(written.path), Arc::from(every_run(written.text)));
    split::blocks(&file).iter().map(|block| Arc::new(Macro::new(&package, &path, &file, block))).collect()
}
