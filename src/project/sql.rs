//! A folder of `.sql` files to relations. A statement that builds or fills a table makes a model
//! named by its target; a file that is only a query makes one named by its path.

use std::collections::BTreeMap;
use std::sync::Arc;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::RelationName;
use headsup_lineage::parse::parse;
use headsup_lineage::parsed::Parsed;
use headsup_lineage::query::{Reading, Script, StatementKind, TableSchema};
use headsup_lineage::relation::{Body, Declaration, Relation, RelationId, RelationKind, Rung, Writer};
use rayon::prelude::*;

use crate::project::Part;
use crate::project::name_pattern::NamePattern;
use crate::snapshot::{ContentId, Snapshot, is_below};
use policy::Policies;
use script::Said;

mod policy;
mod renamed;
mod script;
mod template;
pub(super) mod written;

/// What becomes of the rows that a file that is only a query returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Results {
    /// They are added to those that its table has, perhaps: nothing says otherwise.
    #[default]
    Added,
    /// They are all that its table has.
    Replaced,
}

/// How to read one folder.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder, relative to the snapshot; the empty text is its root.
    pub root: Arc<str>,
    /// Folders below it that belong to other projects.
    pub except: Vec<Arc<str>>,
    /// The dialect of its files.
    pub dialect: Dialect,
    /// How a bare query is named.
    pub name: NamePattern,
    /// What becomes of the rows that a bare query returns.
    pub results: Results,
    /// The schema that names without one live in.
    pub schema: Option<Arc<str>>,
    /// What the project is called; part of its relations' ids only where two projects build one name.
    pub project: Arc<str>,
}

/// The files of a folder that hold SQL, in order.
#[must_use]
pub fn files(snapshot: &Snapshot, root: &str, except: &[Arc<str>]) -> Vec<(Arc<str>, ContentId)> {
    snapshot
        .below(root)
        .filter(|(path, _)| is_sql(path))
        .filter(|(path, _)| !path.split('/').any(is_not_the_projects_own))
        .filter(|(path, _)| !except.iter().any(|other| is_below(path, other)))
        .map(|(path, id)| (Arc::clone(path), id))
        .collect()
}

/// Whether a file holds SQL, by its ending; templates of it included.
fn is_sql(path: &str) -> bool {
    const ENDINGS: [&str; 6] = [".sql", ".ddl", ".hql", ".bq", ".sql.j2", ".sql.jinja"];
    let path = path.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}

/// Folders that tools fill, not people.
fn is_not_the_projects_own(folder: &str) -> bool {
    folder.starts_with('.') || matches!(folder, "node_modules" | "target" | "dbt_packages" | "dbt_modules" | "venv")
}

/// A text by itself, read; template tags are blanked out, and then it is said why it may read more.
#[must_use]
pub fn script_of(text: &str, dialect: Dialect) -> (Script, Option<Diagnostic>) {
    let template::Read { script, reading, incomplete } = template::read(text, dialect, parse);
    let doubt = match reading {
        template::Kind::Plain => None,
        template::Kind::Template => {
            Some(Diagnostic::warning("templated-query", "the text is a template that was not rendered"))
        }
    };
    (script, incomplete.or(doubt))
}

/// Whether a text is a template, or looks like one.
#[must_use]
pub fn has_tags(text: &str) -> bool {
    template::has_tags(text)
}

/// Reads a folder.
#[must_use]
pub fn read(snapshot: &Snapshot, options: &Options) -> Part {
    let files = files(snapshot, &options.root, &options.except);
    let names = path_names(files.iter().map(|(path, _)| path), options);
    let read: Vec<FileRead> =
        files.par_iter().zip(names).map(|((path, id), name)| read_file(snapshot, path, *id, name, options)).collect();
    let mut diagnostics = Vec::new();
    let mut shares: BTreeMap<RelationName, Vec<Share>> = BTreeMap::new();
    let mut policies: Vec<(RelationName, String)> = Vec::new();
    for file in read {
        diagnostics.extend(file.diagnostics);
        policies.extend(file.policies);
        for mut share in file.shares {
            if let (1, Some(schema)) = (share.name.len(), &options.schema) {
                share.name = share.name.within(options.dialect, schema);
            }
            shares.entry(share.name.clone()).or_default().push(share);
        }
    }
    // Who drops a table of which nobody else says anything tells nothing of it.
    let only_goes = |share: &Share| share.declared.as_ref().is_some_and(|declared| matches!(declared.said, Said::Gone));
    let known = shares.into_values().filter(|shares| !shares.iter().all(only_goes));
    let mut relations: Vec<Relation> = known.map(|shares| relation(shares, options)).collect();
    let is_policed = |relation: &Relation| relation.schema.clauses.iter().any(policy::may_be_set);
    if relations.iter().any(is_policed) {
        // A function can be a policy as well.
        let routines = relations.iter().filter(|relation| relation.kind == RelationKind::Routine);
        policies.extend(routines.map(|routine| (routine.name.clone(), body_of(routine, options.dialect))));
    }
    for relation in relations.iter_mut().filter(|relation| is_policed(relation)) {
        policy::with_policies(&mut relation.schema, &policies, options.dialect);
    }
    let relations = relations.into_iter().map(Arc::new).collect();
    Part { relations, diagnostics, ..Part::default() }
}

