//! What one text does to one relation: the outputs of its statements put together, and the tables
//! that live only inside it resolved away, so that only what outlives it is left among the inputs.
//! It must not know the graph.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::columns::lineage;
use crate::dependency::{
    Dependency, EdgeKind, Extent, InputId, Key, OutputColumn, OutputLineage, QueryLineage, Rest, Schemas, Shape, Slot,
};
use crate::diagnostic::{Diagnostic, Position};
use crate::hashing::HashMap;
use crate::name::{ColumnName, RelationName};
use crate::parsed::Parsed;
use crate::query::block::Matching;
use crate::query::{Action, Lifetime, Output, Read, ReadRole, Returns, Script, Statement, StatementKind};

mod held;
mod rows;

use held::{Aim, Dependencies, Held, HeldRest, Keys};
pub use rows::RowsOf;

/// Columns of a relation that are not all bound.
pub const OPEN: &str = "open-columns";

/// What of a text fills a relation.
#[derive(Debug, Clone)]
pub struct Filling {
    /// The text, read.
    pub text: Arc<Parsed>,
    /// Those of its statements that have a part in it, by place and in order.
    pub statements: Vec<usize>,
    /// What they fill.
    pub target: Target,
    /// Relations that mean something inside the text only.
    pub local: BTreeSet<RelationName>,
    /// In which order the statements run.
    pub order: Order,
    /// Of which text the positions are.
    pub places: Places,
}

/// What a text fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The relation of this name.
    Named(RelationName),
    /// The relation that holds what the last query returns.
    Whole,
    /// A relation that what the last query returns is added to, or that keeps what it returned before:
    /// what is unique in the query need not be in the relation.
    Part,
}

/// In which order the statements of a text run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// In the order of the text, each once.
    Straight,
    /// Some perhaps not, some perhaps often.
    Branching,
}

/// Of which text positions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Places {
    /// Of the file.
    #[default]
    File,
    /// Of what a template renders to; no place in the file.
    Rendering,
}

/// What a relation depends on by one text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    /// What the text reads, each once; nothing that lives only inside it.
    pub inputs: Vec<Read>,
    /// Those of the inputs that some statement depends on, if only for a table that nobody reads. A
    /// query can read something and use nothing of it, or so it seems to us, who may have overlooked
    /// something.
    pub used: BTreeSet<InputId>,
    /// The columns that are known, each name once, in order.
    pub columns: Vec<OutputColumn>,
    /// Columns that pass through a `*` from inputs whose columns are not all known. One of `columns`
    /// that is not left out passes as well.
    pub rest: Vec<Rest>,
    /// Columns that are filled without being named.
    pub others: Vec<Others>,
    /// What decides which rows there are.
    pub rows: Vec<Dependency>,
    /// Where they come from.
    pub rows_of: RowsOf,
    /// What every column depends on besides.
    pub every: Vec<Dependency>,
    /// Whether the relation may have columns besides `columns`, as far as this text says.
    pub extent: Extent,
    /// What is unique per row, if nothing else fills the relation.
    pub keys: Vec<Key>,
    /// Why something is bound to more than it may be; empty if all is exact.
    pub open: Vec<Diagnostic>,
}

/// Columns that are filled without being named, as by an INSERT that lists none: any column but those
/// left out may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Others {
    /// What is filled by its name.
    pub except: BTreeSet<ColumnName>,
    /// What each of the others depends on.
    pub sources: Vec<Dependency>,
}

/// How often statements that may run in any order are gone through before it is given up to tell
/// what depends on what.
const PASSES: usize = 12;

/// How much of what depends on what is kept before that is given up.
const DEPENDENCIES: usize = 200_000;

impl Filling {
    /// A text that is one query, or whose last query is what counts.
    #[must_use]
    pub fn query(text: Arc<Parsed>, target: Target, places: Places) -> Self {
        let statements = (0..text.gist().statements).collect();
        // Variables live in their script only, whatever it is part of.
        let local = text.gist().variables.clone();
        Self { text, statements, target, local, order: Order::Straight, places }
    }

    /// What the relation depends on by this text; `known` are the columns that it is known to have,
    /// in order.
    #[must_use]
    pub fn lineage(&self, known: &[ColumnName], schemas: &dyn Schemas) -> Filled {
        let script = self.text.script();
        let mut text = Text::new(self, &script, known, schemas);
        for _ in 0..PASSES {
            let before = text.size();
            for (index, statement) in self.chosen(&script) {
                text.run(index, statement);
                if text.size() > DEPENDENCIES {
                    return text.give_up();
                }
            }
            if self.order == Order::Straight || text.size() == before {
                return text.finish();
            }
        }
        text.give_up()
    }

