//! Which columns a table of the project has, for templates that ask: as the SQL of its node gives them, in
//! the run that they are a part of. It must not know what is done with the answer.
//!
//! dbt asks the warehouse when it compiles a node, and by then what is upstream has been built by the same
//! run; so the answer follows from the project wherever that builds the table anew and all of its columns are known.
//! Of a table that is added to, older columns may be there, and others not yet.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use headsup_lineage::dependency::{Extent, Schemas, Shape};
use headsup_lineage::dialect::{CaseRule, Dialect};
use headsup_lineage::name::{ColumnName, RelationName};
use headsup_lineage::parse::parse;
use headsup_lineage::query::block::{BlockKind, ProjectionKind};
use headsup_lineage::query::tree::{BlockId, Expr};
use headsup_lineage::query::{Action, Queries, Reading};
use headsup_lineage::relation::RelationId;
use headsup_lineage::resolve::{Outcome, Value as Bound, resolve};
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};
use serde_json::Value as Json;

use super::call::{Arguments, function};
use super::config;
use super::engine::{Engine, Run, capture};
use super::graph::Graph;
use super::natives::ask;
use super::nodes::{Content, Node};
use super::relation::TableName;
use super::scan;
use super::sought::Sought;
use super::subject::Pass;
use super::trace::Question;
use super::types;
use super::values::{list, lock};

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// As the warehouse spells it.
    name: String,
    /// The type that it is cast to, where it is.
    data_type: Option<String>,
}

/// The columns of a table, where all of them are known.
pub(super) type Known = Option<Arc<[Column]>>;

/// What a project has found out so far.
#[derive(Debug, Default)]
pub(super) struct Columns {
    known: Mutex<HashMap<usize, Known>>,
    /// The places of nodes in the list of all, by the name of their tables.
    places: OnceLock<HashMap<String, Vec<usize>>>,
}

/// Where the columns of this many tables in a row depend on those of the next, the last is found out by itself first:
/// each takes a part of the stack.
const DEEPEST: usize = 24;

thread_local! {
    /// The nodes whose columns are being found out.
    static OPEN: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    /// What was not gone into while they are.
    static CUT: RefCell<Cut> = const { RefCell::new(Cut { times: 0, deep: Vec::new(), behind: BTreeSet::new() }) };
}

/// Where the way to the columns of a node was cut.
struct Cut {
    /// How often.
    times: usize,
    /// The nodes that stand too deep.
    deep: Vec<usize>,
    /// The nodes that are not known because of one of these, or because they depend on themselves.
    behind: BTreeSet<usize>,
}

/// `adapter.get_columns_in_relation`: where they are not known, that it was asked is noted, and there are none.
pub(super) fn asked(run: &Arc<Run>, arguments: &Arguments) -> Value {
    let Some(columns) = of_argument(run, arguments) else {
        ask(run, "adapter.get_columns_in_relation");
        return list([]);
    };
    let value = |column: &Column| Value::from_object(Described { column: column.clone(), run: Arc::clone(run) });
    list(columns.iter().map(value))
}

/// A function that gives the names of the columns of a relation, or none; nobody is told of the question.
pub(super) fn names(run: &Arc<Run>) -> Value {
    let run = Arc::clone(run);
    function(move |arguments| {
        let columns = of_argument(&run, arguments);
        let names = |columns: Arc<[Column]>| list(columns.iter().map(|column| Value::from(&*column.name)));
        Ok(columns.map_or_else(|| Value::from(()), names))
    })
}

fn of_argument(run: &Arc<Run>, arguments: &Arguments) -> Known {
    let relation = arguments.at(0, "relation")?;
    let table = relation.downcast_object_ref::<TableName>()?;
    if run.pass == Pass::Parse {
        return None;
    }
    let parts = [&table.database, &table.schema, &table.identifier].map(Clone::clone);
    run.ask(Question::Columns(parts.clone()));
    capture(run, |captured| captured.column_questions += 1);
    let found = columns_of(&run.engine, &parts)?;
    let node = place_of(&run.engine, &parts).and_then(|place| run.engine.graph.get()?.listed.get(place));
    let (node, _) = node.filter(|(node, _)| node.id != run.subject.id)?;
    capture(run, |captured| captured.described.extend([node.id.clone()]));
    Some(found)
}

/// The columns of the table with these names of database, schema and table.
pub(super) fn columns_of(engine: &Arc<Engine>, parts: &[Option<String>; 3]) -> Known {
    of_place(engine, place_of(engine, parts)?)
}

