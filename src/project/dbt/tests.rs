//! Projects as lists of files: one harness, and the cases by theme in the files beside it.

mod calendar;
mod columns;
mod functions;
mod hostile;
mod jinja;
mod macros;
mod places;
mod project;
mod proof;
mod remembered;
mod semantic;
mod targets;
mod told;
mod trouble;
mod writes;

use headsup_lineage::dialect::Dialect;
use headsup_lineage::relation::{Body, Reference, Relation, Rung};

use super::{Options, read};
use crate::project::Part;
use crate::snapshot::Snapshot;

/// A project that was read, to be asked.
struct Read {
    part: Part,
}

/// Reads a project of files; `dbt_project.yml` is added where there is none.
fn given(files: &[(&str, &str)]) -> Read {
    with(files, &Options { dialect: Some(Dialect::DuckDb), ..Options::default() })
}

/// The same with options.
fn with(files: &[(&str, &str)], options: &Options<'_>) -> Read {
    let mut all: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    if !files.iter().any(|(path, _)| *path == "dbt_project.yml") {
        all.push(("dbt_project.yml", b"name: shop\nconfig-version: 2\n"));
    }
    Read { part: read(&Snapshot::of_texts("test", all).unwrap(), options) }
}

/// Renders one model called `m` beside a few others, and says what SQL it is.
fn renders(template: &str, expected: &str) {
    let read = given(&[("models/m.sql", template), ("models/a.sql", "select 1"), ("models/b.sql", "select 2")]);
    assert_eq!(read.codes(), [""; 0], "{:?}", read.part.diagnostics);
    assert_eq!(read.sql("model.shop.m"), [expected], "{template}");
}

impl Read {
    fn relation(&self, id: &str) -> &Relation {
        let found = self.part.relations.iter().find(|relation| relation.id.as_str() == id);
        found.unwrap_or_else(|| panic!("{id} is not among {:?}", self.ids()))
    }

    fn ids(&self) -> Vec<&str> {
        self.part.relations.iter().map(|relation| relation.id.as_str()).collect()
    }

    /// The rendered texts, white space folded.
    fn sql(&self, id: &str) -> Vec<String> {
        match &self.relation(id).writers[0].body {
            Body::Sql { variants, .. } => {
                variants.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
            }
            other => panic!("{id} is not rendered: {other:?}; {:?}", self.part.diagnostics),
        }
    }

    fn parents(&self, id: &str) -> Vec<String> {
        let reads = self.relation(id).writers.iter().flat_map(|writer| &writer.reads);
        reads
            .map(|read| match read {
                Reference::Id(id, _) => id.to_string(),
                Reference::Name(read) => format!("name {}", read.name),
            })
            .collect()
    }

    fn rung(&self, id: &str) -> Rung {
        self.relation(id).rung
    }

    fn codes(&self) -> Vec<&str> {
        self.part.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    }

    /// Every diagnostic as `code path:line:column message`.
    fn told(&self) -> Vec<String> {
        let diagnostics = self.part.diagnostics.iter();
        diagnostics
            .map(|one| {
                let place = one.position.map(|position| format!(":{position}")).unwrap_or_default();
                format!("{} {}{place} {}", one.code, one.path.as_deref().unwrap_or("-"), one.message)
            })
            .collect()
    }

    fn aliases(&self, id: &str) -> Vec<String> {
        self.relation(id).aliases.iter().map(ToString::to_string).collect()
    }

    fn config(&self, id: &str, key: &str) -> Option<String> {
        self.relation(id).config.get(key).map(ToString::to_string)
    }
}
