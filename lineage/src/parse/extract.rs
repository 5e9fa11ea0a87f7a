//! What a parsed statement reads. The parser's own visitor walks every corner of the tree, so no
//! place where a query can stand is forgotten; this module only keeps the scopes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Delete, Expr, FromTable, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Insert, JoinOperator, Merge,
    ObjectName, OutputClause, PipeOperator, Query, Select, SetExpr, Statement as Ast, TableFactor, TableObject,
    TableWithJoins, Update, UpdateTableFromKind, Visit, Visitor,
};

use super::names::{Named, Origin, literal, literal_argument, named, quoting};
use super::rules::{
    aliased, changes_first, dictionary, into_builds, is_array_join, is_builtin, is_dual, is_hint, is_only,
    is_temporary, item_name, only, path_of, relation_argument,
};
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::hashing::{HashMap, HashSet};
use crate::name::{ColumnName, RelationName};
use crate::query::{Lifetime, Read, ReadRole};

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At the top of the script.
    Script,
    /// Inside a procedural block, where `SELECT … INTO x` fills a variable.
    Block,
}

/// Reads gathered by name and role, each with its first place.
#[derive(Debug, Default)]
pub(super) struct Reads(BTreeMap<(RelationName, ReadRole), Position>);

impl Reads {
    pub(super) fn add(&mut self, name: RelationName, role: ReadRole, position: Position) {
        self.0.entry((name, role)).and_modify(|known| *known = position.min(*known)).or_insert(position);
    }

    pub(super) fn extend(&mut self, reads: impl IntoIterator<Item = Read>) {
        for read in reads {
            self.add(read.name, read.role, read.position);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Read> {
        self.0.into_iter().map(|((name, role), position)| Read { name, role, position }).collect()
    }
}

/// What the walk found in one statement.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) reads: Reads,
    /// What INSERT, UPDATE, DELETE and MERGE change, also inside a CTE.
    pub(super) changed: Vec<RelationName>,
    /// What SELECT … INTO builds.
    pub(super) built: Vec<(RelationName, Lifetime)>,
    pub(super) incomplete: Option<&'static str>,
    /// Whether a CTE is changed, and with it what it reads.
    pub(super) through_cte: bool,
    /// How often a function is called in an expression that no engine has of itself.
    pub(super) calls: usize,
}

/// A scope in which names are visible.
enum Scope {
    /// A query: its CTEs, first those whose queries are still to be walked, by these.
    Query { pending: HashMap<usize, ColumnName>, visible: HashSet<ColumnName> },
    /// A SELECT: the names of its FROM items.
    Select { names: HashSet<ColumnName>, hidden: usize },
}

struct Collector {
    dialect: Dialect,
    origin: Origin,
    place: Place,
    scopes: Vec<Scope>,
    /// Nodes that are no reads: targets, paths into an earlier item of the same FROM, calls that
    /// were read as relations.
    skipped: HashSet<usize>,
    found: Found,
}

/// Walks a statement.
pub(super) fn extract(statement: &Ast, dialect: Dialect, origin: Origin, place: Place) -> Found {
    let mut collector =
        Collector { dialect, origin, place, scopes: Vec::new(), skipped: HashSet::default(), found: Found::default() };
    let _ = statement.visit(&mut collector);
    collector.found
}

/// What identifies a node while the tree is borrowed.
fn address<T>(node: &T) -> usize {
    std::ptr::from_ref(node).cast::<()>() as usize
}

const KNOWN_AT_RUN_TIME: &str = "a relation is named by an expression that is known only at run time";

impl Collector {
    fn read(&mut self, name: &ObjectName, role: ReadRole) {
        match named(self.dialect, self.origin, name) {
            Named::Relation(relation, position) => self.read_named(relation, role, position),
            Named::Elsewhere => {}
            Named::Runtime if role == ReadRole::Table => self.found.incomplete = Some(KNOWN_AT_RUN_TIME),
            Named::Runtime => {}
        }
    }

    fn read_named(&mut self, name: RelationName, role: ReadRole, position: Position) {
        if is_dual(self.dialect, &name) {
            return;
        }
        self.found.reads.add(name, role, position);
    }

    fn target(&mut self, name: &ObjectName) {
        // T-SQL changes a table through a CTE over it.
        if self.is_cte(name) {
            self.found.through_cte = true;
            return;
        }
        match named(self.dialect, self.origin, name) {
            Named::Relation(relation, _) => self.found.changed.push(relation),
            Named::Elsewhere => {}
            Named::Runtime => self.found.incomplete = Some(KNOWN_AT_RUN_TIME),
        }
    }

