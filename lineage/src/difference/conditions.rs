//! WHERE, HAVING, QUALIFY and the conditions of inner joins: which of them have come, gone, or become
//! weaker or stronger. It must not know how rows are joined.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Comparer;
use super::delta::{Because, Evidence, Rows};
use super::implies::all_imply;
use super::side::Side;
use super::stage::Stage;
use crate::canonical::term::{SubqueryKind, Term, TermId};
use crate::canonical::terms::Terms;

impl Comparer<'_> {
    /// What follows for the rows from conditions that are no longer the same. Returns those that base
    /// has and that do not hold of all rows of head.
    pub(super) fn conditions(
        &mut self,
        base: &Side<'_>,
        head: &Side<'_>,
        before: &[TermId],
        after: &[TermId],
        stage: &mut Stage,
    ) -> Vec<TermId> {
        let terms = &*self.terms;
        let (old, new): (BTreeSet<TermId>, BTreeSet<TermId>) =
            (before.iter().copied().collect(), after.iter().copied().collect());
        let mut found: Vec<(Rows, Because)> = Vec::new();
        for condition in old.intersection(&new) {
            if let Some(why) = stage.unstable(terms, *condition) {
                let why = through_condition(terms, head, *condition, &why);
                found.extend([(Rows::Added, Arc::clone(&why)), (Rows::Removed, why)]);
            }
        }
        let gone: Vec<TermId> = before.iter().filter(|condition| !new.contains(condition)).copied().collect();
        let come: Vec<TermId> = after.iter().filter(|condition| !old.contains(condition)).copied().collect();
        let mut pairs = partners(terms, &gone, &come);
        let mut weaker = Vec::new();
        for condition in &gone {
            let unstable = stage.unstable(self.terms, *condition);
            if unstable.is_some() || !self.follows(after, *condition) {
                weaker.push(*condition);
                let partner = pairs.iter().find(|(old, _)| old == condition).map(|(_, new)| *new);
                found.push((Rows::Added, self.dropped(base, head, *condition, partner)));
                if let Some(why) = unstable {
                    found.push((Rows::Removed, through_condition(self.terms, base, *condition, &why)));
                }
            }
        }
        pairs.iter_mut().for_each(|pair| std::mem::swap(&mut pair.0, &mut pair.1));
        for condition in &come {
            let unstable = stage.unstable(self.terms, *condition);
            if unstable.is_some() || !self.follows(before, *condition) {
                let partner = pairs.iter().find(|(new, _)| new == condition).map(|(_, old)| *old);
                found.push((Rows::Removed, self.added(base, head, *condition, partner)));
                if let Some(why) = unstable {
                    found.push((Rows::Added, through_condition(self.terms, head, *condition, &why)));
                }
            }
        }
        for (rows, why) in found {
            stage.say(rows, &why);
        }
        weaker
    }

    /// Whether a condition is true wherever some others are; so is that a subquery has rows if there are
    /// at least those of another.
    fn follows(&mut self, premises: &[TermId], condition: TermId) -> bool {
        if all_imply(self.terms, premises, condition) {
            return true;
        }
        let of = |terms: &Terms, term: TermId| match terms.term(term) {
            Term::Subquery(SubqueryKind::Exists, _, plan) => Some((*plan, true)),
            Term::Apply(..) => match terms.args_of(term, "not") {
                Some([inner]) => match terms.term(*inner) {
                    Term::Subquery(SubqueryKind::Exists, _, plan) => Some((*plan, false)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        let Some((wanted, positive)) = of(self.terms, condition) else { return false };
        let known: Vec<_> = premises
            .iter()
            .filter_map(|premise| of(self.terms, *premise))
            .filter(|(_, found)| *found == positive)
            .map(|(plan, _)| plan)
            .collect();
        known.into_iter().any(|plan| {
            let delta = if positive { self.plans(plan, wanted, None) } else { self.plans(wanted, plan, None) };
            delta.anything.is_none() && !delta.has(Rows::Removed)
        })
    }

    /// A condition of base that does not hold of all rows of head.
    fn dropped(&self, base: &Side<'_>, head: &Side<'_>, condition: TermId, partner: Option<TermId>) -> Because {
        let text = base.text(self.terms, condition);
        let now = partner.map(|partner| head.text(self.terms, partner));
        let detail = match &now {
            Some(now) => format!("the condition changed from `{text}` to `{now}`"),
            None => format!("`{text}` no longer filters rows"),
        };
        Arc::new(Evidence {
            detail,
            before: Some(text),
            after: now,
            base_position: base.position(self.terms, condition),
            head_position: partner.and_then(|partner| head.position(self.terms, partner)),
        })
    }

    /// A condition of head that does not hold of all rows of base.
    fn added(&self, base: &Side<'_>, head: &Side<'_>, condition: TermId, partner: Option<TermId>) -> Because {
        let text = head.text(self.terms, condition);
        let then = partner.map(|partner| base.text(self.terms, partner));
        let detail = match &then {
            Some(then) => format!("the condition changed from `{then}` to `{text}`"),
            None => format!("`{text}` filters rows now"),
        };
        Arc::new(Evidence {
            detail,
            before: then,
            after: Some(text),
            base_position: partner.and_then(|partner| base.position(self.terms, partner)),
            head_position: head.position(self.terms, condition),
        })
    }
}

/// A condition that is the same and looks at what is not.
fn through_condition(terms: &Terms, side: &Side<'_>, condition: TermId, why: &Because) -> Because {
    let text = side.text(terms, condition);
    Arc::new(Evidence {
        detail: format!("`{text}` decides on rows by what differs: {}", why.detail),
        ..(**why).clone()
    })
}

/// Conditions of both sides that are about the same columns: one has become the other.
fn partners(terms: &Terms, gone: &[TermId], come: &[TermId]) -> Vec<(TermId, TermId)> {
    let mut left: Vec<TermId> = come.to_vec();
    let mut found = Vec::new();
    for old in gone {
        let columns = terms.columns_of(*old);
        if columns.is_empty() {
            continue;
        }
        if let Some(place) = left.iter().position(|new| terms.columns_of(*new) == columns) {
            found.push((*old, left.remove(place)));
        }
    }
    found
}
