//! What single names and clauses mean in a dialect, for those who read a parsed statement: what is no
//! table though it stands where one would, and what names one where none is looked for. It must not
//! know scopes.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, JoinOperator,
    ObjectName, ObjectNamePart, SelectInto, TableFactor, TableWithJoins, Update,
};

use super::extract::Place;
use super::names::{Named, Origin, literal_argument, named, quoting};
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::name::{ColumnName, Quoting, RelationName};

/// The relation that a function of ClickHouse reads: `dictGet('shop.customers', …)` a dictionary,
/// `joinGet('t', …)` a join table, `remote('host', shop.orders)` a table elsewhere.
pub(super) fn dictionary(
    dialect: Dialect,
    origin: Origin,
    name: &ObjectName,
    arguments: &[FunctionArg],
) -> Option<(RelationName, Position)> {
    if dialect != Dialect::ClickHouse {
        return None;
    }
    let [part] = name.0.as_slice() else { return None };
    let ident = part.as_ident()?;
    if ident.value.starts_with("dictGet") || ident.value == "dictHas" || ident.value.starts_with("joinGet") {
        let text = arguments.first().and_then(literal_argument)?;
        return Some((RelationName::parse(dialect, text), origin.place(ident.span.start)));
    }
    if !matches!(&*ident.value, "remote" | "remoteSecure" | "cluster" | "clusterAllReplicas") {
        return None;
    }
    let path = match arguments.get(1)? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => path_of(expr)?,
        _ => return None,
    };
    match named(dialect, origin, &path) {
        Named::Relation(relation, position) => Some((relation, position)),
        Named::Elsewhere | Named::Runtime => None,
    }
}

/// Whether SELECT … INTO builds a table rather than filling a variable.
pub(super) fn into_builds(dialect: Dialect, place: Place) -> bool {
    match dialect {
        Dialect::TSql => true,
        Dialect::Postgres | Dialect::Redshift | Dialect::Ansi | Dialect::DuckDb => place == Place::Script,
        _ => false,
    }
}

/// Whether a name is the word ONLY in front of a table.
pub(super) fn is_only(name: &ObjectName, dialect: Dialect) -> bool {
    let word = match name.0.as_slice() {
        [part] => part.as_ident(),
        _ => None,
    };
    matches!(dialect, Dialect::Postgres | Dialect::Redshift | Dialect::Ansi)
        && word.is_some_and(|word| word.quote_style.is_none() && word.value.eq_ignore_ascii_case("only"))
}

/// The table behind the word ONLY, which the parser takes for an alias.
pub(super) fn only(factor: &TableFactor, dialect: Dialect) -> Option<ObjectName> {
    match factor {
        TableFactor::Table { name, alias: Some(alias), args: None, .. } if is_only(name, dialect) => {
            Some(ObjectName::from(vec![alias.name.clone()]))
        }
        _ => None,
    }
}

/// Whether a name is the table of one row that stands where there is nothing to read.
pub(super) fn is_dual(dialect: Dialect, name: &RelationName) -> bool {
    matches!(dialect, Dialect::Snowflake | Dialect::MySql) && name.len() == 1 && name.table_key() == "dual"
}

/// Whether the name alone says that a table is temporary: `#orders` and `@orders` in T-SQL.
pub(super) fn is_temporary(dialect: Dialect, name: &RelationName) -> bool {
    dialect == Dialect::TSql && name.table().starts_with(['#', '@'])
}

/// The relation that an alias stands for in FROM.
pub(super) fn aliased<'a>(name: &ObjectName, from: &'a [TableWithJoins]) -> Option<&'a ObjectName> {
    let [part] = name.0.as_slice() else { return None };
    let wanted = part.as_ident()?;
    let factors = from
        .iter()
        .flat_map(|item| std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation)));
    factors.into_iter().find_map(|factor| match factor {
        TableFactor::Table { name, alias: Some(alias), .. } if alias.name.value.eq_ignore_ascii_case(&wanted.value) => {
            Some(name)
        }
        TableFactor::Table { name, alias: None, .. }
            if name.0.len() > 1
                && name
                    .0
                    .last()
                    .and_then(|part| part.as_ident())
                    .is_some_and(|ident| ident.value.eq_ignore_ascii_case(&wanted.value)) =>
        {
            Some(name)
        }
        _ => None,
    })
}

/// The table of a MySQL join, other than the first, whose column an assignment sets.
pub(super) fn other_qualifier<'a>(
    assignment: &Assignment,
    update: &'a Update,
    dialect: Dialect,
) -> Option<&'a ObjectName> {
    if dialect != Dialect::MySql || update.table.joins.is_empty() {
        return None;
    }
    let AssignmentTarget::ColumnName(name) = &assignment.target else { return None };
    let qualifier = name.0.len().checked_sub(2).and_then(|index| name.0[index].as_ident())?;
    let wanted = ObjectName::from(vec![qualifier.clone()]);
    update.table.joins.iter().find_map(|join| match &join.relation {
        TableFactor::Table { name, alias, .. } => {
            let known_as =
                alias.as_ref().map(|alias| &alias.name).or(name.0.last().and_then(|part| part.as_ident()))?;
            let wanted = wanted.0.first().and_then(|part| part.as_ident())?;
            known_as.value.eq_ignore_ascii_case(&wanted.value).then_some(name)
        }
        _ => None,
    })
}

