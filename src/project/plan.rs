//! Which projects a repository holds: what settings say, else what the files look like. Made once
//! for both versions of a comparison, so that the same file is read in the same way on either side.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::tables::Tables;
use headsup_lineage::parse::parse;
use headsup_lineage::query::Reading;

use super::elsewhere::Elsewhere;
use super::memory::Memory;
use super::name_pattern::NamePattern;
use super::{Part, Project, dbt, manifest, rendered, sql};
use crate::report::{Origin, ProjectEntry};
use crate::settings::{EnvName, ProjectKind, Settings};
use crate::snapshot::{Snapshot, is_below};

/// The projects of a repository.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Each project, by folder.
    pub projects: Vec<Planned>,
    /// Values of variables that settings give to every dbt project.
    pub vars: serde_json::Map<String, serde_json::Value>,
    /// The environment variables that templates may read, with their values.
    pub environment: BTreeMap<String, String>,
    /// Tables whose columns are known from outside the repository.
    pub tables: Tables,
    /// The folders whose files belong to dbt projects, packages included.
    pub(super) of_dbt: BTreeSet<Arc<str>>,
    /// What was read so far.
    pub(super) memory: Arc<Memory>,
}

/// One project of a repository.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// What kind it is.
    pub kind: PlannedKind,
    /// Its folder, or the manifest's file; the empty text is the root.
    pub root: Arc<str>,
    /// Its dialect, where one is set or was recognised.
    pub dialect: Option<Dialect>,
    /// Where knowledge of it comes from.
    pub origin: Origin,
}

/// What kind of project it is.
#[derive(Debug, Clone, PartialEq)]
pub enum PlannedKind {
    /// A dbt project, read from its source.
    Dbt {
        /// What the repository says of its warehouse; the same for both versions, for a profile that
        /// changes beside the models is no change of the models.
        profile: Option<dbt::Profile>,
    },
    /// A manifest that dbt wrote.
    Manifest,
    /// A folder of SQL files.
    Sql {
        /// The schema that names without one live in.
        schema: Option<Arc<str>>,
        /// How a file that is only a query is named.
        name: NamePattern,
        /// What becomes of the rows that such a file returns.
        results: sql::Results,
        /// Folders below that belong to other projects.
        except: Vec<Arc<str>>,
    },
}

/// Plans how to read the versions of a repository; the last is the one that detection looks at first.
#[must_use]
pub fn plan(versions: &[&Snapshot], settings: &Settings, dialect: Option<Dialect>) -> Plan {
    let dialect = dialect.or(settings.dialect);
    let projects =
        if settings.projects.is_empty() { found(versions, dialect) } else { set(versions, settings, dialect) };
    let environment = settings.allow_env.iter().map(EnvName::as_str);
    let environment = environment.filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    let vars = settings.vars.iter().map(|(name, value)| (name.clone(), value.to_json())).collect();
    let of_dbt = versions.iter().flat_map(|version| dbt::folders(version)).collect();
    let (environment, tables) = (environment.collect(), Tables::default());
    Plan { projects, vars, environment, tables, of_dbt, memory: Arc::default() }
}

fn set(versions: &[&Snapshot], settings: &Settings, dialect: Option<Dialect>) -> Vec<Planned> {
    let roots: Vec<Arc<str>> = settings.projects.iter().map(|project| Arc::from(project.path.as_str())).collect();
    let mut projects = Vec::new();
    for (project, root) in settings.projects.iter().zip(&roots) {
        let dialect = project.dialect.or(dialect);
        let kind = match &project.kind {
            ProjectKind::Dbt { target } => {
                PlannedKind::Dbt { profile: profile(versions, root, dialect, target.as_deref()) }
            }
            ProjectKind::Manifest => PlannedKind::Manifest,
            ProjectKind::Sql { name, results } => {
                let except = others_below(root, &roots);
                let name = name.clone();
                let name = name.unwrap_or_else(|| naming(versions, root, &except, dialect.unwrap_or_default()));
                PlannedKind::Sql { schema: project.schema.as_deref().map(Arc::from), name, results: *results, except }
            }
        };
        let dialect = dialect.or_else(|| match &kind {
            PlannedKind::Sql { except, .. } => recognise(versions, root, except),
            PlannedKind::Dbt { profile } => profile.as_ref().and_then(dbt::Profile::dialect),
            PlannedKind::Manifest => None,
        });
        projects.push(Planned { kind, root: Arc::clone(root), dialect, origin: Origin::Settings });
    }
    projects
}

