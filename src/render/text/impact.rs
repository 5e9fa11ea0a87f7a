//! `headsup impact` for a person.

use std::collections::{BTreeMap, BTreeSet};

use headsup_lineage::diagnostic::Severity;
use headsup_lineage::name::RelationName;
use headsup_lineage::reach::Reach;
use headsup_lineage::relation::Rung;

use super::{Detail, JOINER, Mark, Page, Sheet, count, list};
use crate::audience::Hold;
use crate::headsup::{HeadsUp, happens};
use crate::project::Criticality;
use crate::render::words::{how, together};
use crate::render::{Report, annotations, markdown};
use crate::report::{Changed, Coverage, ImpactReport, JobEntry, Nearness, UnchangedEntry};

impl Report for ImpactReport {
    fn text(&self, page: &Page) -> String {
        let mut sheet = Sheet::new(page);
        headline(&mut sheet, self);
        changes(&mut sheet, self);
        jobs(&mut sheet, self);
        if self.jobs.is_empty() {
            without_jobs(&mut sheet, self);
        } else if self.jobs.iter().all(JobEntry::is_nobodys_metric) {
            nobody_to_tell(&mut sheet, "Nobody is known who is to be told.");
        }
        if page.detail == Detail::Full {
            messages(&mut sheet, &self.headsups);
        }
        if page.detail >= Detail::Normal {
            how_it_is_known(&mut sheet, self);
        }
        sheet.finish()
    }

    fn markdown(&self) -> String {
        markdown::impact(self)
    }

    fn annotations(&self) -> Option<String> {
        Some(annotations::impact(self))
    }
}

fn headline(sheet: &mut Sheet<'_>, report: &ImpactReport) {
    let files = count(report.files_changed, "file differs", "files differ");
    let number = |what: Changed| report.changes.iter().filter(|change| change.what == what).count();
    let (tables, definitions) = (number(Changed::Table), number(Changed::Definition));
    let tables_changed = || count(tables, "table changed", "tables changed");
    let definitions_changed = || count(definitions, "definition changed", "definitions changed");
    let changed = match (tables, definitions) {
        (0, 0) => "no table changed".to_owned(),
        (_, 0) => tables_changed(),
        (0, _) => definitions_changed(),
        (..) => format!("{}, {}", tables_changed(), definitions_changed()),
    };
    let rest = format!(" → {}: {files}, {changed}", report.base);
    sheet.line(&[(Some(Mark::Strong), &report.head), (None, &rest)]);
}

fn changes(sheet: &mut Sheet<'_>, report: &ImpactReport) {
    const MOST: usize = 12;
    if report.changes.is_empty() && report.unchanged.is_empty() {
        return;
    }
    sheet.blank();
    let most = if sheet.page.detail == Detail::Full { usize::MAX } else { MOST };
    let detail = sheet.page.detail;
    // Somebody who wants all sees each table with its files.
    let changed = match detail {
        Detail::Full => report.changes.iter().map(|change| (how(change), vec![change])).collect(),
        _ => together(&report.changes, how),
    };
    let rows: Vec<Vec<String>> = changed
        .iter()
        .take(most)
        .map(|(how, changes)| match changes.as_slice() {
            [change] if detail == Detail::Full && !change.files.is_empty() => {
                vec![change.relation.to_string(), format!("{how} ({})", list(&change.files, 3))]
            }
            [change] => vec![change.relation.to_string(), how.clone()],
            changes => {
                vec![count(changes.len(), "table", "tables"), many(how, changes.iter().map(|one| &one.relation))]
            }
        })
        .collect();
    sheet.table(2, None, &rows);
    if changed.len() > most {
        let left = changed.iter().skip(most).map(|(_, changes)| changes.len()).sum();
        let more = count(left, "table more", "tables more");
        sheet.paragraph(2, &format!("and {more}; -v shows all"));
    }
    if !report.unchanged.is_empty() {
        sheet.blank();
        sheet.line(&[(None, "Touched, and the same as before:")]);
        let same = match detail {
            Detail::Full => report.unchanged.iter().map(|entry| (entry.why.clone(), vec![entry])).collect(),
            _ => together(&report.unchanged, |entry| entry.why.clone()),
        };
        let row = |(why, entries): &(String, Vec<&UnchangedEntry>)| match entries.as_slice() {
            [entry] => vec![entry.relation.to_string(), why.clone()],
            entries => {
                vec![count(entries.len(), "table", "tables"), many(why, entries.iter().map(|one| &one.relation))]
            }
        };
        let rows: Vec<Vec<String>> = same.iter().take(most).map(row).collect();
        sheet.table(2, None, &rows);
        if same.len() > most {
            let left: usize = same.iter().skip(most).map(|(_, entries)| entries.len()).sum();
            sheet.paragraph(2, &format!("and {left} more; -v shows all"));
        }
    }
}