/// The names that paths give; where two files would get one name, as many folders are put in front
/// as it takes to tell them apart.
fn path_names<'a>(paths: impl Iterator<Item = &'a Arc<str>>, options: &Options) -> Vec<RelationName> {
    let paths: Vec<&Arc<str>> = paths.collect();
    let mut names: Vec<RelationName> = paths.iter().map(|path| options.name.apply(path, options.dialect)).collect();
    for _ in 0..3 {
        let mut count: BTreeMap<RelationName, usize> = BTreeMap::new();
        for name in &names {
            *count.entry(name.clone()).or_default() += 1;
        }
        let mut shared = false;
        for (path, name) in paths.iter().zip(&mut names) {
            if count.get(name).is_some_and(|count| *count > 1)
                && let Some(folder) = options.name.folder_before(path, name.len())
            {
                *name = name.within(options.dialect, folder);
                shared = true;
            }
        }
        if !shared {
            break;
        }
    }
    names
}

/// What one file says of one relation.
struct Share {
    name: RelationName,
    kind: RelationKind,
    rung: Rung,
    writer: Option<Writer>,
    declared: Option<Declared>,
}

/// What one file declares of one relation.
struct Declared {
    path: Arc<str>,
    position: Position,
    said: Said,
}

struct FileRead {
    shares: Vec<Share>,
    policies: Vec<(RelationName, String)>,
    diagnostics: Vec<Diagnostic>,
}

fn read_file(snapshot: &Snapshot, path: &Arc<str>, id: ContentId, name: RelationName, options: &Options) -> FileRead {
    let text = match snapshot.text(path) {
        Ok(text) => text,
        Err(diagnostic) => return unreadable(path, id, name, *diagnostic),
    };
    let template::Read { script, reading, incomplete } = template::read(&text, options.dialect, parse);
    let mut diagnostics: Vec<Diagnostic> =
        script.diagnostics.iter().cloned().map(|diagnostic| diagnostic.in_file(&**path)).collect();
    let rung = match reading {
        template::Kind::Plain if script.reading == Reading::Parsed => Rung::Open,
        template::Kind::Plain => Rung::Tables,
        template::Kind::Template => Rung::Refs,
    };
    if let Some(reason) = &incomplete {
        diagnostics.push(reason.clone().in_file(&**path));
    }
    diagnostics.extend(dynamic_sql(&script).map(|diagnostic| diagnostic.in_file(&**path)));
    let incomplete = incomplete.map(|diagnostic| Arc::from(diagnostic.message));
    // What it does for several relations is asked of one after the other, so its statements stay.
    let parsed = Arc::new(Parsed::from(script));
    let (dialect, results) = (options.dialect, options.results);
    let file = script::File { path, text: &text, parsed: &parsed, script: &parsed.script(), dialect, results };
    let Policies { made, set } = Policies::of(&text, options.dialect);
    let set = set.into_iter().chain(renamed::renamed(&text, options.dialect));
    let set = set.map(|(name, position, schema)| (name, position, Said::More(schema))).collect();
    let shares = shares(&file, name, rung, incomplete.as_ref(), set);
    FileRead { shares, policies: made, diagnostics }
}

/// SQL that is put together at run time, once for each file.
fn dynamic_sql(script: &Script) -> Option<Diagnostic> {
    let statement = script.statements.iter().find(|statement| statement.kind == StatementKind::Dynamic)?;
    let message = "the script runs SQL that it builds at run time: what that reads and fills cannot be seen";
    let hint = "name the jobs that read what it fills after this file as well, under `reads` in headsup.yml";
    Some(Diagnostic::warning("dynamic-sql", message).at(statement.position).hint(hint))
}

/// A file that cannot be read still builds what its path says, and may read anything.
fn unreadable(path: &Arc<str>, id: ContentId, name: RelationName, diagnostic: Diagnostic) -> FileRead {
    let writer = Writer {
        path: Arc::clone(path),
        position: diagnostic.position.unwrap_or(Position::START),
        reads: Vec::new(),
        described: Default::default(),
        incomplete: Some(Arc::from(diagnostic.message.as_str())),
        body: Body::Opaque { digest: Arc::from(id.to_string()) },
        fillings: Vec::new(),
    };
    let share = Share { name, kind: RelationKind::Model, rung: Rung::Opaque, writer: Some(writer), declared: None };
    FileRead { shares: vec![share], policies: Vec::new(), diagnostics: vec![diagnostic] }
}

