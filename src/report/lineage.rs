//! What `headsup lineage` found, as plain values. It must not know markup.

use std::collections::BTreeSet;

use headsup_lineage::dependency::{Dependency, EdgeKind, Input, OutputLineage, QueryLineage, Rest, Slot};
use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::name::RelationName;
use headsup_lineage::query::{Action, Statement, StatementKind};
use serde::Serialize;

/// What `headsup lineage` found.
#[derive(Debug, Clone, Serialize)]
pub struct LineageReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// What was read: a file, `-`, or a version of a project.
    pub input: String,
    /// The dialect that it was read in; absent where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// The statements in the order of the text; the relations of a project by name.
    pub statements: Vec<StatementEntry>,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
    /// What events say beside lineage.
    #[serde(skip)]
    pub run: Run,
}

/// What an event says of the run that it stands for; nothing runs, so all of it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// When it was, as RFC 3339 has it.
    pub time: String,
    /// Where the tables are.
    pub namespace: String,
    /// What tells this input from others.
    pub digest: String,
}

/// What one statement fills, and what that depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementEntry {
    /// What it builds or fills; nothing for a query that stands for itself.
    pub targets: Vec<RelationName>,
    /// What it reads.
    pub sources: Vec<RelationName>,
    /// The columns that it fills or returns, in order; `*` for those whose names are not known.
    pub columns: Vec<ColumnEntry>,
    /// What decides which rows there are.
    pub rows: Vec<SourceEntry>,
    /// What becomes of the rows, where that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionWord>,
    /// Whether every column is known, with all that it depends on.
    pub complete: bool,
    /// Why not, where not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The file, in a project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where it begins.
    pub position: Position,
}

/// A column that a statement fills or returns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnEntry {
    /// Its name.
    pub target: String,
    /// Whose column it is, where the statement fills several relations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<RelationName>,
    /// What it depends on.
    pub sources: Vec<SourceEntry>,
    /// For `*`, the columns that are not among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// Something that a column or the rows depend on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SourceEntry {
    /// The relation.
    pub relation: RelationName,
    /// The column, or field of one; `*` where it is not known which; absent for which rows there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// In which way.
    pub kind: EdgeKind,
    /// Where it is used first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// What becomes of the rows of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionWord {
    /// They are returned.
    Return,
    /// They are all that the target holds.
    Replace,
    /// They are added.
    Append,
    /// They change rows of the target.
    Update,
    /// They go.
    Delete,
}

impl From<Action> for ActionWord {
    fn from(action: Action) -> Self {
        match action {
            Action::Return => Self::Return,
            Action::Replace => Self::Replace,
            Action::Append => Self::Append,
            Action::Update => Self::Update,
            Action::Delete => Self::Delete,
        }
    }
}

/// What stands for columns whose names are not known.
pub(crate) const NAMELESS: &str = "*";

impl StatementEntry {
    /// A statement, if it reads or fills anything; `outputs` is what its outputs depend on.
    #[must_use]
    pub fn of(statement: &Statement, outputs: &[OutputLineage]) -> Option<Self> {
        match statement.kind {
            StatementKind::Declare(..) | StatementKind::Alter(_) | StatementKind::Drop => return None,
            StatementKind::Other | StatementKind::Routine(..) if statement.reads.is_empty() => return None,
            _ => {}
        }
        let mut entry = match &statement.queries {
            Some(_) => Self::understood(statement, outputs),
            None => Self::not_understood(statement),
        };
        entry.reasons.extend(statement.incomplete.clone());
        let mut seen = BTreeSet::new();
        entry.reasons.retain(|reason| seen.insert(reason.clone()));
        entry.complete = entry.reasons.is_empty();
        Some(entry)
    }

    fn bare(statement: &Statement) -> Self {
        let mut sources: Vec<RelationName> = statement.reads.iter().map(|read| read.name.clone()).collect();
        sources.sort();
        sources.dedup();
        Self {
            targets: statement.targets.clone(),
            sources,
            columns: Vec::new(),
            rows: Vec::new(),
            actions: Vec::new(),
            complete: true,
            reasons: Vec::new(),
            file: None,
            position: statement.position,
        }
    }

