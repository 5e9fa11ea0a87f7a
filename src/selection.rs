//! From what somebody asks about to relations and columns of a project. It must not know what is asked
//! of them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use headsup_lineage::dependency::{ColumnPath, Extent, Slot};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::graph::Node;
use headsup_lineage::graph::columns::{ColumnId, Part};
use headsup_lineage::name::{ColumnName, RelationName};
use headsup_lineage::relation::{Relation, RelationKind};

use crate::audience::Job;
use crate::error::{Error, Result, near_names};
use crate::project::Project;
use crate::selector::{Selector, Subject};

mod set;
mod wildcard;

use wildcard::Wildcard;

/// A relation, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The relation.
    pub relation: Node,
    /// How much of it.
    pub share: Share,
}

/// How much of a relation is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// Its rows and every column.
    All,
    /// Which rows there are.
    Rows,
    /// A column, or a field of one.
    Column(ColumnPath),
}

impl Target {
    const fn whole(relation: Node) -> Self {
        Self { relation, share: Share::All }
    }

    const fn column(relation: Node, column: ColumnPath) -> Self {
        Self { relation, share: Share::Column(column) }
    }

    /// The parts of the graph that it stands for.
    #[must_use]
    pub fn parts(&self, project: &Project) -> Vec<ColumnId> {
        let columns = project.graph.columns();
        match &self.share {
            Share::All => columns.parts_of(self.relation).collect(),
            Share::Rows => columns.part(self.relation, &Part::Rows).into_iter().collect(),
            Share::Column(path) => columns.locate(self.relation, &Slot::Column(path.clone())).into_iter().collect(),
        }
    }
}

/// What a selector was found to mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// The relations and columns.
    pub targets: Vec<Target>,
    /// What is worth knowing of how they were found.
    pub notes: Vec<String>,
}

/// Finds what names mean in a project.
pub struct Finder<'a> {
    project: &'a Project,
    jobs: &'a [Job],
    /// The dialects whose rules of case a typed name may follow.
    dialects: BTreeSet<Dialect>,
    /// What has each table name, once somebody types one.
    by_table: OnceCell<HashMap<Box<str>, Vec<Node>>>,
}

impl<'a> Finder<'a> {
    /// A finder for a project and its jobs; `dialects` are those of its files.
    #[must_use]
    pub fn new(project: &'a Project, jobs: &'a [Job], dialects: impl IntoIterator<Item = Dialect>) -> Self {
        let mut dialects: BTreeSet<Dialect> = dialects.into_iter().collect();
        if dialects.is_empty() {
            dialects.insert(Dialect::default());
        }
        Self { project, jobs, dialects, by_table: OnceCell::new() }
    }

    /// The relations that have a name whose last part is this.
    fn by_table(&self, table: &str) -> &[Node] {
        let by_table = self.by_table.get_or_init(|| {
            let mut by_table: HashMap<Box<str>, Vec<Node>> = HashMap::new();
            for node in self.project.graph.nodes() {
                for name in self.names(node) {
                    let nodes = by_table.entry(name.table_key().into()).or_default();
                    if nodes.last() != Some(&node) {
                        nodes.push(node);
                    }
                }
            }
            by_table
        });
        by_table.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    fn names(&self, node: Node) -> impl Iterator<Item = &'a RelationName> {
        let relation = self.project.graph.relation(node);
        std::iter::once(&relation.name).chain(&relation.aliases)
    }

    /// What a selector means.
    ///
    /// # Errors
    /// If it means nothing, or a name means several things.
    pub fn select(&self, selector: &Selector) -> Result<Selection> {
        let targets = match &selector.subject {
            Subject::Name(name) => return self.find(name),
            Subject::Tag(tag) => self.tagged(tag)?,
            Subject::Path(path) => self.below(path)?,
            Subject::Source(source) => self.sources(source)?,
            Subject::Method(method, value) => self.by_method(method, value)?,
            Subject::Exposure(job) => {
                let job = self.job(job).ok_or_else(|| self.unknown_job(job))?;
                let reads = self.reads(job);
                if reads.is_empty() {
                    let message = format!("nothing is known of what the job `{}` reads", job.name);
                    return Err(Error::usage(message).hint("list its tables under `reads` in headsup.yml".to_owned()));
                }
                reads
            }
        };
        Ok(Selection { targets, notes: Vec::new() })
    }

