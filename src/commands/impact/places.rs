//! Where in its files a change stands that reaches jobs.

use headsup_lineage::change::ChangeKind;
use headsup_lineage::reach::Reach;

use crate::git::hunks::{Hunk, hunks};
use crate::git::{Comparison, Version};
use crate::headsup::{Impact, concerning};
use crate::places::{Arriving, Differing, Place, places};
use crate::report::{ChangeEntry, JobEntry};

/// Says of each change that reaches jobs where it stands.
pub(super) fn add(changes: &mut [ChangeEntry], impacts: &[Impact], sides: &Comparison) {
    for change in changes {
        let mut reached: Vec<&JobEntry> =
            impacts.iter().map(|impact| &impact.job).filter(|job| is_reached(job, change)).collect();
        if reached.is_empty() {
            continue;
        }
        reached.sort_by(|a, b| (b.criticality, b.reach, &a.job).cmp(&(a.criticality, a.reach, &b.job)));
        let arriving: Vec<Arriving<'_>> =
            reached.iter().map(|job| Arriving { job: &job.job, effects: concerning(job, &change.effects) }).collect();
        let files: Vec<Differing> = change.files.iter().map(|file| differing(file, sides)).collect();
        change.places = places(&arriving, &files);
        if change.kind == ChangeKind::Removed {
            change.places.iter_mut().for_each(|place| place.says = "it is gone".to_owned());
        }
        if let Some(why) = &change.reason {
            change.places.truncate(1);
            let says = format!("cannot tell: {why}");
            let jobs = reached.iter().map(|job| job.job.clone());
            change.places.iter_mut().for_each(|place| {
                *place = Place { says: says.clone(), jobs: jobs.clone().collect(), ..place.clone() };
            });
        }
    }
}

/// The longest text whose lines are compared; files of data can be longer.
const LONGEST: usize = 1 << 20;

/// Whether the way to a job that somebody may care for begins at a change.
fn is_reached(job: &JobEntry, change: &ChangeEntry) -> bool {
    let start = job.path.as_ref().and_then(|path| path.first());
    job.reach > Reach::NotReached && !job.is_nobodys_metric() && start == Some(&change.relation)
}

/// What differs in a file; nothing where it is no text.
fn differing(file: &str, sides: &Comparison) -> Differing {
    let id = |version: &Version| version.snapshot.id(file);
    let text = |version: &Version| version.snapshot.text(file).ok();
    let hunks = match (text(&sides.base), text(&sides.head)) {
        _ if id(&sides.base) == id(&sides.head) => Vec::new(),
        (Some(before), Some(after)) if before.len().max(after.len()) > LONGEST => first(&before, &after),
        (Some(before), Some(after)) => hunks(&before, &after),
        (None, Some(after)) if id(&sides.base).is_none() => hunks("", &after),
        _ => Vec::new(),
    };
    Differing { file: file.to_owned(), hunks }
}

/// The first line that differs.
fn first(before: &str, after: &str) -> Vec<Hunk> {
    let same = before.lines().zip(after.lines()).take_while(|(before, after)| before == after).count();
    vec![Hunk { line: u32::try_from(same + 1).unwrap_or(u32::MAX), added: vec![String::new()], removed: Vec::new() }]
}