fn others_below(root: &str, roots: &[Arc<str>]) -> Vec<Arc<str>> {
    roots.iter().filter(|other| ***other != *root && is_below(other, root)).cloned().collect()
}

/// Every dbt project, and the SQL files outside of them as one more project.
fn found(versions: &[&Snapshot], dialect: Option<Dialect>) -> Vec<Planned> {
    let dbt: BTreeSet<Arc<str>> = versions.iter().flat_map(|version| dbt::find_roots(version)).collect();
    let mut projects: Vec<Planned> = dbt
        .iter()
        .map(|root| {
            let profile = profile(versions, root, dialect, None);
            let dialect = dialect.or_else(|| profile.as_ref().and_then(dbt::Profile::dialect));
            Planned { kind: PlannedKind::Dbt { profile }, root: Arc::clone(root), dialect, origin: Origin::Found }
        })
        .collect();
    let mut except: BTreeSet<Arc<str>> = versions.iter().flat_map(|version| dbt::folders(version)).collect();
    except.extend(versions.iter().flat_map(|version| folders_of_tests(version)));
    let except: Vec<Arc<str>> = except.into_iter().collect();
    if versions.iter().any(|version| !sql::files(version, "", &except).is_empty()) {
        let dialect = dialect.or_else(|| recognise(versions, "", &except));
        let name = naming(versions, "", &except, dialect.unwrap_or_default());
        let root: Arc<str> = Arc::from("");
        projects.push(Planned {
            kind: PlannedKind::Sql { schema: None, name, results: sql::Results::default(), except },
            root,
            dialect,
            origin: Origin::Found,
        });
    }
    projects
}

/// The profile of a dbt project, by the last version that has the project.
fn profile(versions: &[&Snapshot], root: &str, dialect: Option<Dialect>, target: Option<&str>) -> Option<dbt::Profile> {
    versions.iter().rev().find_map(|version| dbt::profile(version, root, dialect, target))
}

/// Folders whose SQL is input of tests, not the warehouse; settings can name them all the same.
fn folders_of_tests(version: &Snapshot) -> BTreeSet<Arc<str>> {
    let is_for_tests = |folder: &str| matches!(folder, "test" | "tests" | "fixtures" | "testdata");
    let mut folders = BTreeSet::new();
    for (path, _) in version.files().filter(|(path, _)| path.ends_with(".sql")) {
        let starts = path.split('/').scan(0, |end, part| {
            let start = *end;
            *end += part.len() + 1;
            Some((part, start + part.len()))
        });
        if let Some((_, end)) = starts.into_iter().find(|(part, end)| *end < path.len() && is_for_tests(part)) {
            folders.insert(Arc::from(&path[..end]));
        }
    }
    folders
}

/// How many files detection reads.
const SAMPLE: usize = 60;

/// Some files of a folder, spread evenly over it, of the last version that has any.
fn sample(versions: &[&Snapshot], root: &str, except: &[Arc<str>]) -> Vec<(Arc<str>, String)> {
    for version in versions.iter().rev() {
        let files = sql::files(version, root, except);
        if files.is_empty() {
            continue;
        }
        let step = files.len().div_ceil(SAMPLE);
        let texts =
            files.iter().step_by(step).filter_map(|(path, _)| Some((Arc::clone(path), version.text(path).ok()?)));
        return texts.collect();
    }
    Vec::new()
}