/// The node that builds a table, if there is one such node.
fn place_of(engine: &Engine, parts: &[Option<String>; 3]) -> Option<usize> {
    let listed = &engine.graph.get()?.listed;
    let places = engine.columns.places.get_or_init(|| {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, (_, table)) in listed.iter().enumerate() {
            if let Some(identifier) = &table.identifier {
                places.entry(identifier.to_lowercase()).or_default().push(place);
            }
        }
        places
    });
    let fits = |place: &&usize| {
        let table = &listed[**place].1;
        let same = |mine: &Option<String>, asked: &Option<String>| match (mine, asked) {
            (Some(mine), Some(asked)) => mine.eq_ignore_ascii_case(asked),
            (None, None) => true,
            _ => false,
        };
        same(&table.schema, &parts[1]) && same(&table.database, &parts[0])
    };
    let mut found = places.get(&parts[2].as_ref()?.to_lowercase())?.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(place), None) => Some(*place),
        _ => None,
    }
}

/// What is found of a node does not depend on who asked first: where the way to its columns was cut, what it was cut
/// at is found out before, and nothing is kept of what stands behind it.
fn of_place(engine: &Arc<Engine>, place: usize) -> Known {
    if OPEN.with_borrow(|open| !open.is_empty()) {
        return go_in(engine, place);
    }
    let mut ahead = vec![place];
    let mut tried = BTreeSet::new();
    while let Some(next) = ahead.last().copied() {
        let found = go_in(engine, next);
        let cut = CUT.with_borrow_mut(|cut| {
            (cut.times, cut.behind) = (0, BTreeSet::new());
            std::mem::take(&mut cut.deep)
        });
        let deeper: Vec<usize> = cut.into_iter().filter(|place| tried.insert(*place)).collect();
        let mut known = lock(&engine.columns.known);
        if deeper.is_empty() || known.contains_key(&next) {
            known.entry(next).or_insert(found);
            ahead.pop();
        } else {
            ahead.extend(deeper);
        }
    }
    lock(&engine.columns.known).get(&place).cloned().flatten()
}

fn go_in(engine: &Arc<Engine>, place: usize) -> Known {
    if let Some(known) = lock(&engine.columns.known).get(&place) {
        return known.clone();
    }
    let (is_open, depth) = OPEN.with_borrow(|open| (open.contains(&place), open.len()));
    let before = CUT.with_borrow_mut(|cut| {
        let is_behind = is_open || cut.behind.contains(&place);
        if !is_behind && depth == DEEPEST {
            cut.deep.push(place);
        }
        let may_go_in = !is_behind && depth < DEEPEST;
        cut.times += usize::from(!may_go_in);
        may_go_in.then_some(cut.times)
    })?;
    OPEN.with_borrow_mut(|open| open.push(place));
    let found = engine.graph.get().and_then(|graph| {
        let (node, table) = graph.listed.get(place)?;
        read(engine, node, table)
    });
    OPEN.with_borrow_mut(Vec::pop);
    let is_behind = CUT.with_borrow_mut(|cut| {
        let is_behind = found.is_none() && cut.times > before;
        is_behind && cut.behind.insert(place)
    });
    if !is_behind {
        lock(&engine.columns.known).insert(place, found.clone());
    }
    found
}

/// The columns that a node's SQL gives.
fn read(engine: &Arc<Engine>, node: &Arc<Node>, table: &TableName) -> Known {
    let Content::Template { file, body, template, local } = &node.candidate.content else { return None };
    let materialized = config::text(&node.config, "materialized");
    if !matches!(materialized.as_deref(), None | Some("view" | "table")) || node.parsed.is_err() {
        return None;
    }
    let mut subject = node.candidate.subject(&node.config);
    subject.this = Some(table.clone());
    let run = Run::new(engine, &Arc::new(subject), Pass::Full);
    let text = run.render(template, file).ok()?;
    let (asked, type_questions) = {
        let captured = lock(&run.captured);
        (captured.asked.is_some(), captured.type_questions)
    };
    // Who asks for columns is not kept.
    let reach = || scan::reach(engine, &node.candidate.package, local, file, body.clone(), &Sought::default());
    if asked || (type_questions > 0 && types::decide(file, &reach())) {
        return None;
    }
    let dialect = engine.world.dialect;
    let script = parse(&text, dialect);
    let [statement] = script.statements.as_slice() else { return None };
    let queries = statement.queries.as_deref().filter(|_| script.reading == Reading::Parsed)?;
    let [output] = queries.outputs.as_slice() else { return None };
    if output.action != Action::Return || !are_named(queries, output.block) {
        return None;
    }
    let resolved = resolve(&queries.tree, [output.block], &Sees { engine });
    let block = resolved.block(output.block);
    if resolved.outcome != Outcome::Complete || !block.rest.is_empty() || block.outputs.is_empty() {
        return None;
    }
    let column = |(name, value): (&ColumnName, &Bound)| Column {
        name: spelled(dialect, name),
        data_type: cast_to(queries, value),
    };
    Some(block.outputs.iter().map(|output| column((&output.name, &output.value))).collect())
}

