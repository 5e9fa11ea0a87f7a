//! `headsup notify`: computes whom a change reaches, and tells them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::impact::Judged;
use super::{deliver, hold, impact, reading};
use crate::cli::{Asks, Common, DeliveryArgs, Format, HoldArgs, ImpactArgs, NotifyArgs};
use crate::deliver::{
    Effort, Environment, Fate, Keeping, Ledger, Letter, Letters, Memory, Outbox, Outcome, Parcel, Routes, Secrets,
    Sent, Sorted, Surroundings, is_link, letters, recalls, sort, take_back, withdrawals,
};
use crate::error::{Error, ExitStatus, Result};
use crate::git;
use crate::headsup::HeadsUp;
use crate::message::{Message, Occasion};
use crate::render::message::{Comment, comment, plain};
use crate::render::{Page, render};
use crate::report::VERSION;
use crate::report::notify::{DeliveryEntry, NotifyReport};
use crate::settings::{FILE_NAMES, Settings};
use crate::ui::Ui;
use crate::verdict::{Failed, Findings};

/// Where the ledger is, from the project's folder.
pub(super) const LEDGER: &str = ".headsup/ledger.db";
/// The most bytes of a summary of a run on GitHub.
const LONGEST_SUMMARY: usize = 1_000_000;

pub(super) fn run(args: &NotifyArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let place = Place::new(args.head.as_ref().filter(|_| args.from.is_none()), &args.delivery, common)?;
    if args.resume {
        let mut sent = place.outbox().resume()?;
        sent.extend(place.outbox().send_digests(hold::now(args.now))?);
        return place.report(sent, None, common, ui);
    }
    let found = found(args, common, ui)?;
    let occasion = occasion(args, &found, &place)?;
    let is_given_up = args.withdraw || place.surroundings.fate == Fate::GivenUp;
    let headsups = if is_given_up { &[][..] } else { &found.headsups };
    if let Some(only) = &args.only
        && !place.knows(only, headsups)
    {
        return Err(Error::usage(format!("nobody is called `{only}`"))
            .hint("--only takes a team of headsup.yml, or an owner as `headsup jobs` shows him".to_owned()));
    }
    let only = args.only.as_deref();
    let messages: Vec<Message> =
        headsups.iter().map(|headsup| Message::new(headsup, &occasion, args.message.as_deref())).collect();
    let judged = impact::status(&args.fail_on, found.findings.jobs.iter().map(Judged::from));
    let mut letters = letters(headsups, &occasion, args.message.as_deref(), only, &place.routes);
    // A change that is given up leaves its commits as they are.
    if let (Some(commit), None, false) = (place.surroundings.commit(), only, is_given_up) {
        let failed = if judged == ExitStatus::Findings { Failed::Yes } else { Failed::No };
        let verdict = found.findings.verdict(commit, failed, &place.prefix);
        letters.add_checks(&verdict, &messages, &occasion.change, &place.routes);
    }
    let Letters { letters, mut stuck, elsewhere } = letters;
    for sent in stuck.iter_mut().filter(|sent| sent.letter.channel.is_empty()) {
        sent.said = place.uncommitted.clone().or_else(|| sent.said.take());
    }
    stuck.extend(elsewhere.into_iter().map(|sent| if args.dry_run { in_a_comment(sent) } else { sent }));
    let withdrawn = match place.ledger()? {
        Some(ledger) if ledger.knows(&occasion.change)? => {
            withdrawals(&ledger.announced(&occasion.change)?, &letters, &occasion, only)
        }
        // A dry run asks nobody.
        _ if args.dry_run => Vec::new(),
        _ => {
            let recalled = recalls(&letters, &occasion, only, &place.routes);
            stuck.extend(recalled.stuck);
            recalled.letters
        }
    };
    let now = hold::now(args.now);
    let mut ledger = if args.dry_run { None } else { Some(Ledger::open(&place.ledger)?) };
    if let Some(ledger) = &mut ledger {
        let current: Vec<String> = letters.iter().map(Letter::conversation).collect();
        take_back(ledger, &current, &occasion, only, &place.settings, now)?;
    }
    let Sorted { now: letters, kept } = sort(letters, &place.settings, place.keeping, now, ledger.as_mut())?;
    drop(ledger);
    stuck.extend(kept);
    let versions = Some((found.base.as_str(), found.head.as_str()));
    if args.dry_run {
        let delivered = place.rehearse(letters.into_iter().chain(withdrawn).collect(), stuck, versions, common)?;
        return Ok(if delivered == ExitStatus::Done { judged } else { delivered });
    }
    let mut sent = place.outbox().send(letters, &occasion.change, only, &withdrawn)?;
    sent.extend(stuck);
    sent.extend(place.outbox().send_digests(now)?);
    place.summarise(&messages, found.summary.as_deref())?;
    let delivered = place.report(sent, versions, common, ui)?;
    Ok(if delivered == ExitStatus::Done { judged } else { delivered })
}