/// The table that keeps what OUTPUT says, and the columns that are listed behind it: `INTO log (a, b)`,
/// which the parser takes for a call.
pub(super) fn kept_in(into: &SelectInto) -> Option<(ObjectName, Vec<&Ident>)> {
    match into.targets.first()? {
        Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) => {
            let column = |argument| match argument {
                &FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(ref column))) => Some(column),
                _ => None,
            };
            Some((name.clone(), list.args.iter().map(column).collect::<Option<_>>()?))
        }
        name => Some((path_of(name)?, Vec::new())),
    }
}

/// Whether an UPDATE changes the table that it names first. In a join of MySQL only the others may be
/// changed, by the qualifiers of what is set; then the first is read like any other.
pub(super) fn changes_first(update: &Update, dialect: Dialect) -> bool {
    update.assignments.is_empty()
        || update.assignments.iter().any(|set| other_qualifier(set, update, dialect).is_none())
}

/// The name that an expression `a.b` spells.
pub(super) fn path_of(expr: &Expr) -> Option<ObjectName> {
    match expr {
        Expr::Identifier(ident) => Some(ObjectName::from(vec![ident.clone()])),
        Expr::CompoundIdentifier(idents) => Some(ObjectName::from(idents.clone())),
        _ => None,
    }
}

/// The name by which the rest of a SELECT can refer to a FROM item.
pub(super) fn item_name(factor: &TableFactor, dialect: Dialect) -> Option<ColumnName> {
    let (alias, name) = match factor {
        TableFactor::Table { name, alias, .. } => (alias, name.0.last().and_then(|part| part.as_ident())),
        TableFactor::Derived { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::NestedJoin { alias, .. }
        | TableFactor::Pivot { alias, .. }
        | TableFactor::Unpivot { alias, .. } => (alias, None),
        _ => return None,
    };
    let ident = alias.as_ref().map(|alias| &alias.name).or(name)?;
    Some(ColumnName::new(dialect, &ident.value, quoting(ident)))
}

/// Whether the arguments of a table are a hint of the old form, `FROM orders (NOLOCK)`.
pub(super) fn is_hint(arguments: &[FunctionArg], dialect: Dialect) -> bool {
    dialect == Dialect::TSql
        && !arguments.is_empty()
        && arguments.iter().all(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => is_hint_word(expr),
            _ => false,
        })
}

/// Whether an expression in the place of a hint is one that T-SQL has.
pub(super) fn is_hint_word(expr: &Expr) -> bool {
    const HINTS: [&str; 7] = ["NOLOCK", "READPAST", "UPDLOCK", "TABLOCK", "HOLDLOCK", "ROWLOCK", "READUNCOMMITTED"];
    match expr {
        Expr::Identifier(ident) => HINTS.iter().any(|hint| hint.eq_ignore_ascii_case(&ident.value)),
        _ => false,
    }
}

/// Whether a name is a function of every engine, or of this one, which no project can have defined.
pub(super) fn is_builtin(dialect: Dialect, name: &ObjectName) -> bool {
    let bare = |part: &ObjectNamePart| match part.as_ident() {
        Some(ident) if quoting(ident) == Quoting::Bare => Some(ident.value.clone()),
        _ => None,
    };
    if name.0.len() > LONGEST_BUILTIN {
        return false;
    }
    let Some(parts) = name.0.iter().map(bare).collect::<Option<Vec<String>>>() else { return false };
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    matches!(parts.as_slice(), [name] if super::builtin::is_builtin(name)) || super::builtin::is_own(dialect, &parts)
}

/// `SAFE.NET.HOST` has three parts.
const LONGEST_BUILTIN: usize = 3;

/// The new name of a table: it stands where the old one stood, unless it says otherwise.
pub(super) fn renamed(old: &ObjectName, new: &ObjectName) -> ObjectName {
    if new.0.len() > 1 || old.0.len() < 2 {
        return new.clone();
    }
    let mut parts = old.0.clone();
    parts.pop();
    parts.extend(new.0.iter().cloned());
    ObjectName(parts)
}

/// Whether what is joined is an array of the rows before it.
pub(super) const fn is_array_join(operator: &JoinOperator) -> bool {
    matches!(operator, JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin)
}

/// The relation that an argument `TABLE(orders)` is.
pub(super) fn relation_argument(function: &Function) -> Option<&Expr> {
    let [part] = function.name.0.as_slice() else { return None };
    let name = part.as_ident().filter(|ident| ident.quote_style.is_none())?;
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))] if name.value.eq_ignore_ascii_case("table") => {
            path_of(expr).is_some().then_some(expr)
        }
        _ => None,
    }
}