    fn chosen<'s>(&'s self, script: &'s Script) -> impl Iterator<Item = (usize, &'s Statement)> {
        self.statements.iter().filter_map(|index| Some((*index, script.statements.get(*index)?)))
    }

    /// The relation of the text that a name means, if it means one.
    fn local(&self, name: &RelationName) -> Option<&RelationName> {
        self.local.get(name).or_else(|| self.local.iter().find(|local| is_same_local(local, name)))
    }
}

/// A temporary table can be read with its session schema in front, `_session.t` or `pg_temp.t`.
#[must_use]
pub fn is_same_local(one: &RelationName, other: &RelationName) -> bool {
    let in_session = |name: &RelationName| {
        name.len() == 2
            && name.keys().next().is_some_and(|key| key.eq_ignore_ascii_case("_session") || key == "pg_temp")
    };
    one == other || ((in_session(one) || in_session(other)) && one.table_key() == other.table_key())
}

/// A text while its statements are gone through.
struct Text<'a> {
    filling: &'a Filling,
    script: &'a Script,
    known: &'a [ColumnName],
    schemas: &'a dyn Schemas,
    /// The statement whose rows are the relation, where it has no target.
    last_query: Option<usize>,
    inputs: Vec<Read>,
    by_name: HashMap<(RelationName, ReadRole), InputId>,
    used: BTreeSet<InputId>,
    locals: BTreeMap<RelationName, Held>,
    filled: Held,
}

/// What a name in a statement stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meant {
    /// A relation that lives only inside the text.
    Local(RelationName),
    /// One that outlives it.
    Input(InputId),
}

impl Meant {
    const fn input(&self) -> Option<InputId> {
        match self {
            Self::Local(_) => None,
            Self::Input(input) => Some(*input),
        }
    }
}

/// The inputs that something of a query depends on, each as often as something does.
fn dependencies(lineage: &QueryLineage) -> impl Iterator<Item = InputId> {
    let columns = lineage.columns.iter().flat_map(|column| &column.sources);
    let sources = columns.chain(&lineage.rows).chain(lineage.rest.iter().flat_map(|rest| &rest.also));
    sources.map(|source| source.input).chain(lineage.rest.iter().map(|rest| rest.input))
}

/// What a statement fills, as far as that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Goal {
    /// The relation that all this is about.
    Target,
    /// One that lives only inside the text.
    Local(RelationName),
}

impl<'a> Text<'a> {
    fn new(filling: &'a Filling, script: &'a Script, known: &'a [ColumnName], schemas: &'a dyn Schemas) -> Self {
        let is_query =
            |(index, statement): (usize, &Statement)| (statement.kind == StatementKind::Query).then_some(index);
        Self {
            filling,
            script,
            known,
            schemas,
            last_query: match filling.target {
                Target::Named(_) => None,
                Target::Whole | Target::Part => filling.chosen(script).filter_map(is_query).last(),
            },
            inputs: Vec::new(),
            by_name: HashMap::default(),
            used: BTreeSet::new(),
            locals: BTreeMap::new(),
            filled: Held::default(),
        }
    }

    fn size(&self) -> usize {
        self.filled.size() + self.locals.values().map(Held::size).sum::<usize>()
    }

    fn finish(self) -> Filled {
        let rows_of = RowsOf::of(self.filling, self.script);
        Filled { inputs: self.inputs, used: self.used, rows_of, ..self.filled.finish() }
    }

    /// Everything depends on everything that the text reads.
    fn give_up(mut self) -> Filled {
        self.locals.clear();
        let reads: Vec<&Read> = self.filling.chosen(self.script).flat_map(|(_, statement)| &statement.reads).collect();
        let sources = self.everything_of(reads);
        self.filled = Held::default();
        let reason = "the script does too much for one table to tell which columns depend on which";
        self.filled.take_whole(&sources, Diagnostic::note(OPEN, reason));
        self.finish()
    }

    fn meant(&mut self, name: &RelationName, role: ReadRole, position: Position) -> Meant {
        if let Some(local) = self.filling.local(name) {
            return Meant::Local(local.clone());
        }
        let next = InputId(u32::try_from(self.inputs.len()).unwrap_or(u32::MAX));
        let input = *self.by_name.entry((name.clone(), role)).or_insert(next);
        if input == next {
            self.inputs.push(Read { name: name.clone(), role, position });
        }
        Meant::Input(input)
    }