    /// What a name, or the end of one, means: a table, else a column.
    ///
    /// # Errors
    /// If it means nothing, or several things.
    pub fn find(&self, typed: &str) -> Result<Selection> {
        self.look_up(typed)?.ok_or_else(|| self.unknown(typed))
    }

    /// The same where a job could be meant as well, and is not.
    ///
    /// # Errors
    /// If it means nothing, or several things.
    pub fn find_beside_jobs(&self, typed: &str) -> Result<Selection> {
        self.look_up(typed)?.ok_or_else(|| match near_names(typed, self.job_names(), 1).first() {
            Some(job) => Error::usage(format!("no job, table or column is called `{typed}`"))
                .hint(format!("did you mean the job `{job}`?")),
            None => self.unknown(typed),
        })
    }

    fn look_up(&self, typed: &str) -> Result<Option<Selection>> {
        let tables = self.named(typed, 0);
        if let Some((relation, _)) = self.only(typed, &tables)? {
            let notes = self.is_column_too(typed, relation).into_iter().collect();
            return Ok(Some(Selection { targets: vec![Target::whole(relation)], notes }));
        }
        let parts = typed.matches('.').count();
        for columns in 1..=parts {
            let tables = self.named(typed, columns);
            if !tables.is_empty() {
                return self.column_of(typed, &tables).map(Some);
            }
        }
        match Wildcard::new(typed) {
            Some(wildcard) => self.matching(typed, &wildcard).map(Some),
            None => Ok(None),
        }
    }