/// What there is to tell.
struct Found {
    base: String,
    head: String,
    headsups: Vec<HeadsUp>,
    /// What decides the exit status, and what a check says.
    findings: Findings,
    /// The whole report, for those who look at the run.
    summary: Option<String>,
}

/// A report of `impact`, as far as it is needed here.
#[derive(Deserialize)]
struct Earlier {
    version: u32,
    base: String,
    head: String,
    headsups: Vec<HeadsUp>,
    #[serde(flatten)]
    findings: Findings,
}

fn found(args: &NotifyArgs, common: &Common, ui: Ui) -> Result<Found> {
    let Some(path) = &args.from else {
        let asked = ImpactArgs {
            base: args.base.clone(),
            head: args.head.clone(),
            base_manifest: args.base_manifest.clone(),
            fail_on: Vec::new(),
            hold: HoldArgs {
                now: args.now,
                ledger: args.delivery.ledger.clone(),
                asks: if args.dry_run { Asks::Never } else { Asks::Always },
            },
        };
        let report = impact::compute(&asked, common, ui)?;
        ui.diagnostics(&report.diagnostics);
        let summary = render(&report, Format::Markdown, &Page::default()).ok();
        let findings = Findings::from(&report);
        return Ok(Found { base: report.base, head: report.head, headsups: report.headsups, findings, summary });
    };
    let said = |what: &str| Error::input(format!("{} {what}", path.display()));
    let hint = "write it with `headsup impact --format json --output REPORT.json`".to_owned();
    let text = std::fs::read_to_string(path).map_err(|error| said("cannot be read").caused_by(error))?;
    let report: Earlier = serde_json::from_str(&text)
        .map_err(|error| said("is no report of `headsup impact`").caused_by(error).hint(hint.clone()))?;
    if report.version != VERSION {
        return Err(said("is a report of another version").hint(hint));
    }
    let Earlier { base, head, headsups, findings, .. } = report;
    Ok(Found { base, head, headsups, findings, summary: None })
}

/// Who is changing what, and where: by arguments, the CI service, and git.
fn occasion(args: &NotifyArgs, found: &Found, place: &Place) -> Result<Occasion> {
    if let Some(url) = args.url.as_deref().filter(|url| !is_link(url)) {
        return Err(Error::usage(format!("`{url}` is not the address of a page"))
            .hint("--url takes an address such as https://github.com/acme/warehouse/pull/412".to_owned()));
    }
    let page = git::origin::page(&place.folder);
    let mut occasion = place.surroundings.occasion(&found.base, &found.head, page.as_deref());
    let commit = place.commit.filter(|_| args.from.is_none());
    occasion.author = occasion.author.or_else(|| git::origin::author(&place.folder, commit?));
    let of_commit = || {
        let (page, commit) = (page.as_deref()?, commit?);
        let between = if page.contains("gitlab") { "/-" } else { "" };
        Some(format!("{page}{between}/commit/{commit}"))
    };
    occasion.link = args.url.clone().or(occasion.link).or_else(of_commit);
    occasion.lands.clone_from(&args.lands);
    Ok(occasion)
}