    /// Whether a name of one part is a CTE in sight.
    fn is_cte(&self, name: &ObjectName) -> bool {
        let [part] = name.0.as_slice() else { return false };
        let Some(ident) = part.as_ident() else { return false };
        let key = ColumnName::new(self.dialect, &ident.value, quoting(ident));
        self.scopes.iter().any(|scope| matches!(scope, Scope::Query { visible, .. } if visible.contains(&key)))
    }

    /// Whether a name is a path into a FROM item in sight: `FROM orders AS o, o.lines`.
    fn is_path(&self, name: &ObjectName, earlier: &HashSet<ColumnName>) -> bool {
        if name.0.len() < 2 || !matches!(self.dialect, Dialect::BigQuery | Dialect::Redshift) {
            return false;
        }
        let Some(first) = name.0.first().and_then(|part| part.as_ident()) else { return false };
        let key = ColumnName::new(self.dialect, &first.value, quoting(first));
        let outer =
            self.scopes.iter().any(|scope| matches!(scope, Scope::Select { names, hidden: 0 } if names.contains(&key)));
        outer || earlier.contains(&key)
    }

    fn table_function(&mut self, name: &ObjectName, arguments: &[FunctionArg]) {
        if let [part] = name.0.as_slice()
            && let Some(ident) = part.as_ident().filter(|ident| ident.quote_style.is_none())
            && self.named_by_argument(&ident.value, arguments, self.origin.place(ident.span.start))
        {
            return;
        }
        let role = if name.0.len() > 1 { ReadRole::Table } else { ReadRole::Call };
        self.dictionary(name, arguments);
        if role == ReadRole::Table || !is_builtin(self.dialect, name) {
            self.read(name, role);
        }
    }

    fn call(&mut self, function: &Function) {
        if let Some(name) = relation_argument(function).and_then(path_of) {
            if !self.is_cte(&name) {
                self.read(&name, ReadRole::Table);
            }
            return;
        }
        let arguments: &[FunctionArg] = match &function.args {
            FunctionArguments::List(list) => &list.args,
            _ => &[],
        };
        self.dictionary(&function.name, arguments);
        if !is_builtin(self.dialect, &function.name) {
            self.found.calls += 1;
            self.read(&function.name, ReadRole::Call);
        }
    }

    /// `IDENTIFIER('orders')` and `STREAM(orders)` of Databricks are the relation in brackets.
    fn named_by_argument(&mut self, function: &str, arguments: &[FunctionArg], position: Position) -> bool {
        let stream = self.dialect == Dialect::Databricks && function.eq_ignore_ascii_case("stream");
        if !stream && !function.eq_ignore_ascii_case("identifier") {
            return false;
        }
        let path = match arguments.first() {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) if stream => path_of(expr),
            _ => None,
        };
        match (path, arguments.first().and_then(literal_argument)) {
            (Some(path), _) if self.is_cte(&path) => {}
            (Some(path), _) => self.read(&path, ReadRole::Table),
            (None, Some(text)) => {
                self.read_named(RelationName::parse(self.dialect, text), ReadRole::Table, position);
            }
            (None, None) => self.found.incomplete = Some(KNOWN_AT_RUN_TIME),
        }
        true
    }

    fn dictionary(&mut self, name: &ObjectName, arguments: &[FunctionArg]) {
        if let Some((relation, position)) = dictionary(self.dialect, self.origin, name, arguments) {
            self.read_named(relation, ReadRole::Table, position);
        }
    }

    /// The targets of a changing statement; an alias among them stands for the relation in FROM.
    fn changes(&mut self, statement: &Ast) {
        match statement {
            Ast::Insert(insert) => self.insert(insert),
            Ast::Update(update) => self.update(update),
            Ast::Delete(delete) => self.delete(delete),
            Ast::Merge(Merge { table, .. }) => self.factor_target(table),
            _ => {}
        }
        let output = match statement {
            Ast::Insert(Insert { output, .. }) => output,
            Ast::Update(Update { output, .. }) => output,
            Ast::Delete(Delete { output, .. }) => output,
            Ast::Merge(Merge { output, .. }) => output,
            _ => return,
        };
        // `INTO log (a)` calls nothing.
        if let Some(OutputClause::Output { into_table: Some(into), .. }) = output {
            self.skipped.extend(into.targets.iter().map(address));
        }
    }