/// What is said of many tables, and the first of them.
fn many<'a>(said: &str, names: impl Iterator<Item = &'a RelationName>) -> String {
    format!("{said}: {}", list(&names.collect::<Vec<_>>(), 3))
}

fn jobs(sheet: &mut Sheet<'_>, report: &ImpactReport) {
    let is_folded = |job: &JobEntry| sheet.page.detail < Detail::Full && job.is_nobodys_metric();
    let (folded, shown): (Vec<&JobEntry>, Vec<&JobEntry>) = report.jobs.iter().partition(|job| is_folded(job));
    let mut reached: Vec<&JobEntry> = shown.iter().filter(|job| job.reach == Reach::Reached).copied().collect();
    reached.sort_by(|a, b| (b.criticality, &a.job).cmp(&(a.criticality, &b.job)));
    for job in reached {
        sheet.blank();
        reached_job(sheet, job, report, Steps::Shown);
    }
    unknown_jobs(sheet, &shown, report);
    folded_jobs(sheet, &folded);
    // Those that somebody is waiting for come first.
    let spared: Vec<&JobEntry> = shown.into_iter().chain(folded).filter(|job| job.reach == Reach::NotReached).collect();
    if spared.is_empty() {
        return;
    }
    sheet.blank();
    let told: Vec<&HeadsUp> = report.headsups.iter().filter(|headsup| is_about(headsup, &spared)).collect();
    if report.changes.is_empty() {
        if told.is_empty() {
            sheet.line(&[(Some(Mark::Calm), "Nobody needs to know.")]);
        }
        let none = match spared.len() {
            1 => "The job is not reached.".to_owned(),
            number => format!("None of the {number} jobs is reached."),
        };
        sheet.paragraph(0, &none);
    } else {
        let most = if sheet.page.detail == Detail::Full { usize::MAX } else { 8 };
        let heading = format!("Not reached: {}: ", count(spared.len(), "job", "jobs"));
        let names: Vec<&str> = spared.iter().map(|job| job.job.as_str()).collect();
        sheet.hanging(&heading, 2, &format!("{}.", list(&names, most)));
        // Why those are spared that one would look for.
        let near: Vec<&JobEntry> =
            spared.iter().filter(|job| job.nearness == Nearness::Upstream && !is_folded(job)).copied().collect();
        let shown = match sheet.page.detail {
            Detail::Full => near.len(),
            Detail::Normal => near.len().min(3),
            Detail::Findings => 0,
        };
        for job in &near[..shown] {
            let cut = job.cut.as_deref().unwrap_or_default();
            sheet.hanging(&format!("  {}: ", job.job), 4, &format!("{cut}."));
        }
    }
    for headsup in told {
        let jobs = list(&headsup.jobs, 4);
        sheet.paragraph(
            0,
            &format!("{} is told all the same, as asked: a file upstream of {jobs} differs.", headsup.owner),
        );
    }
}

/// Whether a message speaks of a job that is not reached: its owner wants to hear of more.
fn is_about(headsup: &HeadsUp, spared: &[&JobEntry]) -> bool {
    spared.iter().any(|job| headsup.jobs.contains(&job.job))
}

/// What cannot be told, by the reason, so that one template does not fill a page.
fn unknown_jobs(sheet: &mut Sheet<'_>, jobs: &[&JobEntry], report: &ImpactReport) {
    let mut by_reason: BTreeMap<&str, Vec<&JobEntry>> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.reach == Reach::Unknown) {
        by_reason.entry(job.reason.as_deref().unwrap_or("it cannot be told")).or_default().push(job);
    }
    for (reason, mut jobs) in by_reason {
        jobs.sort_by(|a, b| (b.criticality, &a.job).cmp(&(a.criticality, &b.job)));
        sheet.blank();
        let steps = if jobs.len() > 1 && sheet.page.detail < Detail::Full { Steps::Hidden } else { Steps::Shown };
        for job in jobs {
            reached_job(sheet, job, report, steps);
        }
        sheet.hanging("         ", 9, reason);
    }
}