/// The dialect that parses most of a folder; among equals, the one whose marks the texts bear, then
/// the widest one.
fn recognise(versions: &[&Snapshot], root: &str, except: &[Arc<str>]) -> Option<Dialect> {
    let texts: Vec<String> = sample(versions, root, except).into_iter().map(|(_, text)| text).collect();
    recognise_texts(&texts)
}

/// The dialect that parses most of some texts, likewise; `None` if none parses any.
#[must_use]
pub fn recognise_texts(texts: &[String]) -> Option<Dialect> {
    let parsed = |dialect: Dialect| texts.iter().filter(|text| parse(text, dialect).reading == Reading::Parsed).count();
    let marks = |dialect: Dialect| texts.iter().filter(|text| bears_marks(text, dialect)).count();
    Dialect::ALL
        .into_iter()
        .rev()
        .map(|dialect| (parsed(dialect), marks(dialect), dialect))
        .max_by_key(|(parsed, marks, dialect)| (*parsed, *marks, *dialect == Dialect::Ansi))
        .filter(|(parsed, ..)| *parsed > 0)
        .map(|(.., dialect)| dialect)
}

/// Spellings that one dialect has and most others do not.
fn bears_marks(text: &str, dialect: Dialect) -> bool {
    let lower = text.to_lowercase();
    let any = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    match dialect {
        Dialect::BigQuery => {
            any(&["safe_cast(", "timestamp_trunc(", "array<struct", "parse_date(", "countif(", "except("])
                || text.split('`').skip(1).step_by(2).any(|quoted| quoted.contains('.'))
        }
        Dialect::Snowflake => {
            any(&["iff(", "lateral flatten", "qualify ", "::variant", "try_to_", "zeroifnull(", "dateadd("])
        }
        Dialect::Redshift => any(&["distkey", "sortkey", "getdate()", "diststyle"]),
        Dialect::Postgres => any(&["generate_series(", "jsonb", "ilike", "::regclass", "serial primary key"]),
        Dialect::Databricks => any(&["lateral view", "using delta", "explode(", "collect_list("]),
        Dialect::Trino => any(&["approx_distinct(", "cross join unnest", "json_extract_scalar(", "try_cast("]),
        Dialect::DuckDb => any(&["read_csv", "read_parquet", "list_value(", "exclude ("]),
        Dialect::MySql => any(&["engine=innodb", "auto_increment", "group_concat("]),
        Dialect::TSql => any(&["[dbo]", " top ", "nvarchar", "isnull(", "cross apply"]),
        Dialect::ClickHouse => any(&["mergetree", "todate(", "arrayjoin(", "uniqexact("]),
        Dialect::Ansi => false,
    }
}

/// How bare queries are named, by what the files look like: one folder a table (`query.sql` in
/// each), else `{parent}.{stem}` where the texts name each other so, else `{stem}`.
fn naming(versions: &[&Snapshot], root: &str, except: &[Arc<str>], dialect: Dialect) -> NamePattern {
    let Some(version) = versions.iter().rev().find(|version| !sql::files(version, root, except).is_empty()) else {
        return NamePattern::default();
    };
    let paths: Vec<Arc<str>> = sql::files(version, root, except).into_iter().map(|(path, _)| path).collect();
    let is_query = |path: &&Arc<str>| matches!(path.rsplit('/').next(), Some("query.sql" | "view.sql" | "script.sql"));
    let queries: Vec<&Arc<str>> = paths.iter().filter(is_query).collect();
    let deep = queries.iter().filter(|path| path.split('/').count() > 3).count();
    if deep * 2 > paths.len() {
        return NamePattern::by_three_folders();
    }
    let mut folders: HashMap<String, BTreeSet<String>> = HashMap::new();
    for path in &paths {
        let name = NamePattern::by_folder().apply(path, dialect);
        if name.len() == 2 {
            let folder = name.keys().next().unwrap_or_default().to_owned();
            folders.entry(name.table_key().to_owned()).or_default().insert(folder);
        }
    }
    let (mut by_folder, mut otherwise) = (0, 0);
    for (_, text) in sample(versions, root, except) {
        for read in parse(&text, dialect).statements.iter().flat_map(|statement| &statement.reads) {
            let Some(known) = folders.get(read.name.table_key()) else { continue };
            match read.name.keys().rev().nth(1) {
                Some(schema) if known.contains(schema) => by_folder += 1,
                _ => otherwise += 1,
            }
        }
    }
    if by_folder > otherwise { NamePattern::by_folder() } else { NamePattern::default() }
}

