//! A relation of one version of a project, as its readers hand it to the graph: its names, how
//! well it was read, and what each file that fills it says.

pub mod conditions;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use self::conditions::Conditions;
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::filling::Filling;
use crate::name::RelationName;
use crate::query::{Read, TableSchema};

/// What a relation is called across versions and spellings, such as `model.shop.orders`; unique
/// within one version, and the same in both if the relation is the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationId(Arc<str>);

impl RelationId {
    /// An id from its text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RelationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Serialize for RelationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// What kind of thing a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RelationKind {
    /// Built by a query of the project.
    Model,
    /// Built from a data file of the project.
    Seed,
    /// Built by a dbt snapshot.
    Snapshot,
    /// Declared by the project, filled elsewhere.
    Source,
    /// A function or procedure of the project whose body reads relations.
    Routine,
    /// Read by the project, declared and filled elsewhere.
    External,
}

/// How well a relation was read (design, section 3), best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rung {
    /// Rendered, parsed, every column bound.
    Columns,
    /// Rendered and parsed; not every column is bound to one relation.
    Open,
    /// Rendered, not parsed: relations were found in the token stream.
    Tables,
    /// Not rendered: relations were found in the template and the macros that it names.
    Refs,
    /// Not readable: only declared dependencies are known.
    Opaque,
}

impl Rung {
    /// Every rung, best first.
    pub const ALL: [Self; 5] = [Self::Columns, Self::Open, Self::Tables, Self::Refs, Self::Opaque];

    /// The name used in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::Open => "open",
            Self::Tables => "tables",
            Self::Refs => "refs",
            Self::Opaque => "opaque",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// How binding the declared columns of a relation are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Declaration {
    /// They describe: a property file lists columns for people and tests, and may list a few.
    #[default]
    Described,
    /// They are what the table has: CREATE TABLE, the header of a seed.
    Ddl,
}

/// A relation of one version of a project.
#[derive(Debug, Clone)]
pub struct Relation {
    /// What it is called across versions.
    pub id: RelationId,
    /// What reports call it, unique within its version.
    pub name: RelationName,
    /// The other names that SQL can find it by, physical ones above all.
    pub aliases: Vec<RelationName>,
    /// What kind of thing it is.
    pub kind: RelationKind,
    /// The worst rung of its writers.
    pub rung: Rung,
    /// The project of the repository that it belongs to, as settings or its own file name it.
    pub project: Arc<str>,
    /// The files that fill it: one for nearly all, several where two jobs fill one table, none for
    /// what is filled elsewhere.
    pub writers: Vec<Writer>,
    /// Where it is declared, for what has no writer.
    pub declared_in: Option<(Arc<str>, Position)>,
    /// Its declared columns and keys.
    pub schema: TableSchema,
    /// How binding `schema` is.
    pub declaration: Declaration,
    /// The configuration that decides how it is built, by key, each value in a canonical spelling:
    /// `materialized`, `unique_key`, `incremental_strategy`, `on_schema_change`, `contract`,
    /// `pre_hook`, `post_hook` … Documentation, tags and tests are not part of it.
    pub config: BTreeMap<Arc<str>, Arc<str>>,
}

impl Relation {
    /// The files that fill it, or where none does, the one that declares it; sorted, each once.
    #[must_use]
    pub fn files(&self) -> Vec<Arc<str>> {
        let mut files: Vec<Arc<str>> = self.writers.iter().map(|writer| Arc::clone(&writer.path)).collect();
        if files.is_empty() {
            files.extend(self.declared_in.iter().map(|(path, _)| Arc::clone(path)));
        }
        files.sort();
        files.dedup();
        files
    }

    /// Whether the warehouse finds it by a name, as far as is known, and not only we, who call models by their files.
    /// A schema that is written and not known may be another one.
    #[must_use]
    pub fn is_known_as(&self, name: &RelationName) -> bool {
        self.agreement(name).is_some_and(|shared| shared > 1 || name.len() == 1)
    }

    /// Whether each part that is written of a name is known to be its own.
    #[must_use]
    pub fn is_called(&self, name: &RelationName) -> bool {
        self.agreement(name).is_some_and(|shared| shared == name.len())
    }

    /// How many parts a name shares with one of its own.
    fn agreement(&self, name: &RelationName) -> Option<usize> {
        let names = if self.aliases.is_empty() { std::slice::from_ref(&self.name) } else { &self.aliases };
        names.iter().filter_map(|own| own.agreement(name)).max()
    }

    /// Whether one of its [files](Self::files) is among some.
    pub(crate) fn is_of(&self, some: &BTreeSet<Arc<str>>) -> bool {
        match &self.declared_in {
            Some((path, _)) if self.writers.is_empty() => some.contains(path),
            _ => self.writers.iter().any(|writer| some.contains(&writer.path)),
        }
    }
}

/// One file's share in filling a relation.
#[derive(Debug, Clone)]
pub struct Writer {
    /// The file, relative to the root of the snapshot, with `/`.
    pub path: Arc<str>,
    /// Where in the file its statement begins.
    pub position: Position,
    /// What it reads.
    pub reads: Vec<Reference>,
    /// Those of them that it was only asked which columns they have: the answer is in its text.
    pub described: BTreeSet<RelationId>,
    /// Why it may read more than `reads` says, where it may.
    pub incomplete: Option<Arc<str>>,
    /// What it says, for comparison with another version.
    pub body: Body,
    /// Its statements, by which its columns are bound, one for each text that can run; none where
    /// they were not understood. A graph forgets them when it has bound the columns.
    pub fillings: Vec<Filling>,
}

/// A dependency on a relation, by id where the project names it, by name where SQL does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// `ref('orders')`, `source('shop', 'orders')`, a manifest's `depends_on`.
    Id(RelationId, Position),
    /// A name in FROM, to be found in the catalog.
    Name(Read),
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Rendered SQL, one text for each variant that can run (dbt renders incremental models twice).
    Sql {
        /// The dialect of the texts.
        dialect: Dialect,
        /// The texts; a plain file has one.
        variants: Vec<Arc<str>>,
        /// The parts of its template that ask where or with what they run, so that elsewhere they
        /// may render to another text; `None` if it renders to these texts everywhere.
        conditions: Option<Arc<Conditions>>,
    },
    /// A template that could not be rendered.
    Template {
        /// Its text.
        text: Arc<str>,
        /// Whatever else decides what it renders to: the macros that it names, transitively, and
        /// the variables, as one text.
        inputs: Arc<str>,
        /// Why it could not be rendered.
        reason: Arc<str>,
    },
    /// Rows given as data; compared by content.
    Data {
        /// A digest of the content.
        digest: Arc<str>,
    },
    /// A text that is not SQL: a Python model, or one that could not be decoded.
    Opaque {
        /// A digest of the content.
        digest: Arc<str>,
    },
}