/// What dbt computes from tables and nobody owns, in a line or two: there is nobody to tell.
fn folded_jobs(sheet: &mut Sheet<'_>, jobs: &[&JobEntry]) {
    for (reach, heading) in [(Reach::Reached, "Reached"), (Reach::Unknown, "Perhaps reached")] {
        let names: Vec<&str> = jobs.iter().filter(|job| job.reach == reach).map(|job| job.job.as_str()).collect();
        if !names.is_empty() {
            sheet.blank();
            sheet.hanging(&format!("{heading}, and nobody owns them: "), 2, &format!("{}.", list(&names, 6)));
        }
    }
}

/// Whether the way from the change to a job is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Steps {
    Shown,
    Hidden,
}

fn reached_job(sheet: &mut Sheet<'_>, job: &JobEntry, report: &ImpactReport, steps: Steps) {
    let (mark, word) = match job.reach {
        Reach::Reached => (Mark::Alarm, "REACHED"),
        Reach::Unknown => (Mark::Doubt, "UNKNOWN"),
        Reach::NotReached => (Mark::Calm, "not reached"),
    };
    let mut facts = Vec::new();
    match job.criticality {
        Criticality::Critical => facts.push("critical".to_owned()),
        Criticality::Important => facts.push("important".to_owned()),
        Criticality::Normal => {}
    }
    facts.extend(whom_to_tell(job, &report.headsups));
    sheet.line(&[
        (Some(mark), word),
        (None, "  "),
        (Some(Mark::Strong), &job.job),
        (None, "  "),
        (Some(Mark::Faint), &facts.join(" · ")),
    ]);
    let way = job.way();
    if steps == Steps::Shown && !way.is_empty() {
        let steps: Vec<String> = way.into_iter().chain([job.job.clone()]).collect();
        sheet.hanging("         ", 11, &steps.join(&format!(" →{JOINER}")));
    }
    let what = happens(&job.effects);
    if job.reach == Reach::Reached && !what.is_empty() {
        sheet.hanging("         ", 11, &format!("{what}."));
    }
    if let Some(hold) = &job.hold {
        held(sheet, hold);
    }
}

/// What holds the change up for a job's sake.
fn held(sheet: &mut Sheet<'_>, hold: &Hold) {
    let text = match &hold.frozen {
        Some(frozen) => {
            let word = if hold.is_frozen() { "FROZEN" } else { "frozen" };
            format!("{word} {}, by {}; {}", frozen.until, frozen.window, hold.sign_off_words())
        }
        None if hold.is_on() => format!("SIGN-OFF needed: {}", hold.sign_off_words()),
        None => hold.sign_off_words(),
    };
    sheet.hanging("         ", 11, &format!("{text}."));
}

fn mentions(headsup: &HeadsUp, job: &JobEntry) -> bool {
    headsup.mentioned.iter().any(|about| about.job == job.job)
}

fn whom_to_tell(job: &JobEntry, headsups: &[HeadsUp]) -> Vec<String> {
    match (headsups.iter().find(|headsup| headsup.jobs.contains(&job.job)), &job.owner) {
        (Some(HeadsUp { channel: Some(channel), owner, .. }), _) => vec![owner.clone(), format!("tell {channel}")],
        (Some(HeadsUp { owner, .. }), _) => vec![format!("tell {owner}")],
        (None, Some(owner)) if headsups.iter().any(|headsup| mentions(headsup, job)) => {
            vec![format!("tell {owner} in passing")]
        }
        (None, Some(owner)) => vec![owner.clone(), "wants to hear of less".to_owned()],
        (None, None) => vec!["nobody owns it".to_owned()],
    }
}