/// The project's folder with its channels and its ledger.
pub(super) struct Place {
    folder: PathBuf,
    /// That there are settings which the version does not have, if so.
    uncommitted: Option<String>,
    /// The folder from the root of the repository.
    prefix: String,
    commit: Option<git::CommitId>,
    settings: Settings,
    keeping: Keeping,
    routes: Routes,
    surroundings: Surroundings,
    secrets: Arc<Secrets>,
    effort: Effort,
    ledger: PathBuf,
}

impl Place {
    pub(super) fn new(head: Option<&git::Side>, args: &DeliveryArgs, common: &Common) -> Result<Self> {
        let folder = reading::project_dir(common)?;
        let version = git::single(&folder, head)?;
        let file = reading::settings_of(&version, common)?;
        let uncommitted = uncommitted(&folder, &file.path, version.snapshot.label());
        let settings = file.settings;
        let variable = |name: &str| std::env::var(name).ok();
        let environment = Environment(&variable);
        let surroundings = Surroundings::read(&environment, |path| std::fs::read_to_string(path).ok());
        let secrets = Arc::new(Secrets::default());
        let patience = Duration::from_secs(args.timeout);
        let ledger = args.ledger.clone().unwrap_or_else(|| folder.join(LEDGER));
        let memory = Memory::new(ledger.clone());
        let routes = Routes::new(&settings, &environment, &surroundings, &secrets, &folder, &memory, patience);
        let effort = Effort {
            give_up_after: Duration::from_secs(args.give_up_after),
            lease: Duration::from_millis(args.lease_ms),
        };
        // What a service's machine keeps is gone with it, unless somebody says where it lasts.
        let is_service = surroundings.forge.is_some() || environment.get("CI").is_some();
        let keeping = if is_service && args.ledger.is_none() { Keeping::Ends } else { Keeping::Lasts };
        let (commit, prefix) = (version.commit, version.outer.prefix);
        Ok(Self {
            folder,
            uncommitted,
            prefix,
            commit,
            settings,
            keeping,
            routes,
            surroundings,
            secrets,
            effort,
            ledger,
        })
    }