fn shares(
    file: &script::File<'_>,
    path_name: RelationName,
    rung: Rung,
    incomplete: Option<&Arc<str>>,
    set: Vec<(RelationName, Position, Said)>,
) -> Vec<Share> {
    let filled = |name: RelationName, fill: script::Fill| Share {
        name,
        kind: fill.kind,
        rung,
        writer: Some(Writer {
            path: Arc::clone(file.path),
            position: fill.position,
            reads: fill.reads,
            described: Default::default(),
            incomplete: fill.incomplete.map(Arc::from).or_else(|| incomplete.cloned()),
            body: Body::Sql { dialect: file.dialect, variants: vec![fill.text], conditions: None },
            // What is left of a template without its tags says too little of columns.
            fillings: if rung == Rung::Refs { Vec::new() } else { vec![fill.filling] },
        }),
        declared: None,
    };
    let declared = |(name, position, said)| Share {
        name,
        kind: RelationKind::Source,
        rung,
        writer: None,
        declared: Some(Declared { path: Arc::clone(file.path), position, said }),
    };
    let mut shares: Vec<Share> =
        file.targets().into_iter().map(|target| filled(target.clone(), file.fill_of(&target))).collect();
    shares.extend(file.declarations().into_iter().map(declared));
    if shares.is_empty() {
        let query = file.bare_query().or_else(|| file.dynamic()).or_else(|| file.nameless());
        shares.extend(query.map(|query| filled(path_name, query)));
    }
    shares.extend(set.into_iter().map(declared));
    shares
}

/// One relation from all that files say of it: two files that fill one table are two writers.
fn relation(shares: Vec<Share>, options: &Options) -> Relation {
    let name = shares[0].name.clone();
    let mut relation = Relation {
        id: RelationId::new(format!("sql.{}", name.keys().collect::<Vec<_>>().join("."))),
        name,
        aliases: Vec::new(),
        kind: RelationKind::Source,
        rung: Rung::Columns,
        project: Arc::clone(&options.project),
        writers: Vec::new(),
        declared_in: None,
        schema: TableSchema::default(),
        declaration: Declaration::Described,
        config: BTreeMap::new(),
    };
    let mut altered = Vec::new();
    for share in shares {
        relation.rung = relation.rung.max(share.rung);
        if let Some(writer) = share.writer {
            relation.kind = match (relation.kind, share.kind) {
                (RelationKind::Model, _) | (_, RelationKind::Model) => RelationKind::Model,
                (_, other) => other,
            };
            relation.writers.push(writer);
        }
        if let Some(Declared { path, position, said }) = share.declared {
            match said {
                Said::All(schema) => {
                    relation.declaration = Declaration::Ddl;
                    relation.declared_in.get_or_insert((path, position));
                    relation.schema = merge(relation.schema, schema);
                }
                Said::More(schema) => altered.push((path, position, schema)),
                Said::Gone => altered.push((path, position, TableSchema::dropped())),
            }
        }
    }
    // What is altered was there before; by the names of the files, `V2` comes before `V10`.
    altered.sort_by_cached_key(|(path, position, _)| (in_sequence(path), *position));
    for (path, position, schema) in altered {
        relation.declaration = Declaration::Ddl;
        relation.declared_in.get_or_insert((path, position));
        relation.schema.alter(schema);
    }
    relation
}

/// What fills a relation, as one text without layout.
fn body_of(relation: &Relation, dialect: Dialect) -> String {
    let texts = relation.writers.iter().filter_map(|writer| match &writer.body {
        Body::Sql { variants, .. } => Some(variants.iter().map(|text| policy::folded(text, dialect))),
        _ => None,
    });
    texts.flatten().collect::<Vec<_>>().join(" ")
}

/// What paths are sorted by where they are numbered: texts as they are, and numbers by what they count.
fn in_sequence(path: &str) -> Vec<(String, u128)> {
    let mut parts = vec![(String::new(), 0_u128)];
    for letter in path.chars() {
        match (parts.last_mut(), letter.to_digit(10)) {
            (Some((_, number)), Some(digit)) => *number = number.saturating_mul(10).saturating_add(digit.into()),
            (Some((text, 0)), None) => text.push(letter),
            _ => parts.push((letter.to_string(), 0)),
        }
    }
    parts
}

/// The first list of columns counts.
fn merge(mut known: TableSchema, more: TableSchema) -> TableSchema {
    if known.columns.is_empty() {
        known.columns = more.columns;
    }
    known.keys.extend(more.keys);
    known.references.extend(more.references);
    known.clauses.extend(more.clauses);
    known
}
