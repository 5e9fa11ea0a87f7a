//! What of a template decides what it renders to elsewhere, and whether two versions of it agree in
//! that. It must not know how templates are written.

use std::ops::Range;
use std::sync::Arc;

use crate::dialect::Dialect;

/// The parts of a template that ask where or with what they run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// What counts as a whole, such as the macros that ask.
    pub whole: Arc<str>,
    /// The parts of the template that ask, in order.
    pub parts: Vec<Arc<str>>,
    /// How many words of the rest stand before each of them.
    pub places: Vec<usize>,
    /// The words of the rest, which says the same wherever it is rendered.
    pub rest: Vec<Arc<str>>,
    /// The names that the parts share with the rest.
    pub shared: Arc<str>,
    /// What asks for nothing but the columns of tables.
    pub columns: Arc<str>,
    /// Whether these were known when it was rendered.
    pub answers: Answers,
    /// What counts and is not rendered at all, such as the macros of hooks.
    pub apart: Arc<str>,
    /// What it renders to elsewhere, if all that it asks can be answered in each way.
    pub elsewhere: Vec<Under>,
    /// The files that what it renders to elsewhere may depend on.
    pub files: Arc<[Arc<str>]>,
}

/// Whether what a template asks for is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// It is: what was rendered has it.
    Known,
    /// It is not.
    #[default]
    Unknown,
}

/// For which types of warehouse a condition may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Types {
    /// For that which is known.
    Known,
    /// For others only, whose dialect is this.
    Other(Dialect),
}

/// What a template renders to under a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Under {
    /// Which: `target.name = 'ci'`.
    pub when: Arc<str>,
    /// Whether the warehouse that is known can be meant.
    pub types: Types,
    /// One text for each variant that can run.
    pub texts: Vec<Arc<str>>,
}

/// What a version renders to here, and what of it depends on where.
pub type Renderings<'c> = (&'c [Arc<str>], Option<&'c Conditions>);

/// The renderings of both versions elsewhere, pair by pair, each with where that is. A version that asks for nothing says the
/// same everywhere.
pub fn elsewhere<'c>(
    base: Renderings<'c>,
    head: Renderings<'c>,
) -> impl Iterator<Item = (&'c Under, &'c [Arc<str>], &'c [Arc<str>])> {
    let asking = |(_, conditions): Renderings<'c>| conditions.filter(|conditions| conditions.asks());
    let texts = move |side: Renderings<'c>, place: usize| match asking(side) {
        None => Some(side.0),
        Some(conditions) => conditions.elsewhere.get(place).map(|under| &*under.texts),
    };
    let whens = asking(base).or_else(|| asking(head)).map_or(&[][..], |conditions| &conditions.elsewhere);
    let pairs = whens.iter().enumerate();
    pairs.filter_map(move |(place, under)| Some((under, texts(base, place)?, texts(head, place)?)))
}

/// Rests of which more than so many pairs of words differ are not put side by side.
const MOST_PAIRS: usize = 4_000_000;

/// So many words on either side of a part may make one thing with it.
const AROUND: usize = 8;

/// How far two versions of a template agree in what they render to elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// What differs between them shows in what they render to here.
    Same,
    /// As far as what they render to elsewhere is the same.
    Rendered,
    /// They do not, or it cannot be told.
    Apart,
}

/// How far two versions agree elsewhere.
#[must_use]
pub fn agreement(base: Option<&Conditions>, head: Option<&Conditions>) -> Agreement {
    let nothing = Conditions { answers: Answers::Known, ..Conditions::default() };
    let (old, new) = (base.unwrap_or(&nothing), head.unwrap_or(&nothing));
    let are_answered = (old.answers, new.answers) == (Answers::Known, Answers::Known);
    if old.apart != new.apart || (old.columns != new.columns && !are_answered) {
        return Agreement::Apart;
    }
    if ask_alike(old, new) {
        return Agreement::Same;
    }
    let whens = |side: &'_ Conditions| side.elsewhere.iter().map(|under| Arc::clone(&under.when)).collect::<Vec<_>>();
    // A version that asks for nothing says the same everywhere.
    let is_rendered = match (base.filter(|base| base.asks()), head.filter(|head| head.asks())) {
        (Some(old), Some(new)) => !old.elsewhere.is_empty() && whens(old) == whens(new),
        (Some(one), None) | (None, Some(one)) => !one.elsewhere.is_empty(),
        (None, None) => false,
    };
    if is_rendered { Agreement::Rendered } else { Agreement::Apart }
}