    fn insert(&mut self, insert: &Insert) {
        if let TableObject::TableName(name) = &insert.table
            && !name.0.is_empty()
        {
            self.target(name);
        }
        let whens = insert.multi_table_when_clauses.iter().flat_map(|when| &when.into_clauses);
        let others = insert.multi_table_else_clause.iter().flatten();
        for clause in insert.multi_table_into_clauses.iter().chain(whens).chain(others) {
            self.target(&clause.table_name);
        }
    }

    fn update(&mut self, update: &Update) {
        let from: &[TableWithJoins] = match &update.from {
            Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => from,
            None => &[],
        };
        let aliased = match &update.table.relation {
            TableFactor::Table { name, .. } => aliased(name, from),
            _ => None,
        };
        match aliased {
            Some(name) => {
                self.skipped.insert(address(&update.table.relation));
                self.target(name);
            }
            None if changes_first(update, self.dialect) => self.factor_target(&update.table.relation),
            None => {}
        }
    }

    fn delete(&mut self, delete: &Delete) {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        if delete.tables.is_empty() {
            let using = delete.using.as_deref().unwrap_or_default();
            for table in from {
                if let TableFactor::Table { name, .. } = &table.relation
                    && let Some(name) = aliased(name, using)
                {
                    self.skipped.insert(address(&table.relation));
                    self.target(name);
                } else {
                    self.factor_target(&table.relation);
                }
            }
        }
        for name in &delete.tables {
            self.target(aliased(name, from).unwrap_or(name));
        }
    }

    fn factor_target(&mut self, factor: &TableFactor) {
        if let TableFactor::Table { name, .. } = factor {
            self.skipped.insert(address(factor));
            match only(factor, self.dialect) {
                Some(behind) => self.target(&behind),
                None => self.target(name),
            }
        }
    }

    fn into(&mut self, select: &Select) {
        let Some(into) = &select.into else { return };
        let builds = into_builds(self.dialect, self.place);
        let Some(name) = into.targets.first().filter(|_| builds).and_then(path_of) else { return };
        if let Named::Relation(relation, _) = named(self.dialect, self.origin, &name) {
            let temporary = into.temporary || is_temporary(self.dialect, &relation);
            self.found.built.push((relation, if temporary { Lifetime::Temporary } else { Lifetime::Permanent }));
        }
    }
}

/// The tables directly in a FROM item, in the order of the text, through brackets and pivots.
fn direct<'a>(item: &'a TableWithJoins, factors: &mut Vec<(&'a TableFactor, Option<&'a JoinOperator>)>) {
    fn factor<'a>(
        table: &'a TableFactor,
        join: Option<&'a JoinOperator>,
        factors: &mut Vec<(&'a TableFactor, Option<&'a JoinOperator>)>,
    ) {
        match table {
            TableFactor::NestedJoin { table_with_joins, .. } => direct(table_with_joins, factors),
            TableFactor::Pivot { table, .. } | TableFactor::Unpivot { table, .. } => factor(table, join, factors),
            _ => {}
        }
        factors.push((table, join));
    }
    factor(&item.relation, None, factors);
    for join in &item.joins {
        factor(&join.relation, Some(&join.join_operator), factors);
    }
}

