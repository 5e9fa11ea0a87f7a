//! A snapshot to a project: the relations that it builds and reads, its jobs, and what could not be
//! read. One reader for each kind of project; it must not know lineage's insides.

pub mod dbt;
pub mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::relation::{Reference, Relation, RelationId};
use serde::{Deserialize, Serialize};

/// What one reader found in one project of a snapshot.
#[derive(Debug, Default)]
pub struct Part {
    /// The relations, in any order.
    pub relations: Vec<Relation>,
    /// What else is said of a relation, where anything is.
    pub attributes: BTreeMap<RelationId, Attributes>,
    /// The jobs that the project itself declares.
    pub jobs: Vec<DeclaredJob>,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a project says of a relation beside its SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Who owns it, best rule first.
    pub owners: Vec<OwnerClaim>,
    /// Whether `meta: {critical: true}` makes it a job of its own.
    pub criticality: Option<Criticality>,
    /// Its tags.
    pub tags: BTreeSet<String>,
}

/// A job that a project declares: a dbt exposure.
#[derive(Debug, Clone)]
pub struct DeclaredJob {
    /// Its name.
    pub name: String,
    /// Who owns it, best rule first.
    pub owners: Vec<OwnerClaim>,
    /// How much it matters, where the project says so.
    pub criticality: Option<Criticality>,
    /// The relations that it reads.
    pub reads: Vec<Reference>,
    /// For some of the relations, the columns that it reads: `meta.referenced_columns`, by the relation's
    /// name as written there.
    pub columns: BTreeMap<String, Vec<String>>,
    /// Where it is declared.
    pub path: Arc<str>,
    /// Where in the file.
    pub position: Position,
    /// Its address, for people.
    pub url: Option<String>,
}

/// How much a job matters, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Criticality {
    /// As any job.
    #[default]
    Normal,
    /// Worth a look before merging.
    Important,
    /// Must not fail.
    Critical,
}

/// Someone said to own something, and which rule says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerClaim {
    /// The rule.
    pub rule: OwnerRule,
    /// The owner.
    pub contact: Contact,
}

/// The rules that name owners, strongest first (design, section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerRule {
    /// `jobs:` in headsup.yml.
    Settings,
    /// `config.meta` or `meta` of an exposure.
    ExposureMeta,
    /// `owner` of an exposure.
    Exposure,
    /// The group of a model.
    Group,
    /// `meta.owner` of a model.
    ModelMeta,
    /// `owners:` in headsup.yml, by path.
    SettingsPath,
    /// CODEOWNERS.
    Codeowners,
}

/// Whom to tell, as far as a project says.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// A person or a team.
    pub name: Option<String>,
    /// Addresses.
    pub emails: Vec<String>,
    /// A channel, such as `#finance-audit`.
    pub channel: Option<String>,
}
