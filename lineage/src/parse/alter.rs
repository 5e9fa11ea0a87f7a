//! What ALTER TABLE does to the columns and keys of a table. It must not know what these were before.

use sqlparser::ast::{AlterColumnOperation, AlterTableOperation, ColumnOption, Expr, Ident};

use super::names::{Origin, column};
use super::schema::{add_column, add_constraint, fills, of_column, of_table, spelled};
use crate::dialect::Dialect;
use crate::name::ColumnName;
use crate::query::{Clause, ClauseKind, Nullability, TableSchema};

/// What operations say beside what the table says already; nothing where they change neither what it holds nor what is
/// known of it.
pub(super) fn altered(operations: &[AlterTableOperation], dialect: Dialect, origin: Origin) -> TableSchema {
    let mut altered = TableSchema::default();
    for operation in operations {
        if let AlterTableOperation::AddConstraint { constraint, .. } = operation {
            add_constraint(&mut altered, constraint, dialect, origin);
        } else if !keeps_all(operation) {
            altered.clauses.extend(clauses(operation, dialect, origin));
        }
    }
    altered
}

/// Whether an operation is about how rows are stored, found or guarded, and not about which there are.
const fn keeps_all(operation: &AlterTableOperation) -> bool {
    use AlterTableOperation as Alter;
    matches!(
        operation,
        Alter::AddProjection { .. }
            | Alter::DropProjection { .. }
            | Alter::MaterializeProjection { .. }
            | Alter::ClearProjection { .. }
            | Alter::DropIndex { .. }
            | Alter::DropForeignKey { .. }
            | Alter::RenameConstraint { .. }
            | Alter::ValidateConstraint { .. }
            | Alter::ReplicaIdentity { .. }
            | Alter::FreezePartition { .. }
            | Alter::UnfreezePartition { .. }
            | Alter::SetLogged
            | Alter::SetUnlogged
            | Alter::OwnerTo { .. }
            | Alter::ClusterBy { .. }
            | Alter::DropClusteringKey
            | Alter::AlterSortKey { .. }
            | Alter::SuspendRecluster
            | Alter::ResumeRecluster
            | Alter::Algorithm { .. }
            | Alter::Lock { .. }
            | Alter::SetOptionsParens { .. }
            | Alter::SetTblProperties { .. }
    )
}

fn clauses(operation: &AlterTableOperation, dialect: Dialect, origin: Origin) -> Vec<Clause> {
    use AlterTableOperation as Alter;
    let text = operation.to_string();
    let of = |name: &Ident, does: ClauseKind| of_column(column(dialect, name), does, &text);
    match operation {
        Alter::AddColumn { column_def, .. } => {
            let mut added = TableSchema::default();
            add_column(&mut added, column_def, dialect, origin);
            let columns = std::mem::take(&mut added.columns);
            let text = format!("ADD COLUMN {} {}", column_def.name, column_def.data_type);
            let adds = |added| of_column(column(dialect, &column_def.name), ClauseKind::Adds(added), &text);
            columns.into_iter().map(adds).chain(added.clauses).collect()
        }
        Alter::DropColumn { column_names, .. } => column_names.iter().map(|name| of(name, ClauseKind::Drops)).collect(),
        Alter::RenameColumn { old_column_name, new_column_name } => {
            vec![of(old_column_name, ClauseKind::Renames(column(dialect, new_column_name)))]
        }
        Alter::AlterColumn { column_name, op: AlterColumnOperation::SetDataType { data_type, using, .. } } => {
            let retypes = of(column_name, ClauseKind::Retypes(spelled(&data_type.to_string())));
            // What is already there is computed anew.
            let fills = using.as_ref().filter(|using| !is_cast_of(using)).map(|_| of(column_name, ClauseKind::Fills));
            std::iter::once(retypes).chain(fills).collect()
        }
        Alter::AlterColumn { column_name, op } => vec![of(
            column_name,
            match op {
                AlterColumnOperation::SetNotNull => ClauseKind::Nulls(Nullability::NotNull),
                AlterColumnOperation::DropNotNull => ClauseKind::Nulls(Nullability::Nullable),
                _ => ClauseKind::Fills,
            },
        )],
        Alter::ModifyColumn { col_name, data_type, options, .. } => {
            let name = column(dialect, col_name);
            told_anew(&name, &spelled(&data_type.to_string()), options, &text)
        }
        Alter::ChangeColumn { old_name, new_name, data_type, options, .. } => {
            let (old, new) = (column(dialect, old_name), column(dialect, new_name));
            let renames = (old != new).then(|| of(old_name, ClauseKind::Renames(new.clone())));
            let told = told_anew(&new, &spelled(&data_type.to_string()), options, &text);
            renames.into_iter().chain(told).collect()
        }
        Alter::DropConstraint { .. } | Alter::DropPrimaryKey { .. } => {
            vec![Clause { does: ClauseKind::Unkeys, ..of_table(&text) }]
        }
        _ => vec![of_table(&text)],
    }
}

/// `USING a::integer` is what would be done without it.
const fn is_cast_of(using: &Expr) -> bool {
    matches!(using, Expr::Cast { expr, .. } if matches!(**expr, Expr::Identifier(_)))
}

/// A column of which everything is said again, as MySQL has it.
fn told_anew(name: &ColumnName, data_type: &str, options: &[ColumnOption], text: &str) -> Vec<Clause> {
    let is_never_null = options.iter().any(|option| matches!(option, ColumnOption::NotNull));
    let nullability = if is_never_null { Nullability::NotNull } else { Nullability::Nullable };
    let said = [ClauseKind::Retypes(data_type.to_owned()), ClauseKind::Nulls(nullability)];
    let said = said.into_iter().map(|does| of_column(name.clone(), does, text));
    let others = options.iter().filter(|option| fills(option));
    let others = others.map(|option| of_column(name.clone(), ClauseKind::Fills, &option.to_string()));
    said.chain(others).collect()
}