/// Without jobs the tables at the end of the line are all that can be named.
fn without_jobs(sheet: &mut Sheet<'_>, report: &ImpactReport) {
    sheet.blank();
    let changed: BTreeSet<&RelationName> = report.changes.iter().map(|change| &change.relation).collect();
    let below = |reach: Reach| {
        let entries = report.relations.iter().filter(move |entry| entry.reach == reach);
        entries.filter(|entry| !changed.contains(&entry.relation)).collect::<Vec<_>>()
    };
    let (reached, unknown) = (below(Reach::Reached), below(Reach::Unknown));
    let most = if sheet.page.detail == Detail::Full { usize::MAX } else { 12 };
    if report.changes.is_empty() {
        sheet.line(&[(Some(Mark::Calm), "Nothing downstream can notice.")]);
    } else if reached.is_empty() {
        sheet.paragraph(0, "No other table of the repository is known to read them.");
    } else {
        let heading = format!("Reaches {}: ", count(reached.len(), "table", "tables"));
        let names: Vec<&RelationName> = reached.iter().map(|entry| &entry.relation).collect();
        sheet.hanging(&heading, 2, &format!("{}.", list(&names, most)));
    }
    if let Some(first) = unknown.first() {
        let tables = count(unknown.len(), "table", "tables");
        let reason = first.reason.as_deref().unwrap_or("it cannot be told");
        sheet.hanging(&format!("Cannot tell for {tables}: "), 2, &format!("for instance, {reason}."));
    }
    nobody_to_tell(sheet, "No jobs are known, so there is nobody to tell.");
}

fn nobody_to_tell(sheet: &mut Sheet<'_>, why: &str) {
    sheet.blank();
    let hint = "Name the reports that matter under `jobs:` in headsup.yml, or as dbt exposures.";
    sheet.paragraph(0, &format!("{why} {hint}"));
}

fn messages(sheet: &mut Sheet<'_>, headsups: &[HeadsUp]) {
    for headsup in headsups {
        sheet.blank();
        let channel = headsup.channel.as_ref().map(|channel| format!(" ({channel})")).unwrap_or_default();
        sheet.line(&[(Some(Mark::Faint), &format!("To {}{channel}:", headsup.owner))]);
        message(sheet, headsup);
    }
}

/// One message as its reader would see it.
fn message(sheet: &mut Sheet<'_>, headsup: &HeadsUp) {
    sheet.line(&[(None, "  "), (Some(Mark::Strong), &format!("Heads-up: {}", headsup.subject))]);
    for line in headsup.body.lines() {
        let (label, text) = line.split_at(line.char_indices().nth(9).map_or(line.len(), |(at, _)| at));
        sheet.hanging(&format!("  {label}"), 11, text);
    }
}

fn how_it_is_known(sheet: &mut Sheet<'_>, report: &ImpactReport) {
    sheet.blank();
    let coarse = report.changes.iter().filter(|change| change.is_coarse()).count();
    if coarse > 0 {
        let tables = match (coarse, report.changes.len()) {
            (1, 1) => "It was".to_owned(),
            (all, changed) if all == changed => "All were".to_owned(),
            (1, _) => "One was".to_owned(),
            (number, _) => format!("{number} were"),
        };
        sheet.paragraph(
            0,
            &format!("{tables} compared as a whole, so what is reached from there may turn out not to notice."),
        );
    }
    sheet.paragraph(0, &coverage(&report.coverage));
    let unread = report.diagnostics.iter().filter(|diagnostic| diagnostic.severity > Severity::Note).count();
    if unread > 0 {
        let problems = count(unread, "problem", "problems");
        sheet.paragraph(0, &format!("{problems} while reading: `headsup doctor` shows what and how to mend it."));
    }
}

/// `23 models read: 22 parsed, 1 from its template.`
pub(super) fn coverage(coverage: &Coverage) -> String {
    let parts: Vec<String> = Rung::ALL
        .into_iter()
        .filter(|rung| coverage.of(*rung) > 0)
        .map(|rung| {
            let how = match rung {
                Rung::Columns => "with all columns",
                Rung::Open => "with some columns open",
                Rung::Tables => "by their tables only",
                Rung::Refs => "from templates that could not be rendered",
                Rung::Opaque => "not readable",
            };
            format!("{} {how}", super::thousands(coverage.of(rung)))
        })
        .collect();
    match coverage.total() {
        0 => "No model was found.".to_owned(),
        total => format!("{} read: {}.", count(total, "model", "models"), parts.join(", ")),
    }
}
