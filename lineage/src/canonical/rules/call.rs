//! Calls: names that mean the same function, aggregates, windows, sort keys.

use super::Outcome;
use crate::canonical::plan::Block;
use crate::canonical::term::{Call, Over, Sort, Term, TermId, Traits};
use crate::canonical::terms::Terms;
use crate::dialect::Dialect;
use crate::functions;
use crate::query::tree::{Direction, NullsAt};

pub(super) fn call(terms: &mut Terms, call: Call) -> TermId {
    let mut call = call;
    if let Some(name) = synonym(terms.text(call.function)) {
        call.function = terms.word(name);
    }
    let name = terms.text(call.function).to_owned();
    if call.is_plain()
        && let Some(found) = super::choice::function(terms, &name, &call.args)
    {
        return found;
    }
    if call.is_plain()
        && let Some(found) = super::constant::function(terms, &name, &call.args)
    {
        return found;
    }
    if let Some(over) = &mut call.over {
        window(terms, &name, over);
    }
    aggregate(terms, &name, &mut call);
    call.order.iter_mut().for_each(|key| nulls(terms.dialect, key));
    terms.keep(Term::Call(Box::new(call)))
}

/// Names that mean the same function wherever both are known.
fn synonym(name: &str) -> Option<&'static str> {
    Some(match name {
        "substr" => "substring",
        "ceiling" => "ceil",
        "pow" => "power",
        "lcase" => "lower",
        "ucase" => "upper",
        "countif" => "count_if",
        "character_length" => "char_length",
        "every" => "bool_and",
        "logical_and" | "booland_agg" => "bool_and",
        "logical_or" | "boolor_agg" => "bool_or",
        _ => return None,
    })
}

/// Aggregates. DISTINCT is nothing to MIN and MAX; counting what is never NULL is counting rows; the
/// FILTER of an aggregate that passes over NULL is a CASE, and counting such a CASE is a FILTER.
fn aggregate(terms: &mut Terms, name: &str, call: &mut Call) {
    if matches!(name, "min" | "max" | "bool_and" | "bool_or") && call.args.len() == 1 {
        call.distinct = false;
    }
    if matches!(name, "min" | "max" | "sum" | "count" | "avg") && call.args.len() == 1 {
        // The order in which these see their rows does not matter; a sum of floats aside, which no
        // engine promises.
        call.order.clear();
    }
    let plain = call.order.is_empty() && call.modifiers.is_none() && call.modifier_args.is_empty();
    if name == "count_if" && call.args.len() == 1 && !call.distinct && plain && call.filter.is_none() {
        let condition = super::filter::only_true(terms, call.args[0]);
        call.function = terms.word("count");
        call.args.clear();
        call.filter = Some(condition);
        return;
    }
    if name == "count" && !call.distinct && plain && call.args.len() == 1 {
        let arg = call.args[0];
        if terms.is_never_null(arg) {
            call.args.clear();
        } else if let Term::Case(branches, otherwise) = terms.term(arg)
            && let [(when, then)] = branches.as_slice()
            && call.filter.is_none()
        {
            let (when, then, otherwise) = (*when, *then, *otherwise);
            if terms.is_null(otherwise) && terms.is_never_null(then) {
                call.args.clear();
                call.filter = Some(when);
            }
        }
    }
    if let Some(filter) = call.filter {
        let filter = super::filter::only_true(terms, filter);
        call.filter = Some(filter);
        if matches!(name, "min" | "max" | "sum" | "count" | "avg") && plain && call.args.len() == 1 {
            let null = terms.null();
            call.args[0] = terms.make(Term::Case(vec![(filter, call.args[0])], null));
            call.filter = None;
        }
        if terms.truth_of(filter) == Some(true) {
            call.filter = None;
        }
    }
}

/// A window: the partition is a set without constants; a sort key that stands in the partition, or a
/// second time, sorts nothing; a frame that is what there is without one goes.
fn window(terms: &mut Terms, name: &str, over: &mut Over) {
    over.partition.retain(|term| terms.constant(*term).is_none());
    over.partition.sort_unstable();
    over.partition.dedup();
    let mut seen: crate::hashing::HashSet<TermId> = over.partition.iter().copied().collect();
    let moves = |terms: &Terms, term: TermId| terms.has(term, Traits::VOLATILE.and(Traits::UNKNOWN));
    let had_order = !over.order.is_empty();
    let kept: Vec<Sort> =
        over.order.iter().filter(|key| moves(terms, key.term) || seen.insert(key.term)).copied().collect();
    // A frame counts from the keys, and without any there is another frame.
    if over.frame.is_none() && (!kept.is_empty() || !had_order || is_rank(name)) {
        over.order = kept;
    }
    over.order.iter_mut().for_each(|key| nulls(terms.dialect, key));
    let Some(frame) = over.frame.filter(|_| over.frame_args.is_empty()) else { return };
    let frame = terms.text(frame);
    let is_default = match over.order.is_empty() {
        false => matches!(frame, "range between unbounded preceding and current row" | "range unbounded preceding"),
        true => matches!(
            frame,
            "range between unbounded preceding and unbounded following"
                | "rows between unbounded preceding and unbounded following"
        ),
    };
    if is_default || is_rank(name) {
        over.frame = None;
    }
}

/// Whether a window function does not look at the frame.
fn is_rank(name: &str) -> bool {
    matches!(name, "row_number" | "rank" | "dense_rank" | "percent_rank" | "cume_dist" | "ntile" | "lag" | "lead")
}

/// Where NULLs go is left out if it is where the dialect puts them.
pub(super) fn nulls(dialect: Dialect, key: &mut Sort) {
    let ascending = key.direction == Direction::Ascending;
    let usual = match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake => {
            if ascending {
                NullsAt::Last
            } else {
                NullsAt::First
            }
        }
        Dialect::BigQuery | Dialect::Databricks | Dialect::MySql | Dialect::TSql => {
            if ascending {
                NullsAt::First
            } else {
                NullsAt::Last
            }
        }
        Dialect::Trino | Dialect::ClickHouse => NullsAt::Last,
        // DuckDB can be told, and of an unknown dialect it is not known.
        Dialect::DuckDb | Dialect::Ansi => return,
    };
    if key.nulls == Some(usual) {
        key.nulls = None;
    }
}

/// Whether an aggregate gives the same whether rows are there once or many times.
pub(in crate::canonical) fn ignores_duplicates(terms: &Terms, term: TermId) -> bool {
    let Term::Call(call) = terms.term(term) else { return false };
    let name = terms.text(call.function);
    call.over.is_none()
        && call.modifiers.is_none()
        && (matches!(name, "min" | "max" | "bool_and" | "bool_or")
            || (call.distinct && matches!(name, "count" | "sum" | "avg")))
        && functions::is_aggregate(name)
}

/// The order that a LIMIT keeps to says where NULLs go only where that is unusual, and sorts by each key once.
pub(super) fn sort_keys(terms: &mut Terms, block: &mut Block) -> Outcome {
    let mut seen = crate::hashing::HashSet::default();
    let mut order = block.order.clone();
    order.retain(|key| {
        terms.constant(key.term).is_none() && (terms.has(key.term, Traits::VOLATILE) || seen.insert(key.term))
    });
    order.iter_mut().for_each(|key| nulls(terms.dialect, key));
    if order == block.order {
        return Outcome::Unchanged;
    }
    block.order = order;
    Outcome::Changed
}
