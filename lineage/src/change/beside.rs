//! What becomes of a relation that one more text writes than before, or one less, where that text is a single INSERT,
//! UPDATE, DELETE or MERGE: the columns that it sets and the rows that it adds or takes out. It must not know who runs
//! the text.

use std::sync::Arc;

use crate::parse::parse;
use crate::query::{Action, Output, Reading, Script, StatementKind};
use crate::relation::{Body, Writer};

use super::script::resolves_conflicts;
use super::{Bodies, Effect, EffectKind};

/// Which of two versions a writer is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    Base,
    Head,
}

/// What writers do that only one version has, of all that it has.
pub(super) fn compare(some: &[&Writer], all: &[Writer], only: Only) -> Bodies {
    let [writer, more @ ..] = some else { return Bodies::Same("the same files fill it") };
    let others: Vec<&Writer> = all.iter().filter(|other| !std::ptr::eq(*other, *writer)).collect();
    let found = if more.is_empty() { effects(writer, &others, only) } else { None };
    let what = if only == Only::Head { "fills it too now" } else { "fills it no longer" };
    found.map_or_else(|| Bodies::Differ(format!("{} {what}", writer.path)), Bodies::Effects)
}

/// What a writer does that only one version has, beside others that both have; `None` where that cannot be told from
/// what it says.
fn effects(writer: &Writer, others: &[&Writer], only: Only) -> Option<Vec<Effect>> {
    let script = single(writer)?;
    let [statement] = script.statements.as_slice() else { return None };
    let [target] = statement.targets.as_slice() else { return None };
    let writes = matches!(statement.kind, StatementKind::Fill | StatementKind::Empty);
    if !writes || statement.incomplete.is_some() || others.is_empty() {
        return None;
    }
    // Who looks at what the table holds makes other things of it now.
    let looks = |other: &&Writer| {
        scripts(other).is_none_or(|scripts| {
            let statements = scripts.iter().flat_map(|script| &script.statements);
            statements.flat_map(|statement| &statement.reads).any(|read| read.name.table_key() == target.table_key())
        })
    };
    if others.iter().any(looks) {
        return None;
    }
    let queries = statement.queries.as_deref()?;
    let mut effects = Vec::new();
    for output in queries.outputs.iter().filter(|output| output.action != Action::Return) {
        if output.target.as_ref() != Some(target) {
            return None;
        }
        effects.extend(of_output(output, &writer.path, only)?);
    }
    effects.sort();
    effects.dedup();
    (!effects.is_empty()).then_some(effects)
}

fn of_output(output: &Output, path: &Arc<str>, only: Only) -> Option<Vec<Effect>> {
    let rows = |kind: EffectKind, what: &str| Effect::on_relation(kind, format!("{path} {what}"));
    Some(match (output.action, only) {
        (Action::Update, _) if !output.columns.is_empty() => {
            let what = if only == Only::Head { "sets it too now" } else { "sets it no longer" };
            let is_variable = output.columns.iter().any(|column| column.as_str().starts_with('@'));
            let revalued = |column| Effect::on_column(EffectKind::Revalued, column, format!("{path} {what}"));
            if is_variable {
                return None;
            }
            output.columns.iter().map(revalued).collect()
        }
        (Action::Delete, Only::Head) => vec![rows(EffectKind::RowsRemoved, "deletes rows of it now")],
        (Action::Delete, Only::Base) => vec![rows(EffectKind::RowsAdded, "deletes rows of it no longer")],
        (Action::Append, Only::Head) => vec![
            rows(EffectKind::RowsAdded, "adds rows to it too now"),
            rows(EffectKind::RowsDuplicated, "adds rows to it too now, and nothing says that they are others"),
        ],
        (Action::Append, Only::Base) => vec![rows(EffectKind::RowsRemoved, "adds rows to it no longer")],
        (Action::Update | Action::Replace | Action::Return, _) => return None,
    })
}

/// The statements of a writer that says the same wherever it runs.
fn single(writer: &Writer) -> Option<Script> {
    match &writer.body {
        Body::Sql { dialect, variants, conditions: None } => match variants.as_slice() {
            [text] if !resolves_conflicts(text, *dialect) => {
                Some(parse(text, *dialect)).filter(|script| script.reading == Reading::Parsed)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The statements of all texts of a writer, where these are known.
fn scripts(writer: &Writer) -> Option<Vec<Script>> {
    match &writer.body {
        Body::Sql { dialect, variants, conditions } => {
            let elsewhere = conditions.iter().flat_map(|conditions| &conditions.elsewhere);
            let elsewhere = elsewhere.flat_map(|under| &under.texts);
            Some(variants.iter().chain(elsewhere).map(|text| parse(text, *dialect)).collect())
        }
        Body::Data { .. } => Some(Vec::new()),
        Body::Template { .. } | Body::Opaque { .. } => None,
    }
}
