//! What differs about what DDL says of a table beside its columns and keys, and about how it is altered.

use std::collections::BTreeSet;

use crate::name::ColumnName;
use crate::query::{Clause, ClauseKind};
use crate::relation::Relation;

use super::{Effect, EffectKind};

/// What the clauses do that one version alone has: an ALTER TABLE that comes, or a default that is another one.
pub(super) fn clause_effects(before: &Relation, after: &Relation) -> Vec<Effect> {
    let (old, new) = (&before.schema.clauses, &after.schema.clauses);
    let (gone, come) = (only_in(old, new), only_in(new, old));
    // What a column holds that comes or goes is said with that.
    let comes = |clause: &&&Clause| matches!(clause.does, ClauseKind::Adds(_));
    let added: BTreeSet<&ColumnName> =
        gone.iter().chain(&come).filter(comes).filter_map(|clause| clause.column.as_ref()).collect();
    let counts = |clause: &&Clause| {
        clause.does != ClauseKind::Fills || clause.column.as_ref().is_none_or(|column| !added.contains(column))
    };
    let gone = gone.iter().copied().filter(counts).map(|clause| (clause, Is::Gone));
    let come = come.iter().copied().filter(counts).map(|clause| (clause, Is::New));
    gone.chain(come).flat_map(|(clause, is)| effects_of(clause, is)).collect()
}

/// What is told of a table that nobody fills and that base does not know, where it is only altered or restricted: who
/// read it before knew it by its name.
pub(super) fn of_new(relation: &Relation) -> Vec<Effect> {
    let is_only_altered = relation.writers.is_empty() && relation.schema.columns.is_empty();
    let clauses = relation.schema.clauses.iter().filter(|_| is_only_altered);
    clauses.flat_map(|clause| effects_of(clause, Is::New)).collect()
}

/// In which version a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    New,
    Gone,
}

/// The clauses of one list that another one lacks, each as often as it does.
fn only_in<'c>(clauses: &'c [Clause], others: &[Clause]) -> Vec<&'c Clause> {
    let mut others: Vec<&Clause> = others.iter().collect();
    let is_left = |clause: &&Clause| match others.iter().position(|other| other == clause) {
        Some(place) => {
            others.swap_remove(place);
            false
        }
        None => true,
    };
    clauses.iter().filter(is_left).collect()
}

fn effects_of(clause: &Clause, is: Is) -> Vec<Effect> {
    let detail = match is {
        Is::New => format!("its DDL says `{}` now", clause.text),
        Is::Gone => format!("its DDL no longer says `{}`", clause.text),
    };
    let on = |kind: EffectKind, name: &ColumnName| Effect::on_column(kind, name, detail.clone());
    // What was undone is there again.
    let or = |new: EffectKind, gone: EffectKind| if is == Is::New { new } else { gone };
    match (&clause.does, &clause.column) {
        (ClauseKind::Adds(column), _) => vec![on(or(EffectKind::Added, EffectKind::Removed), &column.name)],
        (ClauseKind::Drops, Some(column)) => vec![on(or(EffectKind::Removed, EffectKind::Added), column)],
        (ClauseKind::Renames(to), Some(column)) => vec![
            on(or(EffectKind::Removed, EffectKind::Added), column),
            on(or(EffectKind::Added, EffectKind::Removed), to),
        ],
        (ClauseKind::Retypes(_), Some(column)) => vec![on(EffectKind::Retyped, column)],
        (ClauseKind::Fills | ClauseKind::Nulls(_), Some(column)) => vec![on(EffectKind::Revalued, column)],
        // Keys that went are seen by what is left of them.
        (ClauseKind::Unkeys, _) => Vec::new(),
        (ClauseKind::Other, _) | (_, None) => vec![Effect::on_relation(EffectKind::Unspecified, detail)],
    }
}
