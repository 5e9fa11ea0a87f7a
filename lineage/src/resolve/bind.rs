//! One dotted name to what it means, from the innermost SELECT outward.

use super::{Binding, ColumnUse, Qualifiers, Resolver, Scope};
use crate::dependency::Extent;
use crate::dialect::{AliasSight, Clause, Dialect};
use crate::hashing::HashSet;
use crate::name::ColumnName;
use crate::query::tree::{BlockId, Expr, ExprId, Path, Symbol};
use crate::scope::{ColumnAt, Found, Item, ItemSource, Sight};

/// How many parts can stand before a column: `catalog.database.schema.table`.
const MAX_QUALIFIER: usize = 4;
/// A path into a record is followed so deep; what is deeper counts as all that is below.
const MAX_FIELDS: usize = 16;

impl Resolver<'_> {
    /// Binds every name in an expression, and reads the queries in it.
    pub(super) fn bind_expr(&mut self, root: ExprId, clause: Clause) {
        // The parameters of the lambdas around an expression, each list below the one that it is in.
        let mut lambdas: Vec<(Path, Option<usize>)> = Vec::new();
        let mut ahead: Vec<(ExprId, Option<usize>)> = vec![(root, None)];
        let tree = self.tree;
        while let Some((expr, lambda)) = ahead.pop() {
            match tree.expr(expr) {
                Expr::Column(path, position) => {
                    let parts = tree.path(*path);
                    if parts.first().is_some_and(|first| self.is_parameter(*first, lambda, &lambdas)) {
                        self.bindings.bind(expr, Binding::Free);
                        continue;
                    }
                    self.binding = Some(expr);
                    let binding = self.bind(parts, clause, *position);
                    self.bindings.bind(expr, binding);
                }
                Expr::Star(path) => {
                    let binding = self.bind_star(*path);
                    self.count(&binding);
                    self.bindings.bind(expr, binding);
                }
                // COLUMNS(…) of DuckDB stands for columns that a pattern chooses: any of them.
                Expr::Call { function, .. } if self.dialect == Dialect::DuckDb && tree.text(*function) == "columns" => {
                    let binding = self.bind_star(None);
                    self.count(&binding);
                    self.bindings.bind(expr, binding);
                }
                Expr::Apply(operator, args) if tree.text(*operator) == "variable" => {
                    let args = tree.list(*args);
                    if args.first().is_some_and(|column| self.is_of_an_item(*column)) {
                        // Nothing but the column: `r.a` where FROM has an `r`, whatever a loop calls so.
                        self.bindings.bind(expr, Binding::Free);
                        ahead.extend(args.first().map(|column| (*column, lambda)));
                        continue;
                    }
                    let is_free = |column: &ExprId| self.is_no_column(*column, clause);
                    let free = args.first().copied().filter(is_free);
                    if let Some(column) = free {
                        self.bindings.bind(column, Binding::Free);
                    }
                    let bound = args.iter().skip(usize::from(free.is_some()));
                    ahead.extend(bound.rev().map(|part| (*part, lambda)));
                }
                Expr::Lambda(parameters, body) => {
                    lambdas.push((*parameters, lambda));
                    ahead.push((*body, Some(lambdas.len() - 1)));
                }
                Expr::Subquery { block, .. } => {
                    self.block(*block);
                    ahead.extend(tree.parts(expr).into_iter().map(|part| (part, lambda)));
                }
                _ => ahead.extend(tree.parts(expr).into_iter().rev().map(|part| (part, lambda))),
            }
        }
    }

    fn is_parameter(&self, name: Symbol, lambda: Option<usize>, lambdas: &[(Path, Option<usize>)]) -> bool {
        let mut around = lambda;
        while let Some((parameters, outer)) = around.and_then(|index| lambdas.get(index)) {
            if self.tree.path(*parameters).contains(&name) {
                return true;
            }
            around = *outer;
        }
        false
    }

    /// The innermost SELECT, and those around it whose items a name in it can mean, from the inside out.
    fn scopes(&self) -> impl Iterator<Item = &Scope> {
        std::iter::successors(Some(&self.scope), |scope| scope.around.and_then(|place| self.outer.get(place)))
    }

    fn bind(&mut self, parts: &[Symbol], clause: Clause, position: crate::diagnostic::Position) -> Binding {
        if self.effort.is_spent() {
            return Binding::Free;
        }
        let binding = self.find(parts, clause, position);
        self.count(&binding);
        binding
    }

    /// Takes account of the columns that a name is bound to.
    fn count(&mut self, binding: &Binding) {
        if let Binding::Columns(uses) | Binding::AliasOr(_, uses) = binding {
            self.effort.spend(uses.len());
            self.look_outward(uses);
        }
    }

    fn find(&mut self, parts: &[Symbol], clause: Clause, position: crate::diagnostic::Position) -> Binding {
        let names: Vec<&ColumnName> = parts.iter().map(|part| self.tree.name(*part)).collect();
        if let Some(binding) = self.bind_qualified(&names) {
            if self.is_beyond(&binding) {
                let spelled = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(".");
                self.open(position, format!("`{spelled}` is no column that its relation is known to have"));
            }
            return binding;
        }
        let skip = usize::from(names.len() > 1 && self.scope.qualifiers == Qualifiers::Anything);
        let outcome = self.bind_bare(&names[skip..], clause);
        let spelled = || names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(".");
        match outcome {
            Outcome::Bound(binding) => binding,
            Outcome::OuterAlias(block, binding) => {
                self.look_outward_to(block);
                binding
            }
            Outcome::Candidates(binding, why) => {
                let message = match why {
                    Why::Ambiguous => format!("`{}` is a column of several relations", spelled()),
                    Why::Open => format!("`{}` can be a column of several relations", spelled()),
                };
                self.open(position, message);
                binding
            }
            Outcome::Nothing => self.unknown(&names[skip..], &spelled(), position),
        }
    }

    /// Whether a name is that of a variable for sure, as nothing in sight has such a column.
    fn is_no_column(&self, expr: ExprId, clause: Clause) -> bool {
        let Expr::Column(path, _) = self.tree.expr(expr) else { return false };
        let names: Vec<&ColumnName> = self.tree.path(*path).iter().map(|part| self.tree.name(*part)).collect();
        match names.as_slice() {
            // The record of a loop, unless a column is known to have its name.
            [record, _, ..] => {
                let has = |item: &Item| matches!(item.at(record), ColumnAt::Known(_));
                !self.scopes().any(|scope| scope.from.items.iter().any(has))
            }
            _ => matches!(self.bind_bare(&names, clause), Outcome::Nothing),
        }
    }

    /// Whether a dotted name begins with one that FROM gives.
    fn is_of_an_item(&self, expr: ExprId) -> bool {
        let Expr::Column(path, _) = self.tree.expr(expr) else { return false };
        let names: Vec<&ColumnName> = self.tree.path(*path).iter().map(|part| self.tree.name(*part)).collect();
        names.len() > 1 && self.bind_qualified(&names).is_some()
    }

    /// `o.amount`: a qualifier that names a FROM item, in the nearest SELECT that has one.
    fn bind_qualified(&self, names: &[&ColumnName]) -> Option<Binding> {
        for scope in self.scopes() {
            if scope.hidden > 0 {
                continue;
            }
            for qualifier in (1..names.len().min(MAX_QUALIFIER + 1)).rev() {
                let (before, after) = names.split_at(qualifier);
                let (column, fields) = after.split_first()?;
                let mut uses = Vec::new();
                for index in scope.from.named(before) {
                    let item = &scope.from.items[index];
                    if item.sight == Sight::Visible || self.scope.block == scope.block {
                        uses.push((index, item.at(column)));
                    }
                }
                // Several leaves have the alias of the brackets around them: one of them has the column.
                if uses.len() > 1 && uses.iter().any(|(_, at)| matches!(at, ColumnAt::Known(_))) {
                    uses.retain(|(_, at)| matches!(at, ColumnAt::Known(_)));
                    uses.truncate(1);
                }
                if !uses.is_empty() {
                    return Some(Binding::Columns(used(scope, uses, fields)));
                }
            }
        }
        None
    }

    /// Whether a name is not among the columns of an item that should be known as a whole.
    fn is_beyond(&self, binding: &Binding) -> bool {
        let Binding::Columns(uses) = binding else { return false };
        uses.iter().any(|used| {
            let ColumnAt::Named(name) = &used.column else { return false };
            let scope = self.scopes().find(|scope| scope.block == used.block);
            let item = scope.and_then(|scope| scope.from.items.get(used.item));
            item.is_some_and(|item| item.extent == Extent::Closed) && !is_added_by_engine(self.dialect, name.as_str())
        })
    }

    fn bind_bare(&self, names: &[&ColumnName], clause: Clause) -> Outcome {
        let Some((name, fields)) = names.split_first() else { return Outcome::Bound(Binding::Free) };
        let sight = self.sight(clause);
        // The result's own names are in sight behind it; in BigQuery also where it is grouped.
        let implied = || {
            let sees = clause == Clause::OrderBy || sight == AliasSight::BeforeColumns;
            self.scope.implied.get(name).filter(|_| sees && self.dialect != Dialect::ClickHouse)
        };
        let alias = self
            .scope
            .aliases
            .get(name)
            .or_else(implied)
            .copied()
            .filter(|alias| self.scope.projecting != Some(*alias) && self.binding != Some(*alias));
        let alias = alias.filter(|_| sight != AliasSight::Never);
        let to_alias = |alias: ExprId| Binding::Alias(alias, fields.iter().map(|field| (*field).clone()).collect());
        if let Some(alias) = alias.filter(|_| sight == AliasSight::BeforeColumns) {
            return Outcome::Bound(to_alias(alias));
        }
        let mut perhaps: Vec<ColumnUse> = Vec::new();
        for (level, scope) in self.scopes().enumerate() {
            if scope.hidden == 0 {
                match scope.from.find(name) {
                    Found::Columns(found) => {
                        let found = used(scope, found, fields);
                        return match alias {
                            Some(alias) if level == 0 && sight == AliasSight::Either => {
                                Outcome::Bound(Binding::AliasOr(alias, found))
                            }
                            _ => bound(perhaps, found),
                        };
                    }
                    // Where a column would be ambiguous, the alias is meant.
                    Found::Ambiguous(_) if alias.is_some() && level == 0 && perhaps.is_empty() => {}
                    Found::Ambiguous(found) => {
                        perhaps.extend(used(scope, found, fields));
                        return Outcome::Candidates(Binding::Columns(perhaps), Why::Ambiguous);
                    }
                    Found::Row(item) => {
                        perhaps.extend(used(scope, vec![(item, whole_row(scope, item))], fields));
                        return bound(Vec::new(), perhaps);
                    }
                    Found::Perhaps(found) => perhaps.extend(used(scope, found, fields)),
                    Found::Nothing => {}
                }
            }
            if let Some(alias) = alias.filter(|_| level == 0) {
                return match perhaps.as_slice() {
                    [] => Outcome::Bound(to_alias(alias)),
                    // `lower(email) as email`: the relation has such a column, and it wins.
                    [only] if self.is_made_of(alias, only) => Outcome::Bound(Binding::Columns(perhaps)),
                    // An open relation may have a column of the alias's name, which then wins.
                    _ => Outcome::Candidates(Binding::AliasOr(alias, perhaps), Why::Open),
                };
            }
            if level > 0
                && let Some(alias) = scope.aliases.get(name).filter(|_| sees_outer_aliases(self.dialect))
                && perhaps.is_empty()
            {
                return Outcome::OuterAlias(scope.block, to_alias(*alias));
            }
        }
        match perhaps.len() {
            0 => Outcome::Nothing,
            1 => Outcome::Bound(Binding::Columns(perhaps)),
            _ => Outcome::Candidates(Binding::Columns(self.coarse(perhaps)), Why::Open),
        }
    }

    /// Whether an expression that is bound already uses a column.
    fn is_made_of(&self, root: ExprId, column: &ColumnUse) -> bool {
        let column = (column.block, column.item, column.column.clone());
        let mut known = self.made_of.borrow_mut();
        known.entry(root).or_insert_with(|| self.columns_in(root)).contains(&column)
    }

    /// The columns that names in an expression mean without a doubt.
    fn columns_in(&self, root: ExprId) -> HashSet<(BlockId, usize, ColumnAt)> {
        let mut found = HashSet::default();
        let mut ahead = vec![root];
        while let Some(expr) = ahead.pop() {
            if let Some(Binding::Columns(uses)) = self.bindings.of(expr)
                && let [only] = uses.as_slice()
            {
                found.insert((only.block, only.item, only.column.clone()));
            }
            self.tree.add_parts(expr, &mut ahead);
        }
        found
    }

    /// Candidates of which those inside unnested arrays mean the elements as wholes. The array of one
    /// UNNEST may itself be a field of the elements of another, and so on: told apart by field, they
    /// would be as many as there are ways through all of them.
    fn coarse(&self, mut uses: Vec<ColumnUse>) -> Vec<ColumnUse> {
        for used in &mut uses {
            let scope = self.scopes().find(|scope| scope.block == used.block);
            let item = scope.and_then(|scope| scope.from.items.get(used.item));
            if item.is_some_and(|item| matches!(item.source, ItemSource::Unnest { .. })) {
                used.column = ColumnAt::All;
                used.fields.clear();
            }
        }
        uses
    }

    /// The columns that a path before `.*` means, where it means any.
    pub(super) fn record(&mut self, names: &[&ColumnName]) -> Option<Vec<ColumnUse>> {
        let binding = match self.bind_qualified(names) {
            Some(binding) => binding,
            None => match self.bind_bare(names, Clause::Projection) {
                Outcome::Bound(binding) | Outcome::OuterAlias(_, binding) | Outcome::Candidates(binding, _) => binding,
                Outcome::Nothing => return None,
            },
        };
        match binding {
            Binding::Columns(uses) | Binding::AliasOr(_, uses) => {
                self.look_outward(&uses);
                Some(uses)
            }
            Binding::Free | Binding::Alias(..) => None,
        }
    }

    /// A name that nothing in sight has: a constant that is spelled like a name, a column that the
    /// engine adds, a variable; or else a column that is gone, which every relation may have had.
    fn unknown(&mut self, names: &[&ColumnName], spelled: &str, position: crate::diagnostic::Position) -> Binding {
        let Some((name, fields)) = names.split_first() else { return Binding::Free };
        if names.len() == 1 && is_constant(name.as_str()) {
            return Binding::Free;
        }
        let scope = &self.scope;
        if scope.from.items.is_empty() || scope.hidden > 0 {
            return Binding::Free;
        }
        let relations = scope.from.items.iter().enumerate().filter(|(_, item)| item.sight == Sight::Visible);
        let found: Vec<(usize, ColumnAt)> =
            relations.map(|(index, _)| (index, ColumnAt::Named((*name).clone()))).collect();
        let uses = used(scope, found, fields);
        if !is_added_by_engine(self.dialect, name.as_str()) {
            self.open(position, format!("no relation in sight has a column `{spelled}`"));
        }
        Binding::Columns(uses)
    }

    /// `*` or `t.*` as an argument.
    fn bind_star(&self, path: Option<Path>) -> Binding {
        let names: Vec<&ColumnName> = path
            .map(|path| self.tree.path(path).iter().map(|part| self.tree.name(*part)).collect())
            .unwrap_or_default();
        for scope in self.scopes() {
            let items = scope.from.items.iter().enumerate();
            let meant: Vec<(usize, ColumnAt)> = items
                .filter(|(_, item)| item.sight == Sight::Visible && (names.is_empty() || item.is_named(&names)))
                .map(|(index, _)| (index, ColumnAt::All))
                .collect();
            if !meant.is_empty() || names.is_empty() {
                return Binding::Columns(used(scope, meant, &[]));
            }
        }
        Binding::Free
    }
}