    /// The job of a name.
    #[must_use]
    pub fn job(&self, name: &str) -> Option<&'a Job> {
        self.jobs.iter().find(|job| job.name == name)
    }

    /// The relations that a job reads; of those of which it names columns, these and the rows.
    #[must_use]
    pub fn reads(&self, job: &Job) -> Vec<Target> {
        let graph = &self.project.graph;
        let nodes: BTreeSet<Node> =
            job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref())).collect();
        let columns = |node: Node| match self.columns_read(job, graph.relation(node)) {
            None => vec![Target::whole(node)],
            Some(columns) => {
                let columns = columns.into_iter().map(|column| Target::column(node, ColumnPath::whole(column)));
                std::iter::once(Target { relation: node, share: Share::Rows }).chain(columns).collect()
            }
        };
        nodes.into_iter().flat_map(columns).collect()
    }

    /// The columns of a relation that a job names, if it names any.
    #[must_use]
    pub fn columns_read(&self, job: &Job, relation: &Relation) -> Option<Vec<ColumnName>> {
        let is_meant = |written: &str| {
            self.dialects.iter().any(|dialect| {
                let written = RelationName::parse(*dialect, written);
                std::iter::once(&relation.name).chain(&relation.aliases).any(|name| name.agreement(&written).is_some())
            })
        };
        let named: Vec<&String> =
            job.columns.iter().filter(|(table, _)| is_meant(table)).flat_map(|(_, columns)| columns).collect();
        if named.is_empty() {
            return None;
        }
        let graph = &self.project.graph;
        let node = graph.by_id(&relation.id)?;
        let found: BTreeSet<ColumnName> = named
            .iter()
            .filter_map(|column| {
                let spellings = self.dialects.iter().map(|dialect| {
                    let parsed = RelationName::parse_with_column(*dialect, &format!("t.{column}"), 1);
                    parsed.and_then(|(_, mut columns)| columns.pop())
                });
                let spellings: Vec<ColumnName> = spellings.flatten().collect();
                let is_there = |column: &&ColumnName| {
                    let part = Part::Column(ColumnPath::whole((*column).clone()));
                    graph.shape(node).columns.contains(column) || graph.columns().part(node, &part).is_some()
                };
                spellings.iter().find(is_there).or(spellings.first()).cloned()
            })
            .collect();
        (!found.is_empty()).then(|| found.into_iter().collect())
    }

    /// The relations whose name, or an alias of it, is or ends with a typed one without its last
    /// parts; those that are called exactly so, if there are any. Each with those last parts.
    fn named(&self, typed: &str, columns: usize) -> BTreeMap<Node, Vec<Vec<ColumnName>>> {
        let mut found: BTreeMap<Node, Vec<Vec<ColumnName>>> = BTreeMap::new();
        let mut exact = BTreeSet::new();
        for dialect in &self.dialects {
            let Some((name, columns)) = RelationName::parse_with_column(*dialect, typed, columns) else { continue };
            let known = self.by_table(name.table_key()).iter();
            for (known, node) in known.flat_map(|node| self.names(*node).map(|known| (known, *node))) {
                if known.agreement(&name) != Some(name.len()) {
                    continue;
                }
                if known.len() == name.len() {
                    exact.insert(node);
                }
                let spellings = found.entry(node).or_default();
                if !spellings.contains(&columns) {
                    spellings.push(columns.clone());
                }
            }
        }
        if !exact.is_empty() {
            found.retain(|node, _| exact.contains(node));
        }
        found
    }

    /// The one relation that was found; an error if there are several.
    fn only<'f, T>(&self, typed: &str, found: &'f BTreeMap<Node, T>) -> Result<Option<(Node, &'f T)>> {
        let mut all = found.iter();
        match (all.next(), all.next()) {
            (None, _) => Ok(None),
            (Some((node, rest)), None) => Ok(Some((*node, rest))),
            _ => {
                let mut names: Vec<String> = found.keys().map(|node| format!("`{}`", self.name(*node))).collect();
                names.sort();
                let message = format!("`{typed}` can mean {}", listed(&names));
                Err(Error::usage(message).hint("write more of the name".to_owned()))
            }
        }
    }

    fn name(&self, node: Node) -> &RelationName {
        &self.project.graph.relation(node).name
    }

    /// A column of one of some relations: of the one that has it, if the others do not.
    fn column_of(&self, typed: &str, tables: &BTreeMap<Node, Vec<Vec<ColumnName>>>) -> Result<Selection> {
        let all = |spelling: &Vec<ColumnName>| spelling.iter().all(|column| column.as_str() == "*");
        if let Some((relation, spellings)) = self.only(typed, tables).ok().flatten()
            && spellings.iter().all(all)
        {
            return Ok(Selection { targets: vec![Target::whole(relation)], notes: Vec::new() });
        }
        let columns = self.project.graph.columns();
        let mut having: BTreeMap<Node, ColumnPath> = BTreeMap::new();
        for (node, spellings) in tables {
            let mut paths = spellings.iter().filter_map(|spelling| path(spelling));
            // It is shown as the project spells it.
            let there =
                paths.find_map(|path| columns.node(columns.part(*node, &Part::Column(path))?).column().cloned());
            having.extend(there.map(|path| (*node, path)));
        }
        if let Some((relation, column)) = self.only(typed, &having)? {
            let target = Target::column(relation, column.clone());
            return Ok(Selection { targets: vec![target], notes: Vec::new() });
        }
        let Some((relation, spellings)) = self.only(typed, tables)? else { return Err(self.unknown(typed)) };
        let Some(column) = spellings.first().and_then(|spelling| path(spelling)) else {
            return Err(self.unknown(typed));
        };
        self.unnamed_column(relation, column)
    }

    /// A column that is not known by its name: one that a `*` may pass on, a field of a column, or a
    /// mistake.
    fn unnamed_column(&self, relation: Node, column: ColumnPath) -> Result<Selection> {
        let graph = &self.project.graph;
        let name = self.name(relation);
        let known: Vec<String> = graph
            .columns()
            .columns_of(relation)
            .filter_map(|id| graph.columns().node(id).column())
            .map(ToString::to_string)
            .collect();
        let near = near_names(&column.to_string(), known.iter().map(String::as_str), 3);
        let near: Vec<String> = near.into_iter().map(|near| format!("`{name}.{near}`")).collect();
        let part = graph.columns().locate(relation, &Slot::Column(column.clone()));
        let is_field = part.is_some_and(|part| graph.columns().node(part).column().is_some());
        if part.is_none() || (graph.shape(relation).extent == Extent::Closed && !is_field) {
            let hint = match near.as_slice() {
                [] if known.is_empty() => "no column of it is known".to_owned(),
                [] => format!("it has {}", some_of(&known)),
                near => format!("did you mean {}?", either(near)),
            };
            return Err(Error::usage(format!("`{name}` has no column `{column}`")).hint(hint));
        }
        let mut notes = Vec::new();
        if !is_field {
            let did_you_mean =
                if near.is_empty() { String::new() } else { format!("; did you mean {}?", either(&near)) };
            notes.push(format!("nothing here names a column `{column}` of {name}{did_you_mean}"));
        }
        Ok(Selection { targets: vec![Target::column(relation, column)], notes })
    }

    /// A word on the column that a table's name could be as well.
    fn is_column_too(&self, typed: &str, table: Node) -> Option<String> {
        let columns = self.project.graph.columns();
        let others = self.named(typed, 1);
        let has = |node: &Node, spellings: &Vec<Vec<ColumnName>>| {
            let mut paths = spellings.iter().filter_map(|spelling| path(spelling));
            paths.find(|path| columns.part(*node, &Part::Column(path.clone())).is_some())
        };
        let (node, path) = others.iter().find_map(|(node, spellings)| Some((*node, has(node, spellings)?)))?;
        (node != table)
            .then(|| format!("`{typed}` is a table; the column `{path}` of {} was not asked for", self.name(node)))
    }

    fn matching(&self, typed: &str, wildcard: &Wildcard) -> Result<Selection> {
        let fits = |node: &Node| {
            let name = self.name(*node);
            wildcard.fits(name.table()) || wildcard.fits(&name.to_string())
        };
        let targets: Vec<Target> = self.project.graph.nodes().filter(fits).map(Target::whole).collect();
        if targets.is_empty() {
            let message = format!("no table is called like `{typed}`");
            return Err(Error::usage(message).hint("`headsup models` lists the tables".to_owned()));
        }
        Ok(Selection { targets, notes: Vec::new() })
    }

    fn tagged(&self, tag: &str) -> Result<Vec<Target>> {
        let attributes = &self.project.attributes;
        let tagged = attributes.iter().filter(|(_, said)| said.tags.contains(tag));
        let targets: Vec<Target> =
            tagged.filter_map(|(id, _)| self.project.graph.by_id(id)).map(Target::whole).collect();
        if !targets.is_empty() {
            return Ok(targets);
        }
        let tags: BTreeSet<&str> = attributes.values().flat_map(|said| &said.tags).map(String::as_str).collect();
        let hint = match near_names(tag, tags.iter().copied(), 1).first() {
            Some(near) => format!("did you mean `tag:{near}`?"),
            None if tags.is_empty() => "no table has a tag".to_owned(),
            None => format!("there are {}", some_of(&tags.iter().map(ToString::to_string).collect::<Vec<_>>())),
        };
        Err(Error::usage(format!("no table has the tag `{tag}`")).hint(hint))
    }

    fn below(&self, path: &str) -> Result<Vec<Target>> {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let wildcard = Wildcard::new(path);
        let fits = |file: &str| {
            let below = file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            below || path.is_empty() || wildcard.as_ref().is_some_and(|wildcard| wildcard.fits(file))
        };
        let graph = &self.project.graph;
        let has_file = |node: &Node| graph.relation(*node).files().iter().any(|file| fits(file));
        let targets: Vec<Target> = graph.nodes().filter(has_file).map(Target::whole).collect();
        if targets.is_empty() {
            return Err(Error::usage(format!("no file below `{path}` builds or declares a table"))
                .hint("paths are those of `headsup models -v`, from the project's folder".to_owned()));
        }
        Ok(targets)
    }

    /// dbt's sources are called `source.PACKAGE.SOURCE.TABLE`; others by their name.
    fn sources(&self, typed: &str) -> Result<Vec<Target>> {
        let graph = &self.project.graph;
        let is_meant = |relation: &Relation| match relation.id.as_str().strip_prefix("source.") {
            Some(id) => {
                let own = id.split_once('.').map_or(id, |(_, own)| own);
                let source = own.rsplit_once('.').map_or(own, |(source, _)| source);
                [id, own, source].contains(&typed)
            }
            None => {
                let name = relation.name.to_string();
                name == typed || name.starts_with(&format!("{typed}."))
            }
        };
        let is_source = |node: &Node| {
            let relation = graph.relation(*node);
            matches!(relation.kind, RelationKind::Source | RelationKind::External) && is_meant(relation)
        };
        let targets: Vec<Target> = graph.nodes().filter(is_source).map(Target::whole).collect();
        if targets.is_empty() {
            return Err(Error::usage(format!("there is no source `{typed}`"))
                .hint("name a source, or one table of it: `source:shop`, `source:shop.orders`".to_owned()));
        }
        Ok(targets)
    }

    fn unknown(&self, typed: &str) -> Error {
        if self.job(typed).is_some() {
            return Error::usage(format!("`{typed}` is a job, not a table"))
                .hint(format!("`headsup why {typed}` shows what it depends on"));
        }
        let mut names: Vec<&RelationName> = self.project.graph.nodes().map(|node| self.name(node)).collect();
        names.sort();
        let written: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut near = near_names(typed, written.iter().map(String::as_str), 3);
        if near.is_empty() {
            let tables =
                near_names(typed.rsplit('.').next().unwrap_or(typed), names.iter().map(|name| name.table()), 3);
            let whole = names.iter().zip(&written);
            near =
                whole.filter(|(name, _)| tables.contains(&name.table())).map(|(_, written)| written.as_str()).collect();
            near.truncate(3);
        }
        let columns = self.columns_called(typed);
        let near: Vec<String> = near.into_iter().map(|near| format!("`{near}`")).collect();
        let hint = match (near.as_slice(), columns.as_slice()) {
            (_, [_, ..]) => format!("a column is named with its table: {}", some_of(&columns)),
            ([], []) => "`headsup models` lists the tables".to_owned(),
            (near, []) => format!("did you mean {}?", either(near)),
        };
        Error::usage(format!("no table or column is called `{typed}`")).hint(hint)
    }

    /// The columns that are called like a name without its table.
    fn columns_called(&self, typed: &str) -> Vec<String> {
        let graph = &self.project.graph;
        let columns = graph.columns();
        let mut found: Vec<String> = graph
            .nodes()
            .flat_map(|node| columns.columns_of(node).map(move |id| (node, id)))
            .filter_map(|(node, id)| Some((node, columns.node(id).column()?)))
            .filter(|(_, path)| path.fields().is_empty() && path.column.as_str().eq_ignore_ascii_case(typed))
            .map(|(node, path)| format!("`{}.{path}`", self.name(node)))
            .collect();
        found.sort();
        found
    }

    fn job_names(&self) -> impl Iterator<Item = &str> {
        self.jobs.iter().map(|job| job.name.as_str())
    }

    fn unknown_job(&self, typed: &str) -> Error {
        let hint = match near_names(typed, self.job_names(), 1).first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`headsup jobs` lists the jobs".to_owned(),
        };
        Error::usage(format!("no job is called `{typed}`")).hint(hint)
    }
}

fn path(parts: &[ColumnName]) -> Option<ColumnPath> {
    let (column, fields) = parts.split_first()?;
    Some(ColumnPath::field(column.clone(), fields))
}

/// `a, b and c`
fn listed(names: &[String]) -> String {
    joined(names, "and")
}

/// `a, b or c`
fn either(names: &[String]) -> String {
    joined(names, "or")
}

fn joined(names: &[String], word: &str) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// The first few of some names.
fn some_of(names: &[String]) -> String {
    const MOST: usize = 8;
    match names.len() {
        number if number > MOST => format!("{} and {} more", names[..MOST].join(", "), number - MOST),
        _ => listed(names),
    }
}
