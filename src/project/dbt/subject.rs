//! What a rendering is about, and what it finds beside its text. Plain values; they must not know the
//! renderer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value as Json;

use super::engine::Macro;
use super::properties::Object;
use super::relation::TableName;
use super::sentinel::Sample;

/// Whether dbt would ask the warehouse: it reads every template twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pass {
    /// `execute` is false: refs and config are collected.
    Parse,
    /// `execute` is true, a full build: `is_incremental()` is false.
    Full,
    /// `execute` is true and the table is there already.
    Incremental,
    /// As a full build, with answers that stand out.
    FullAnswered(Sample),
    /// As a build of a table that is there, with answers that stand out.
    IncrementalAnswered(Sample),
}

impl Pass {
    /// Whether the table is there already.
    pub(super) const fn is_incremental(self) -> bool {
        matches!(self, Self::Incremental | Self::IncrementalAnswered(_))
    }

    /// The same, with answers that stand out.
    pub(super) const fn answered(self, sample: Sample) -> Self {
        match self.is_incremental() {
            true => Self::IncrementalAnswered(sample),
            false => Self::FullAnswered(sample),
        }
    }

    /// What the warehouse answers.
    pub(super) const fn sample(self) -> Option<Sample> {
        match self {
            Self::FullAnswered(sample) | Self::IncrementalAnswered(sample) => Some(sample),
            Self::Parse | Self::Full | Self::Incremental => None,
        }
    }
}

/// Which variables a template sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Sees {
    /// Those of the project and of its packages, and those that the caller sets.
    #[default]
    All,
    /// Those that the caller sets, as in the root's own project file.
    Given,
    /// None, as in the project file of a package.
    Nothing,
}

/// What a run is for.
#[derive(Debug, Clone, Default)]
pub(super) struct Subject {
    /// The id of the node; empty for what is no node, such as a property file.
    pub(super) id: String,
    /// `model`, `seed`, …
    pub(super) resource: &'static str,
    /// The name of the node.
    pub(super) name: String,
    /// The version of the node, where it has one.
    pub(super) version: Option<String>,
    /// The package of the node.
    pub(super) package: Arc<str>,
    /// The file.
    pub(super) path: Arc<str>,
    /// The folders between the package and the node, package first, node last.
    pub(super) fqn: Vec<String>,
    /// The configuration as far as it is known.
    pub(super) config: BTreeMap<String, Json>,
    /// The table that the node builds, as far as it is known.
    pub(super) this: Option<TableName>,
    /// The macros of the node's own file.
    pub(super) local: HashMap<String, Arc<Macro>>,
    /// What its properties say.
    pub(super) said: Arc<Object>,
    /// Which variables it sees; a node sees all.
    pub(super) sees: Sees,
}

impl Subject {
    /// The path within the folder of models, as dbt tells it to templates.
    pub(super) fn inner_path(&self) -> String {
        inner_path(&self.path, &self.fqn)
    }
}

/// The path of a file within its folder of models, by the folders between that and the node.
pub(super) fn inner_path(path: &str, fqn: &[String]) -> String {
    let file = path.rsplit('/').next().unwrap_or_default();
    let folders = fqn.get(1..fqn.len().saturating_sub(1)).unwrap_or_default();
    folders.iter().map(String::as_str).chain([file]).collect::<Vec<_>>().join("/")
}

/// A call of `ref`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RefCall {
    /// The package, where named.
    pub(super) package: Option<String>,
    /// The model.
    pub(super) name: String,
    /// The version, where named.
    pub(super) version: Option<String>,
}

/// A question to the warehouse, and what its answer can decide; the graver one counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// Which columns there are, or which values: the answer names no table.
    Columns(String),
    /// A query that is known: what it can find is worked out from its text.
    Query(String),
    /// Anything: the answer can name tables, which then are read and not seen here.
    Tables(String),
}

impl Asked {
    /// What a question of that name can decide.
    pub(super) fn new(what: &str) -> Self {
        const ABOUT_COLUMNS: [&str; 17] = [
            "adapter.get_relation",
            "adapter.get_columns_in_relation",
            "adapter.get_missing_columns",
            "adapter.get_columns_in_table",
            "adapter.get_column_schema_from_query",
            "adapter.get_columns_in_select_sql",
            "adapter.get_partitions_metadata",
            "adapter.check_schema_exists",
            "adapter.is_replaceable",
            "adapter.already_exists",
            "dbt_utils.star",
            "dbt_utils.get_filtered_columns_in_relation",
            "dbt_utils.get_column_values",
            "dbt_utils.get_single_value",
            "dbt_utils.union_relations",
            "dbt_utils.unpivot",
            "the runtime configuration",
        ];
        match ABOUT_COLUMNS.contains(&what) {
            true => Self::Columns(what.to_owned()),
            false => Self::Tables(what.to_owned()),
        }
    }

    /// What was asked.
    pub(super) fn what(&self) -> &str {
        match self {
            Self::Columns(what) | Self::Query(what) | Self::Tables(what) => what,
        }
    }
}

/// How much of a project a run saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum View {
    /// What it named.
    #[default]
    Named,
    /// The list of all nodes, so that any change of any node may matter.
    Whole,
}

/// What a run found beside its text.
#[derive(Debug, Clone, Default)]
pub(super) struct Captured {
    /// The calls of `ref`.
    pub(super) refs: Vec<RefCall>,
    /// The calls of `source`.
    pub(super) sources: Vec<(String, String)>,
    /// The calls of `config`, in order.
    pub(super) config: Vec<(String, Json)>,
    /// What was asked of the warehouse, which nobody can answer here.
    pub(super) asked: Option<Asked>,
    /// The queries of `statement` blocks by name, for who asks for their result.
    pub(super) statements: BTreeMap<String, String>,
    /// The statements that were run whose results nobody can ask for: in blocks without a name, or of a name that another one
    /// has now.
    pub(super) ran: Vec<String>,
    /// The queries whose results were asked for.
    pub(super) queries: Vec<String>,
    /// Tables whose existence was asked for by name, schema first: whoever asks reads them if they
    /// are there.
    pub(super) tables: Vec<Vec<String>>,
    /// The nodes whose columns were asked for, and are known.
    pub(super) described: BTreeSet<String>,
    /// How often the columns of a table were asked for, whether they are known or not.
    pub(super) column_questions: usize,
    /// How often the type of a column was asked for that is known.
    pub(super) type_questions: usize,
    /// Why there may be more refs than were found, where there may.
    pub(super) computed: Option<String>,
    /// Variables that nobody gives a value to.
    pub(super) unknown_vars: Vec<String>,
    /// How much of the project it saw.
    pub(super) view: View,
}

impl Captured {
    /// Notes a statement that was run, under its name if it has one.
    pub(super) fn has_run(&mut self, name: Option<String>, query: String) {
        match name {
            Some(name) => self.ran.extend(self.statements.insert(name, query)),
            None => self.ran.push(query),
        }
    }

    /// All that is known to be run beside what is printed.
    pub(super) fn all_run(&self) -> impl Iterator<Item = &String> {
        self.ran.iter().chain(self.statements.values()).chain(&self.queries)
    }
}