impl Visitor for Collector {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Ast) -> ControlFlow<()> {
        self.changes(statement);
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let mut pending = HashMap::default();
        let mut visible = HashSet::default();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let name = ColumnName::new(self.dialect, &cte.alias.name.value, quoting(&cte.alias.name));
            let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
            if recursive {
                visible.insert(name);
            } else {
                pending.insert(address(&*cte.query), name);
            }
        }
        // Where the keyword is optional, a union is what a recursive CTE looks like.
        let implied = matches!(self.dialect, Dialect::TSql | Dialect::Snowflake);
        if implied && matches!(&*query.body, SetExpr::SetOperation { .. }) {
            let own = address(query);
            if let Some(Scope::Query { pending, visible }) = self.scopes.last_mut() {
                visible.extend(pending.get(&own).cloned());
            }
        }
        self.scopes.push(Scope::Query { pending, visible });
        for operator in &query.pipe_operators {
            if let PipeOperator::Call { function, .. } = operator {
                let role = if function.name.0.len() > 1 { ReadRole::Table } else { ReadRole::Call };
                self.read(&function.name, role);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let mut bodies = vec![&*query.body];
        while let Some(body) = bodies.pop() {
            match body {
                SetExpr::SetOperation { left, right, .. } => bodies.extend([&**left, &**right]),
                SetExpr::Table(table) => {
                    let parts = [&table.schema_name, &table.table_name];
                    let name = ObjectName::from(
                        parts.into_iter().flatten().map(sqlparser::ast::Ident::new).collect::<Vec<_>>(),
                    );
                    if !self.is_cte(&name) {
                        self.read(&name, ReadRole::Table);
                    }
                }
                _ => {}
            }
        }
        self.scopes.pop();
        let own = address(query);
        if let Some(Scope::Query { pending, visible }) = self.scopes.last_mut()
            && let Some(name) = pending.remove(&own)
        {
            visible.insert(name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.into(select);
        let mut factors = Vec::new();
        for item in &select.from {
            direct(item, &mut factors);
        }
        let mut names: HashSet<ColumnName> = HashSet::default();
        let mut arrays = false;
        for (factor, join) in factors {
            // Behind `ARRAY JOIN a` a comma joins another array.
            let array = join.map_or(arrays, is_array_join);
            arrays |= array;
            if let TableFactor::Table { name, .. } = factor
                && (array || self.is_path(name, &names))
            {
                self.skipped.insert(address(factor));
            }
            names.extend(item_name(factor, self.dialect));
        }
        self.scopes.push(Scope::Select { names, hidden: 0 });
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            // Postgres: `FROM ONLY orders` leaves the children of `orders` out; the parser takes ONLY
            // for the table and `orders` for its alias.
            TableFactor::Table { name, args: None, alias: Some(alias), .. }
                if is_only(name, self.dialect) && !self.skipped.contains(&address(factor)) =>
            {
                self.read(&ObjectName::from(vec![alias.name.clone()]), ReadRole::Table);
            }
            TableFactor::Table { name, args: None, .. }
                if !self.skipped.contains(&address(factor)) && !self.is_cte(name) =>
            {
                self.read(name, ReadRole::Table);
            }
            TableFactor::Table { name, args: Some(arguments), .. } => {
                if is_hint(&arguments.args, self.dialect) {
                    self.read(name, ReadRole::Table);
                } else {
                    self.table_function(name, &arguments.args);
                }
            }
            TableFactor::Function { name, args, .. } => self.table_function(name, args),
            TableFactor::TableFunction { expr, .. } => match expr {
                Expr::Function(function) if function.name.0.len() > 1 => {
                    self.skipped.insert(address(expr));
                    self.read(&function.name, ReadRole::Table);
                }
                Expr::Function(_) => {}
                _ => match (path_of(expr), literal(expr)) {
                    (Some(name), _) => self.read(&name, ReadRole::Table),
                    (None, Some(text)) => {
                        self.read_named(RelationName::parse(self.dialect, text), ReadRole::Table, self.origin.0);
                    }
                    (None, None) => {
                        if matches!(expr, Expr::Value(_)) {
                            self.found.incomplete = Some(KNOWN_AT_RUN_TIME);
                        }
                    }
                },
            },
            TableFactor::SemanticView { name, .. } => self.read(name, ReadRole::Table),
            TableFactor::Derived { lateral: false, .. } => self.hide(Hiding::Begins),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Derived { lateral: false, .. } = factor {
            self.hide(Hiding::Ends);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) if !self.skipped.contains(&address(expr)) => self.call(function),
            // `id IN orders` reads a table in ClickHouse.
            Expr::InList { list, .. } if self.dialect == Dialect::ClickHouse => {
                if let [only] = list.as_slice()
                    && let Some(name) = path_of(only)
                    && !self.is_cte(&name)
                {
                    self.read(&name, ReadRole::Table);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Whether a derived table that sees none of its siblings begins or ends.
#[derive(Clone, Copy)]
enum Hiding {
    Begins,
    Ends,
}

impl Collector {
    fn hide(&mut self, hiding: Hiding) {
        let innermost = self.scopes.iter_mut().rev().find_map(|scope| match scope {
            Scope::Select { hidden, .. } => Some(hidden),
            Scope::Query { .. } => None,
        });
        if let Some(hidden) = innermost {
            *hidden = match hiding {
                Hiding::Begins => *hidden + 1,
                Hiding::Ends => hidden.saturating_sub(1),
            };
        }
    }
}