impl Planned {
    /// What the project holds in one version; nothing where that version does not have it.
    pub(super) fn read(&self, snapshot: &Snapshot, plan: &Plan, elsewhere: &Elsewhere) -> Part {
        match &self.kind {
            PlannedKind::Dbt { profile } => {
                // Without a profile the whole repository is searched for one.
                let inputs = profile.as_ref().and_then(|_| dbt::Inputs::of(snapshot, &self.root));
                let options = dbt::Options {
                    root: &self.root,
                    dialect: self.dialect,
                    profile: profile.as_ref(),
                    target: None,
                    vars: plan.vars.clone(),
                    environment: plan.environment.clone(),
                    remembered: Some(&plan.memory.dbt),
                    elsewhere: elsewhere.clone(),
                };
                let read = || rendered::with_named_reads(dbt::read(snapshot, &options), &plan.memory.rendered);
                match inputs {
                    Some(inputs) => plan.memory.parts.get_or_read(&self.root, inputs, elsewhere, read),
                    None => read(),
                }
            }
            PlannedKind::Manifest => match snapshot.text(&self.root) {
                Ok(text) => rendered::with_named_reads(manifest::read(&text, &self.root), &plan.memory.rendered),
                Err(diagnostic) => Part { diagnostics: vec![*diagnostic], ..Part::default() },
            },
            PlannedKind::Sql { schema, name, results, except } => {
                let options = sql::Options {
                    schema: schema.clone(),
                    root: Arc::clone(&self.root),
                    except: except.clone(),
                    dialect: self.dialect.unwrap_or_default(),
                    name: name.clone(),
                    results: *results,
                    project: Arc::clone(&self.root),
                };
                sql::read(snapshot, &options)
            }
        }
    }
}

impl Planned {
    /// Lets go of what was read of it, once no other version is to be read.
    pub(super) fn forget(&self, plan: &Plan) {
        plan.memory.forget_project(&self.root);
    }
}

impl Plan {
    /// Whether both read any version in the same way, as far as that can be seen without looking into lists
    /// of tables.
    pub(super) fn reads_like(&self, other: &Self) -> bool {
        self.projects == other.projects
            && self.vars == other.vars
            && self.environment == other.environment
            && self.tables.is_empty()
            && other.tables.is_empty()
    }

    /// Whether a change of these files may ask for another plan: those that say which projects there are, which
    /// warehouse they are for and what settings say, and SQL outside of dbt's projects, of which samples are read.
    #[must_use]
    pub fn may_change_with(&self, files: &[Arc<str>]) -> bool {
        let decides = |file: &Arc<str>| {
            let name = file.rsplit('/').next().unwrap_or(file);
            let says = name.starts_with("requirements")
                || matches!(name, "pyproject.toml" | "Pipfile" | "setup.py" | "environment.yml")
                || matches!(name, "dbt_project.yml" | "packages.yml" | "dependencies.yml")
                || matches!(name, "profiles.yml" | "profiles.yaml")
                || crate::settings::FILE_NAMES.contains(&name);
            says || (name.ends_with(".sql") && !self.is_of_dbt(file))
        };
        files.iter().any(decides)
    }

    /// Whether any of these files may be read by a project; many commits change other files only.
    #[must_use]
    pub fn may_read(&self, files: &[Arc<str>]) -> bool {
        let reads = |planned: &Planned, file: &str| {
            let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
            match &planned.kind {
                PlannedKind::Manifest => file == &*planned.root,
                PlannedKind::Dbt { .. } => {
                    matches!(&*ending, "sql" | "py" | "yml" | "yaml" | "csv") && self.is_of_dbt(file)
                }
                PlannedKind::Sql { .. } => ending == "sql" && is_below(file, &planned.root),
            }
        };
        self.may_change_with(files) || files.iter().any(|file| self.projects.iter().any(|planned| reads(planned, file)))
    }