/// What a search has found.
enum Outcome {
    Bound(Binding),
    /// The alias of a SELECT around.
    OuterAlias(BlockId, Binding),
    Candidates(Binding, Why),
    Nothing,
}

/// Why there are several candidates.
enum Why {
    /// Several relations are known to have the column.
    Ambiguous,
    /// Several relations may have it.
    Open,
}

/// A known column, unless a nearer open relation may have one of the name.
fn bound(perhaps: Vec<ColumnUse>, found: Vec<ColumnUse>) -> Outcome {
    if perhaps.is_empty() {
        return Outcome::Bound(Binding::Columns(found));
    }
    Outcome::Candidates(Binding::Columns(perhaps.into_iter().chain(found).collect()), Why::Open)
}

fn used(scope: &Scope, found: Vec<(usize, ColumnAt)>, fields: &[&ColumnName]) -> Vec<ColumnUse> {
    let fields: Vec<ColumnName> = fields.iter().take(MAX_FIELDS).map(|field| (*field).clone()).collect();
    let use_of = |(item, column)| ColumnUse { block: scope.block, item, column, fields: fields.clone() };
    found.into_iter().map(use_of).collect()
}

/// The row of an item as a value: of an UNNEST its element.
fn whole_row(scope: &Scope, item: usize) -> ColumnAt {
    match &scope.from.items[item].source {
        ItemSource::Unnest { .. } => ColumnAt::Known(0),
        _ => ColumnAt::All,
    }
}