    pub(super) fn outbox(&self) -> Outbox<'_> {
        let secrets = Arc::clone(&self.secrets);
        Outbox { path: self.ledger.clone(), routes: &self.routes, effort: self.effort, secrets }
    }

    /// The ledger, if there is one yet.
    pub(super) fn ledger(&self) -> Result<Option<Ledger>> {
        self.ledger.is_file().then(|| Ledger::open(&self.ledger)).transpose()
    }

    fn knows(&self, owner: &str, headsups: &[HeadsUp]) -> bool {
        self.settings.teams.contains_key(owner) || headsups.iter().any(|headsup| headsup.owner == owner)
    }

    /// Shows what would be sent, and sends nothing.
    fn rehearse(
        &self,
        letters: Vec<crate::deliver::Letter>,
        stuck: Vec<Sent>,
        versions: Option<(&str, &str)>,
        common: &Common,
    ) -> Result<ExitStatus> {
        let ledger = self.ledger()?;
        let mut sent = Vec::new();
        for letter in letters {
            let told = ledger.as_ref().map(|ledger| ledger.is_told(&letter)).transpose()?.unwrap_or(false);
            // Whether there is an old comment to be changed is known only to its service.
            if letter.is_empty() {
                continue;
            }
            let (outcome, said) = match self.routes.channel(&letter.channel) {
                Ok(_) if told => (Outcome::AlreadyTold, None),
                Ok(_) => (Outcome::WouldSend, None),
                Err(why) => (Outcome::Undelivered, Some(why.to_owned())),
            };
            sent.push(Sent { letter, outcome, said });
        }
        sent.extend(stuck);
        let report = self.collect(&sent, versions, Rehearsal::Dry);
        deliver(&report, common)?;
        Ok(status(&report))
    }

    /// Says what became of everything.
    pub(super) fn report(
        &self,
        sent: Vec<Sent>,
        versions: Option<(&str, &str)>,
        common: &Common,
        _: Ui,
    ) -> Result<ExitStatus> {
        let report = self.collect(&sent, versions, Rehearsal::Real);
        deliver(&report, common)?;
        Ok(status(&report))
    }

    fn collect(&self, sent: &[Sent], versions: Option<(&str, &str)>, rehearsal: Rehearsal) -> NotifyReport {
        let entry = |sent: &Sent| {
            let channel = self.routes.channel(&sent.letter.channel);
            let mut parcels = match (rehearsal, channel) {
                (Rehearsal::Dry, Ok(channel)) if sent.outcome == Outcome::WouldSend => channel.preview(&sent.letter),
                (Rehearsal::Dry, Err(_)) if sent.outcome == Outcome::WouldSend => as_text(&sent.letter),
                _ => Vec::new(),
            };
            for parcel in &mut parcels {
                parcel.to = self.secrets.mask(&parcel.to);
                parcel.body = self.secrets.mask(&parcel.body);
            }
            DeliveryEntry::new(sent, self.routes.kind(&sent.letter.channel), parcels)
        };
        let mut deliveries: Vec<DeliveryEntry> = sent.iter().map(entry).collect();
        deliveries.sort_by(|a, b| (&a.channel, &a.owners, &a.subject).cmp(&(&b.channel, &b.owners, &b.subject)));
        NotifyReport {
            version: VERSION,
            base: versions.map(|(base, _)| base.to_owned()),
            head: versions.map(|(_, head)| head.to_owned()),
            dry_run: rehearsal == Rehearsal::Dry,
            deliveries,
        }
    }

    /// Adds the whole of it to the summary of a run on GitHub, which has room for it.
    fn summarise(&self, messages: &[Message], report: Option<&str>) -> Result<()> {
        let Some(path) = &self.surroundings.summary else { return Ok(()) };
        let mut text = match messages {
            [] => String::new(),
            messages => comment(messages, Comment { marker: "", most: LONGEST_SUMMARY / 2 }),
        };
        let report = report.unwrap_or_default();
        if text.len() + report.len() < LONGEST_SUMMARY {
            text.push_str(report);
        }
        append(path, &self.secrets.mask(&text))
            .map_err(|error| Error::delivery(format!("cannot write the summary {}", path.display())).caused_by(error))
    }
}

/// That there are settings which the version does not have, if so; without them it names no channel.
fn uncommitted(folder: &Path, read: &str, version: &str) -> Option<String> {
    let file = FILE_NAMES.into_iter().find(|name| read.is_empty() && folder.join(name).is_file())?;
    Some(format!(
        "{file} is in the folder and not in {version}, so no channel is known; commit it, or name it with --config {file}"
    ))
}

/// What a rehearsal away from a pull request says of its comment.
fn in_a_comment(sent: Sent) -> Sent {
    let said = Some("the comment is for runs on a pull request; in one it would say this".to_owned());
    Sent { outcome: Outcome::WouldSend, said, ..sent }
}

/// What a letter says, for a person.
fn as_text(letter: &Letter) -> Vec<Parcel> {
    const WIDTH: usize = 76;
    let to = "the comment on the pull request".to_owned();
    letter.messages.iter().map(|message| Parcel { to: to.clone(), body: plain(message, WIDTH) }).collect()
}

/// Whether anything is really sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rehearsal {
    Dry,
    Real,
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

fn status(report: &NotifyReport) -> ExitStatus {
    if report.undelivered().next().is_some() { ExitStatus::Undelivered } else { ExitStatus::Done }
}