    fn is_of_dbt(&self, file: &str) -> bool {
        self.of_dbt.iter().any(|folder| is_below(file, folder))
    }

    /// The dialect of all projects, if they have one and the same.
    #[must_use]
    pub fn dialect(&self) -> Option<Dialect> {
        let mut dialects = self.projects.iter().filter_map(|project| project.dialect);
        let first = dialects.next()?;
        dialects.all(|other| other == first).then_some(first)
    }

    /// The first of some files that is part of a dbt project.
    #[must_use]
    pub fn file_of_dbt<'f>(&self, files: &'f [Arc<str>]) -> Option<&'f str> {
        let dbt: Vec<&Planned> =
            self.projects.iter().filter(|one| matches!(one.kind, PlannedKind::Dbt { .. })).collect();
        let matters = |file: &str| [".sql", ".py", ".yml", ".yaml", ".csv"].iter().any(|end| file.ends_with(end));
        let mut files = files.iter().map(|file| &**file).filter(|file| matters(file));
        files.find(|file| dbt.iter().any(|planned| planned.holds(file, &self.projects)))
    }

    /// Whether settings that name these projects read the same: they leave out only what is another project's.
    #[must_use]
    pub fn is_sayable(&self) -> bool {
        let roots: Vec<&Arc<str>> =
            self.projects.iter().map(|planned| &planned.root).filter(|root| !root.is_empty()).collect();
        self.projects.iter().all(|planned| match &planned.kind {
            PlannedKind::Sql { except, .. } => {
                let twice = self.projects.iter().filter(|other| other.root == planned.root).count() > 1;
                let is_other = |folder: &Arc<str>| roots.iter().any(|root| is_below(folder, root));
                !twice && except.iter().all(is_other)
            }
            PlannedKind::Dbt { .. } | PlannedKind::Manifest => true,
        })
    }

    /// The projects as people see them.
    #[must_use]
    pub fn describe(&self, project: &Project) -> Vec<ProjectEntry> {
        let by_argument = project.sizes.iter().filter(|(root, _)| self.projects.iter().all(|one| one.root != **root));
        let manifests: Vec<ProjectEntry> = by_argument
            .map(|(path, models)| ProjectEntry {
                kind: "manifest".to_owned(),
                path: path.to_string(),
                dialect: None,
                name: None,
                origin: Origin::Argument,
                models: *models,
            })
            .collect();
        // A manifest stands in for the dbt projects.
        let is_read = |planned: &&Planned| manifests.is_empty() || !matches!(planned.kind, PlannedKind::Dbt { .. });
        let read = self
            .projects
            .iter()
            .filter(is_read)
            .map(|planned| {
                let (kind, name) = match &planned.kind {
                    PlannedKind::Dbt { .. } => ("dbt", None),
                    PlannedKind::Manifest => ("manifest", None),
                    PlannedKind::Sql { name, .. } => ("sql", Some(name.to_string())),
                };
                let models = project.sizes.get(&planned.root).copied().unwrap_or_default();
                ProjectEntry {
                    kind: kind.to_owned(),
                    path: if planned.root.is_empty() { ".".to_owned() } else { planned.root.to_string() },
                    dialect: planned.dialect.map(|dialect| dialect.to_string()),
                    name,
                    origin: planned.origin,
                    models,
                }
            })
            .collect::<Vec<_>>();
        read.into_iter().chain(manifests).collect()
    }
}

impl Planned {
    /// Whether a file is in this project and in no other one below it.
    fn holds(&self, file: &str, all: &[Self]) -> bool {
        let deepest = all.iter().filter(|other| is_below(file, &other.root)).max_by_key(|other| other.root.len());
        deepest.is_some_and(|deepest| deepest.root == self.root)
    }
}
