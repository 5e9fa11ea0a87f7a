//! Where in its files a change stands: the changed line that speaks of what changes. It must not know who is
//! reached, nor where the place is shown.

use std::collections::{BTreeMap, BTreeSet};

use headsup_lineage::change::Effect;
use serde::{Deserialize, Serialize};

use crate::git::hunks::Hunk;
use crate::headsup::plainly;

/// The most lines of a change that are looked at.
const MOST_LINES: usize = 5_000;

/// A line, and what changes there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, from the project directory.
    pub file: String,
    /// The line in head.
    pub line: u32,
    /// What changes there, in a phrase.
    pub says: String,
    /// The jobs that this reaches, or may reach, in the order in which they were given.
    pub jobs: Vec<String>,
}

/// A job, and those effects of a change by which it is reached.
#[derive(Debug)]
pub struct Arriving<'j> {
    /// Its name.
    pub job: &'j str,
    /// By what.
    pub effects: Vec<Effect>,
}

/// A file of a relation, and which of its lines differ; none where the file is as before, or gone.
#[derive(Debug)]
pub struct Differing {
    /// The file, from the project directory.
    pub file: String,
    /// What differs in it.
    pub hunks: Vec<Hunk>,
}

/// The places of what reaches jobs, by file and line: for each effect the changed line with most of its words, else
/// the first line that differs. Where nothing in the files differs, the change comes from elsewhere and stands at the
/// top.
#[must_use]
pub fn places(arriving: &[Arriving<'_>], files: &[Differing]) -> Vec<Place> {
    let lines: Vec<Line<'_>> = files.iter().flat_map(lines).take(MOST_LINES).collect();
    // Many jobs hear of the same effect.
    let mut known: BTreeMap<&Effect, Option<(&str, u32)>> = BTreeMap::new();
    let mut found: BTreeMap<(&str, u32), Here> = BTreeMap::new();
    for one in arriving {
        for effect in &one.effects {
            let place = *known.entry(effect).or_insert_with(|| place_of(effect, &lines, files));
            let Some(place) = place else { continue };
            found.entry(place).or_default().add(effect, one.job);
        }
    }
    found.into_iter().map(|((file, line), here)| here.place(file, line)).collect()
}

/// Where an effect stands, if there is any file at all.
fn place_of<'f>(effect: &Effect, lines: &[Line<'f>], files: &'f [Differing]) -> Option<(&'f str, u32)> {
    let words = Words::of(effect);
    let best = lines.iter().map(|line| (words.weight(&line.words), line)).reduce(heavier);
    best.map(|(_, line)| (line.file, line.number)).or_else(|| Some((files.first()?.file.as_str(), 1)))
}

/// What is found at one line.
#[derive(Default)]
struct Here {
    effects: Vec<Effect>,
    jobs: Vec<String>,
}

impl Here {
    fn add(&mut self, effect: &Effect, job: &str) {
        if !self.effects.contains(effect) {
            self.effects.push(effect.clone());
        }
        if !self.jobs.iter().any(|known| known == job) {
            self.jobs.push(job.to_owned());
        }
    }

    fn place(self, file: &str, line: u32) -> Place {
        Place { file: file.to_owned(), line, says: plainly(&self.effects), jobs: self.jobs }
    }
}

/// The first of the heaviest.
fn heavier<'l, 'f>(first: (usize, &'l Line<'f>), next: (usize, &'l Line<'f>)) -> (usize, &'l Line<'f>) {
    if next.0 > first.0 { next } else { first }
}

/// A line that differs; one that is gone stands where it was.
struct Line<'f> {
    file: &'f str,
    number: u32,
    words: BTreeSet<String>,
}

fn lines(differing: &Differing) -> Vec<Line<'_>> {
    let mut all = Vec::new();
    for hunk in &differing.hunks {
        let added = hunk.added.iter().zip(hunk.line..);
        let removed = hunk.removed.iter().map(|text| (text, hunk.line));
        all.extend(added.chain(removed).map(|(text, number)| Line {
            file: &differing.file,
            number,
            words: words(text).collect(),
        }));
    }
    all
}

/// The words of an effect: its column counts for more than what is said of it.
struct Words {
    column: Option<String>,
    said: BTreeSet<String>,
}

impl Words {
    fn of(effect: &Effect) -> Self {
        Self {
            column: effect.column.as_ref().map(|column| column.as_str().to_lowercase()),
            said: words(effect.detail.as_deref().unwrap_or_default()).collect(),
        }
    }

    fn weight(&self, line: &BTreeSet<String>) -> usize {
        const COLUMN: usize = 4;
        let column = self.column.as_ref().is_some_and(|column| line.contains(column));
        self.said.intersection(line).count() + if column { COLUMN } else { 0 }
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.split(move |c| !is_part(c)).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use headsup_lineage::change::EffectKind;
    use headsup_lineage::dialect::Dialect;
    use headsup_lineage::name::{ColumnName, Quoting};

    use super::*;
    use crate::git::hunks::hunks;

    fn shown(effects: &[Effect], before: &str, after: &str) -> String {
        let files = [Differing { file: "a.sql".to_owned(), hunks: hunks(before, after) }];
        let arriving = effects.iter().map(|effect| Arriving { job: "audit", effects: vec![effect.clone()] });
        let shown = |place: &Place| {
            assert_eq!(place.jobs, ["audit"]);
            format!("{}:{} {}", place.file, place.line, place.says)
        };
        places(&arriving.collect::<Vec<_>>(), &files).iter().map(shown).collect::<Vec<_>>().join("\n")
    }

    fn column(kind: EffectKind, name: &str) -> Effect {
        Effect { kind, column: Some(ColumnName::new(Dialect::Postgres, name, Quoting::Bare)), detail: None }
    }

    #[test]
    fn an_effect_stands_where_its_words_do() {
        let before = "-- one\nselect\n  o.id,\n  o.tax,\n  o.amount\nfrom orders as o\nwhere o.ok\n";
        let after = "-- two\nselect\n  o.id,\n  o.amount * 2 as amount\nfrom orders as o\nleft join promotions as p on \
                     p.order_id = o.id\nwhere o.ok\n";
        let join = Effect::on_relation(
            EffectKind::RowsDuplicated,
            "the join to promotions on (order_id) is not on a unique key",
        );
        let effects = [column(EffectKind::Removed, "tax"), join, column(EffectKind::Revalued, "amount")];
        assert_eq!(
            shown(&effects, before, after),
            "a.sql:4 column tax is gone; column amount may differ\n\
             a.sql:6 the join to promotions on (order_id) is not on a unique key"
        );
    }

    #[test]
    fn what_no_line_speaks_of_stands_at_the_first_that_differs_or_at_the_top() {
        let effect = [Effect::on_relation(EffectKind::Config, "materialized: view → table")];
        assert_eq!(shown(&effect, "a\nb\n", "a\nc\n"), "a.sql:2 materialized: view → table");
        assert_eq!(shown(&effect, "a\n", "a\n"), "a.sql:1 materialized: view → table");
        assert_eq!(places(&[Arriving { job: "audit", effects: effect.to_vec() }], &[]), []);
    }
}