/// Whether a subquery can use the aliases of the SELECT around it.
const fn sees_outer_aliases(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Snowflake | Dialect::ClickHouse | Dialect::Ansi)
}

/// Constants and functions that are written without brackets.
fn is_constant(name: &str) -> bool {
    const CONSTANTS: [&str; 26] = [
        "current_date",
        "current_time",
        "current_timestamp",
        "current_datetime",
        "current_user",
        "current_role",
        "current_schema",
        "current_catalog",
        "current_database",
        "current_warehouse",
        "session_user",
        "system_user",
        "user",
        "localtime",
        "localtimestamp",
        "sysdate",
        "systimestamp",
        "getdate",
        "rownum",
        "level",
        "inf",
        "nan",
        "default",
        "unknown",
        "true",
        "false",
    ];
    CONSTANTS.iter().any(|constant| constant.eq_ignore_ascii_case(name))
}

/// Columns that an engine adds to every table.
fn is_added_by_engine(dialect: Dialect, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let added: &[&str] = match dialect {
        Dialect::BigQuery => {
            &["_partitiontime", "_partitiondate", "_table_suffix", "_file_name", "_change_type", "_change_timestamp"]
        }
        Dialect::Postgres | Dialect::Redshift => &["ctid", "xmin", "xmax", "tableoid", "oid"],
        Dialect::DuckDb => &["rowid", "filename"],
        Dialect::Databricks => &["_metadata", "input_file_name"],
        Dialect::ClickHouse => &["_part", "_path", "_file", "_table", "_partition_id", "_time"],
        Dialect::Trino => &["$path", "$file_size", "$file_modified_time", "$partition"],
        _ => &[],
    };
    added.contains(&name.as_str()) || (dialect == Dialect::Snowflake && name.starts_with("metadata$"))
}