    fn understood(statement: &Statement, outputs: &[OutputLineage]) -> Self {
        let mut entry = Self::bare(statement);
        for name in outputs.iter().filter_map(|output| output.target.as_ref()) {
            if !entry.targets.contains(name) {
                entry.targets.push(name.clone());
            }
        }
        let several = entry.targets.len() > 1;
        for output in outputs {
            let of = if several { output.target.clone() } else { None };
            entry.add(&output.lineage, of.as_ref());
            let action = ActionWord::from(output.action);
            if !entry.actions.contains(&action) {
                entry.actions.push(action);
            }
        }
        for column in &mut entry.columns {
            tidy(&mut column.sources);
        }
        tidy(&mut entry.rows);
        entry
    }

    fn add(&mut self, lineage: &QueryLineage, of: Option<&RelationName>) {
        for column in &lineage.columns {
            let sources = sources(&lineage.inputs, &column.sources);
            self.column(column.name.as_str(), of, sources, Vec::new());
        }
        for rest in &lineage.rest {
            let mut depends = sources(&lineage.inputs, &rest.also);
            depends.extend(passed_on(&lineage.inputs, rest));
            let except = rest.except.iter().map(ToString::to_string).collect();
            self.column(NAMELESS, of, depends, except);
            if let Some(input) = lineage.inputs.get(rest.input.index()) {
                let of = rest.inside.as_ref().map(|record| format!("{record} of ")).unwrap_or_default();
                self.reasons.push(format!("the columns of {of}{} are not known", input.name));
            }
        }
        self.rows.extend(sources(&lineage.inputs, &lineage.rows));
        self.reasons.extend(lineage.open.iter().map(|open| open.message.clone()));
    }

    /// A column; the branches of a MERGE may fill one each in its way.
    fn column(&mut self, target: &str, of: Option<&RelationName>, sources: Vec<SourceEntry>, except: Vec<String>) {
        let several_outputs = !self.actions.is_empty();
        let known = self.columns.iter_mut().find(|known| known.target == target && known.of.as_ref() == of);
        match known.filter(|_| several_outputs) {
            Some(known) => {
                known.sources.extend(sources);
                known.except.retain(|column| except.contains(column));
            }
            None => self.columns.push(ColumnEntry { target: target.to_owned(), of: of.cloned(), sources, except }),
        }
    }

    /// Every column and the rows depend on every column and the rows of whatever is read.
    fn not_understood(statement: &Statement) -> Self {
        let mut entry = Self::bare(statement);
        if entry.sources.is_empty() && statement.kind == StatementKind::Empty {
            return entry;
        }
        entry.reasons.push("it is not understood column by column".to_owned());
        if entry.sources.is_empty() {
            return entry;
        }
        let all = |column: Option<&str>| {
            let one = |read: &headsup_lineage::query::Read| SourceEntry {
                relation: read.name.clone(),
                column: column.map(str::to_owned),
                kind: EdgeKind::Unknown,
                position: Some(read.position),
            };
            statement.reads.iter().map(one).collect::<Vec<_>>()
        };
        entry.rows = [all(None), all(Some(NAMELESS))].concat();
        tidy(&mut entry.rows);
        let column =
            ColumnEntry { target: NAMELESS.to_owned(), of: None, sources: entry.rows.clone(), except: Vec::new() };
        entry.columns.push(column);
        entry
    }
}

/// Sorts dependencies; of those that differ in nothing but their place the first stays.
pub(crate) fn tidy(sources: &mut Vec<SourceEntry>) {
    sources.sort();
    sources
        .dedup_by(|one, first| (&one.relation, &one.column, one.kind) == (&first.relation, &first.column, first.kind));
}

fn sources(inputs: &[Input], dependencies: &[Dependency]) -> Vec<SourceEntry> {
    let entry = |dependency: &Dependency| {
        let input = inputs.get(dependency.input.index())?;
        let column = match &dependency.on {
            Slot::Rows => None,
            Slot::Column(path) => Some(path.to_string()),
            Slot::Any => Some(NAMELESS.to_owned()),
        };
        let position = Some(dependency.position);
        Some(SourceEntry { relation: input.name.clone(), column, kind: dependency.kind, position })
    };
    dependencies.iter().filter_map(entry).collect()
}

/// What columns that pass through a `*` depend on: those of their names.
fn passed_on(inputs: &[Input], rest: &Rest) -> Option<SourceEntry> {
    let input = inputs.get(rest.input.index())?;
    let column = match &rest.inside {
        None => NAMELESS.to_owned(),
        Some(record) => format!("{record}.{NAMELESS}"),
    };
    Some(SourceEntry { relation: input.name.clone(), column: Some(column), kind: rest.kind, position: None })
}