/// Whether the columns of a block have the names that they were given, and none that the warehouse made.
fn are_named(queries: &Queries, mut block: BlockId) -> bool {
    loop {
        match &queries.tree.block(block).kind {
            BlockKind::SetOperation(operation) => match operation.branches.first() {
                Some(first) => block = *first,
                None => return false,
            },
            BlockKind::Select(select) => {
                return select.projection.iter().all(|item| match &item.kind {
                    ProjectionKind::Expr(expr, alias) => {
                        alias.is_some() || matches!(queries.tree.expr(*expr), Expr::Column(..))
                    }
                    ProjectionKind::Star(_) => true,
                    ProjectionKind::Several(..) | ProjectionKind::Fields(..) => false,
                });
            }
            BlockKind::Values(_) => return false,
        }
    }
}

/// A column as the warehouse says its name.
fn spelled(dialect: Dialect, name: &ColumnName) -> String {
    let is_bare = name.as_str().to_lowercase() == name.key();
    match dialect.column_case() {
        CaseRule::FoldUpper if is_bare => name.as_str().to_uppercase(),
        CaseRule::FoldLower if is_bare => name.as_str().to_lowercase(),
        _ => name.as_str().to_owned(),
    }
}

/// The type that a column is cast to.
fn cast_to(queries: &Queries, value: &Bound) -> Option<String> {
    let Bound::Expr(expr) = value else { return None };
    match queries.tree.expr(*expr) {
        Expr::Cast { data_type, .. } => Some(queries.tree.text(*data_type).to_owned()),
        _ => None,
    }
}

/// The tables of the project, as a query of it sees them.
struct Sees<'a> {
    engine: &'a Arc<Engine>,
}

impl Schemas for Sees<'_> {
    fn shape(&self, name: &RelationName) -> Shape {
        let find = || {
            let listed = &self.engine.graph.get()?.listed;
            let mut found = listed.iter().enumerate().filter(|(_, (_, table))| table.name() == *name);
            match (found.next(), found.next()) {
                (Some((place, _)), None) => of_place(self.engine, place),
                _ => None,
            }
        };
        let Some(columns) = find() else { return Shape::default() };
        let dialect = self.engine.world.dialect;
        let quoting = headsup_lineage::name::Quoting::Quoted;
        let columns = columns.iter().map(|column| ColumnName::new(dialect, &column.name, quoting)).collect();
        Shape { columns, extent: Extent::Closed, ..Shape::default() }
    }
}

/// The nodes that were only asked for their columns: the answer is in the text, and nothing of their rows is.
pub(super) fn only_described(
    graph: &Graph,
    node: &Node,
    described: &BTreeSet<String>,
    texts: &[Arc<str>],
) -> BTreeSet<RelationId> {
    if described.is_empty() {
        return BTreeSet::new();
    }
    let hooks = ["pre_hook", "post_hook"].iter().filter_map(|key| node.config.get(*key)).map(Json::to_string);
    let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).chain(hooks).collect();
    let words = texts.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric() && letter != '_'));
    let words: BTreeSet<&str> = words.collect();
    let is_word = |name: &str| name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let stands = |name: &str| match is_word(name) {
        true => words.contains(name),
        false => texts.iter().any(|text| text.contains(name)),
    };
    let is_named = |(node, table): &(Arc<Node>, Arc<TableName>)| {
        let called = table.identifier.as_deref().unwrap_or_default();
        [called, &node.candidate.name].into_iter().any(|name| stands(&name.to_lowercase()))
    };
    let only = graph.listed.iter().filter(|one| described.contains(&one.0.id) && !is_named(one));
    only.map(|(node, _)| RelationId::new(node.id.as_str())).collect()
}

/// A column as templates see it. Its type is known only where it is cast; who asks for another asks the
/// warehouse.
#[derive(Debug)]
struct Described {
    column: Column,
    run: Arc<Run>,
}

impl Described {
    fn ask(&self) {
        ask(&self.run, "adapter.get_columns_in_relation");
    }
}

impl Object for Described {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "name" | "column" => Some(Value::from(&*self.column.name)),
            "quoted" => Some(Value::from(self.run.engine.world.quoted(&self.column.name))),
            key if types::NAMES.contains(&key) => match &self.column.data_type {
                Some(data_type) => {
                    capture(&self.run, |captured| captured.type_questions += 1);
                    Some(Value::from(&**data_type))
                }
                None => {
                    self.ask();
                    Some(Value::from("unknown"))
                }
            },
            _ => {
                self.ask();
                None
            }
        }
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, _: &str, _: &[Value]) -> Result<Value, Error> {
        self.ask();
        Err(Error::from(ErrorKind::UnknownMethod))
    }

    fn render(self: &Arc<Self>, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.ask();
        write!(out, "{}", self.column.name)
    }
}