/// Whether the same parts ask in both versions, in the same places.
///
/// What differs in the rest shows in any rendering, and is told by it. What stands between two parts is put side by side, so
/// that a part which has moved has other words beside it. There words may only come or go as members of a list, as
/// columns do, and on one side only: others may make one thing with the part, which is another elsewhere.
fn ask_alike(base: &Conditions, head: &Conditions) -> bool {
    if (&base.whole, &base.parts, &base.shared) != (&head.whole, &head.parts, &head.shared) {
        return false;
    }
    if base.rest == head.rest {
        return base.places == head.places;
    }
    if base.places.len() != head.places.len() {
        return false;
    }
    let (old, new) = (base.stretches(), head.stretches());
    let mut members_before = false;
    let last = old.len() - 1;
    for (index, (old, new)) in old.into_iter().zip(new).enumerate() {
        let Some(pairs) = side_by_side(old, new) else { return false };
        let mut near_start = false;
        let mut near_end = false;
        for (was, is) in gaps(&pairs, old.len(), new.len()) {
            if was.is_empty() && is.is_empty() {
                continue;
            }
            let starts_near = index > 0 && was.start.min(is.start) < AROUND;
            let ends_near = index < last && (was.end + AROUND > old.len() || is.end + AROUND > new.len());
            if (starts_near || ends_near) && !are_members(&old[was], &new[is]) {
                return false;
            }
            near_start |= starts_near;
            near_end |= ends_near;
        }
        if members_before && near_start {
            return false;
        }
        members_before = near_end;
    }
    true
}

impl Under {
    /// The dialect of the texts where that of the warehouse is known.
    #[must_use]
    pub fn dialect(&self, known: Dialect) -> Dialect {
        match self.types {
            Types::Known => known,
            Types::Other(dialect) => dialect,
        }
    }
}

impl Conditions {
    /// Whether it asks anything, or only has what is not rendered anywhere.
    #[must_use]
    pub fn asks(&self) -> bool {
        !self.files.is_empty()
    }

    /// The texts that it may render to on the warehouse that is known.
    pub fn texts(&self) -> impl Iterator<Item = &Arc<str>> {
        self.elsewhere.iter().filter(|under| under.types == Types::Known).flat_map(|under| &under.texts)
    }

    /// The words before the first part, between two parts each, and behind the last.
    fn stretches(&self) -> Vec<&[Arc<str>]> {
        let mut start = 0;
        let mut stretches = Vec::new();
        for place in &self.places {
            stretches.push(&self.rest[start..*place]);
            start = *place;
        }
        stretches.push(&self.rest[start..]);
        stretches
    }
}

/// What stands between the words that both have, in base and in head.
fn gaps(pairs: &[(usize, usize)], base: usize, head: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let starts = std::iter::once((0, 0)).chain(pairs.iter().map(|(old, new)| (old + 1, new + 1)));
    let ends = pairs.iter().copied().chain(std::iter::once((base, head)));
    starts.zip(ends).map(|((old, new), (old_end, new_end))| (old..old_end, new..new_end))
}

/// Whether words come, or go, with the comma that makes them members of a list.
fn are_members(old: &[Arc<str>], new: &[Arc<str>]) -> bool {
    let has_comma = |words: &[Arc<str>]| {
        words.first().is_some_and(|word| word.starts_with(',')) || words.last().is_some_and(|word| word.ends_with(','))
    };
    match (old, new) {
        ([], []) => true,
        (words, []) | ([], words) => has_comma(words),
        _ => false,
    }
}