    /// Every column and the rows of relations that are read in a way that is not understood; of a
    /// routine that is called there are only its rows.
    fn everything_of<'r>(&mut self, reads: impl IntoIterator<Item = &'r Read>) -> Dependencies {
        let mut all = Dependencies::default();
        for read in reads {
            let slots = match read.role {
                ReadRole::Table => [Some(Slot::Any), Some(Slot::Rows)],
                ReadRole::Call => [None, Some(Slot::Rows)],
            };
            let meant = self.meant(&read.name, read.role, read.position);
            self.used.extend(meant.input());
            for on in slots.into_iter().flatten() {
                self.add(&meant, on, EdgeKind::Unknown, read.position, &mut all);
            }
        }
        all
    }

    /// Adds a dependency on what a name stands for.
    fn add(&self, meant: &Meant, on: Slot, kind: EdgeKind, position: Position, found: &mut Dependencies) {
        match meant {
            Meant::Input(input) => found.add(Dependency { input: *input, on, kind, position }),
            Meant::Local(local) => {
                if let Some(held) = self.locals.get(local) {
                    held.behind(&on, kind, found);
                }
            }
        }
    }

    fn run(&mut self, index: usize, statement: &Statement) {
        match &statement.kind {
            StatementKind::Drop if self.filling.order == Order::Straight => {
                statement.targets.iter().filter_map(|target| self.filling.local(target)).for_each(|local| {
                    self.locals.remove(local);
                });
            }
            StatementKind::Declare(Lifetime::Temporary, schema) => {
                for local in statement.targets.iter().filter_map(|target| self.filling.local(target)) {
                    let held = self.locals.entry(local.clone()).or_default();
                    for column in &schema.columns {
                        held.column(&column.name, statement.position, []);
                    }
                    held.extent = Extent::Closed;
                }
            }
            StatementKind::Alter(altered) => {
                for local in statement.targets.iter().filter_map(|target| self.filling.local(target)) {
                    let held = self.locals.entry(local.clone()).or_default();
                    for column in altered.added() {
                        held.column(&column.name, statement.position, []);
                    }
                }
            }
            _ => {}
        }
        let mut bound: BTreeSet<(RelationName, ReadRole)> = BTreeSet::new();
        let mut goals = BTreeSet::new();
        if let Some(queries) = &statement.queries {
            let view = View { filling: self.filling, script: self.script, locals: &self.locals, outer: self.schemas };
            let outputs = lineage(queries, &view);
            for (output, found) in queries.outputs.iter().zip(outputs) {
                bound.extend(found.lineage.inputs.iter().map(|input| (input.name.clone(), input.role)));
                match self.goal(index, found.target.as_ref()) {
                    Some(goal) => {
                        goals.insert(goal.clone());
                        self.take(statement, output, found, &goal);
                    }
                    // The value of a variable, a condition: who knows what it decides. What a change of
                    // rows gives back decides nothing.
                    None if statement.targets.is_empty() => self.steer(&found),
                    None => {}
                }
            }
        }
        self.take_unbound(index, statement, &bound, &goals);
    }

    /// What becomes of rows that a statement sends somewhere.
    fn goal(&self, index: usize, target: Option<&RelationName>) -> Option<Goal> {
        match (target, &self.filling.target) {
            (None, _) => (self.last_query == Some(index)).then_some(Goal::Target),
            (Some(name), Target::Named(wanted)) if wanted == name => Some(Goal::Target),
            (Some(name), _) => self.filling.local(name).cloned().map(Goal::Local),
        }
    }

    fn take(&mut self, statement: &Statement, output: &Output, found: OutputLineage, goal: &Goal) {
        let is_whole = found.action == Action::Return || matches!(statement.kind, StatementKind::Build(_));
        let keeps_rows = matches!(found.action, Action::Update | Action::Delete);
        let arriving = self.arriving(&found.lineage, found.target.as_ref().filter(|_| keeps_rows));
        let order = self.filling.order;
        let (held, known) = match goal {
            Goal::Target => (&mut self.filled, self.known),
            Goal::Local(local) => (self.locals.entry(local.clone()).or_default(), [].as_slice()),
        };
        let aim = match output.columns.as_slice() {
            [] if is_whole => Aim::Names,
            [] if output.matching == Matching::Position => Aim::Places(known),
            [] => Aim::SomeNames,
            listed => Aim::List(listed),
        };
        // Where each statement runs once and in its turn, a table that is built anew forgets what it was.
        let is_anew = is_whole && found.action == Action::Replace && order == Order::Straight;
        if is_anew && matches!(goal, Goal::Local(_)) {
            *held = Held::default();
        }
        held.take(arriving, found.action, aim);
        if is_whole {
            held.extent = Extent::Closed;
        }
        let is_part = *goal == Goal::Target && self.filling.target == Target::Part;
        if order == Order::Branching || is_part {
            held.keys = Keys::Lost;
        }
    }

    /// What an output depends on, with what lives only inside the text resolved away. Which rows there
    /// are of the relation itself is no news to what changes or drops some of them.
    fn arriving(&mut self, lineage: &QueryLineage, changed: Option<&RelationName>) -> Held {
        let inputs: Vec<(Meant, bool)> = lineage
            .inputs
            .iter()
            .map(|input| {
                let meant = self.meant(&input.name, input.role, input.position);
                let is_table = input.role == ReadRole::Table;
                (meant, is_table && changed.is_some_and(|changed| is_same_local(changed, &input.name)))
            })
            .collect();
        let resolved = |sources: &[Dependency]| {
            let mut all = Dependencies::default();
            for Dependency { input, on, kind, position } in sources {
                match inputs.get(input.index()) {
                    Some((_, true)) if *on == Slot::Rows => {}
                    Some((meant, _)) => self.add(meant, on.clone(), *kind, *position, &mut all),
                    None => {}
                }
            }
            all
        };
        let used: BTreeSet<InputId> =
            dependencies(lineage).filter_map(|input| inputs.get(input.index())?.0.input()).collect();
        let mut arriving = Held::default();
        arriving.rows = resolved(&lineage.rows);
        for column in &lineage.columns {
            arriving.whole_column(&column.name, column.position, resolved(&column.sources));
        }
        let named: BTreeSet<ColumnName> = lineage.columns.iter().map(|column| column.name.clone()).collect();
        for rest in &lineage.rest {
            // A table has no two columns of one name, so those that have one do not pass as well.
            let rest = Rest { except: rest.except.union(&named).cloned().collect(), ..rest.clone() };
            let also = resolved(&rest.also);
            match inputs.get(rest.input.index()) {
                Some((Meant::Input(input), _)) => {
                    arriving.add_rest(HeldRest {
                        input: *input,
                        inside: rest.inside,
                        except: rest.except,
                        also,
                        kind: rest.kind,
                    });
                }
                Some((Meant::Local(local), _)) => {
                    if let Some(held) = self.locals.get(local) {
                        held.pass_rest(&rest, &also, &mut arriving);
                    }
                }
                None => {}
            }
        }
        arriving.keys = Keys::Of(lineage.keys.clone());
        arriving.open = lineage.open.iter().cloned().collect();
        self.used.extend(used);
        arriving
    }

    /// The value of a variable, or a condition: it may decide anything that comes after.
    fn steer(&mut self, found: &OutputLineage) {
        let arriving = self.arriving(&found.lineage, None);
        let mut sources = arriving.all_sources();
        sources.extend(arriving.rows.iter());
        self.filled.depend_on_all(&sources.unknown());
    }

    /// Takes what the statement reads and no query of it binds, and what it fills without a query.
    fn take_unbound(
        &mut self,
        index: usize,
        statement: &Statement,
        bound: &BTreeSet<(RelationName, ReadRole)>,
        understood: &BTreeSet<Goal>,
    ) {
        let fills = matches!(
            statement.kind,
            StatementKind::Build(_) | StatementKind::Fill | StatementKind::Empty | StatementKind::Routine(..)
        );
        let mut goals: BTreeSet<Goal> =
            statement.targets.iter().filter(|_| fills).filter_map(|target| self.goal(index, Some(target))).collect();
        if statement.kind == StatementKind::Query {
            goals.extend(self.goal(index, None));
        }
        // A table function is called, and its rows are read like those of a table.
        let is_bound = |read: &&Read| {
            bound.contains(&(read.name.clone(), ReadRole::Table)) || bound.contains(&(read.name.clone(), read.role))
        };
        let unbound = self.everything_of(statement.reads.iter().filter(|read| !is_bound(read)));
        let all = self.everything_of(&statement.reads);
        if goals.is_empty() {
            self.filled.depend_on_all(&unbound);
        }
        for goal in goals {
            let is_understood = understood.contains(&goal);
            let held = match goal {
                Goal::Target => &mut self.filled,
                Goal::Local(local) => self.locals.entry(local).or_default(),
            };
            if is_understood {
                held.depend_on_all(&unbound);
            } else if statement.kind == StatementKind::Empty {
                held.rows.extend(all.iter());
            } else {
                let reason = Diagnostic::note(OPEN, "a statement that fills it is not understood");
                held.take_whole(&all, reason.at(statement.position));
            }
        }
    }
}

/// What a statement of a text sees: the relations of the text before those outside.
struct View<'a> {
    filling: &'a Filling,
    script: &'a Script,
    locals: &'a BTreeMap<RelationName, Held>,
    outer: &'a dyn Schemas,
}

impl Schemas for View<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        match self.filling.local(name) {
            Some(local) => self.locals.get(local).map(Held::shape).unwrap_or_default(),
            None => self.outer.shape(name),
        }
    }

    fn routine(&self, name: &RelationName) -> Option<Returns> {
        match self.filling.local(name) {
            Some(local) => Some(self.script.returns(local).unwrap_or_default()),
            None => self.outer.routine(name),
        }
    }
}