/// The words that two texts have in common in the same order, as many as possible, by their places.
fn side_by_side(base: &[Arc<str>], head: &[Arc<str>]) -> Option<Vec<(usize, usize)>> {
    let start = base.iter().zip(head).take_while(|(old, new)| old == new).count();
    let (old, new) = (&base[start..], &head[start..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        return None;
    }
    let mut pairs: Vec<(usize, usize)> = (0..start).map(|place| (place, place)).collect();
    // How long the longest common sequence is from each place on.
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for left in (0..old.len()).rev() {
        for right in (0..new.len()).rev() {
            lengths[left * width + right] = match old[left] == new[right] {
                true => lengths[(left + 1) * width + right + 1] + 1,
                false => lengths[(left + 1) * width + right].max(lengths[left * width + right + 1]),
            };
        }
    }
    let (mut left, mut right) = (0, 0);
    while left < old.len() && right < new.len() {
        if old[left] == new[right] {
            pairs.push((start + left, start + right));
            (left, right) = (left + 1, right + 1);
        } else if lengths[(left + 1) * width + right] >= lengths[left * width + right + 1] {
            left += 1;
        } else {
            right += 1;
        }
    }
    let (before, after) = (base.len() - end, head.len() - end);
    pairs.extend((0..end).map(|place| (before + place, after + place)));
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of words, in which `?` is a part that asks.
    fn conditions(text: &str) -> Conditions {
        let mut conditions = Conditions::default();
        for word in text.split_whitespace() {
            if word == "?" {
                conditions.places.push(conditions.rest.len());
                conditions.parts.push(Arc::from("top 3"));
            } else {
                conditions.rest.push(Arc::from(word));
            }
        }
        conditions
    }

    fn same(base: &str, head: &str) -> bool {
        agreement(Some(&conditions(base)), Some(&conditions(head))) == Agreement::Same
    }

    #[test]
    fn members_of_a_list_may_come_and_go_beside_a_part() {
        assert!(same("select a ? from t", "select a , b ? from t"));
        assert!(same("select a , b ? from t", "select a ? from t"));
        assert!(same("select a ? from t", "select b, a ? from t"));
        assert!(same("x as a ? , y as b from t", "x as a , f(x as y) as c ? , y as b from t"));
        assert!(same("a ? b c ? d", "a ? b , f( x ) c ? d"));
        let far = "b c d e f g h i j";
        assert!(same(&format!("a ? {far} from t"), &format!("a ? {far} from u where v")));
    }

    #[test]
    fn other_words_beside_a_part_may_make_one_thing_with_it() {
        for (base, head) in [
            ("select a ? from t", "select b ? from t"),
            ("select a ? from t", "select a ? from u"),
            ("select a ? from t", "select a ? b from t"),
            ("select a , b ? from t", "select a , c ? from t"),
        ] {
            assert!(!same(base, head), "{base} | {head}");
            assert!(!same(head, base), "{head} | {base}");
        }
    }

    #[test]
    fn a_part_that_stands_elsewhere_is_told() {
        for (base, head) in [
            ("select a ? from t", "select ? a from t"),
            ("x ( select ? a ) y ( select b )", "x ( select a ) y ( select ? b )"),
            ("x ( select ? a ) y ( select b )", "x ( select a ) y ( select ? c )"),
            ("x ( select ? a ) y ( select a )", "x ( select a ) z ( select ? a )"),
            ("select a , b ? from t", "select a ? , b from t"),
            ("a ? b", "a b"),
            ("a ? b", "a ? ? b"),
            ("a b ? c", "a ? b c d"),
        ] {
            assert!(!same(base, head), "{base} | {head}");
            assert!(!same(head, base), "{head} | {base}");
        }
        assert_eq!(agreement(None, Some(&conditions("a ?"))), Agreement::Apart);
        assert_eq!(agreement(None, None), Agreement::Same);
    }
}
