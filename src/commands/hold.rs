//! Which jobs hold a change up, and whose word has lifted that: by the clock, the ledger, and the
//! service that has the pull request.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::reach::spread;
use jiff::Timestamp;

use super::impact::{self, Versions};
use super::{notify, reading};
use crate::audience::{Hold, fingerprint};
use crate::cli::{Asks, Common, FailOn, HoldArgs, ImpactArgs};
use crate::deliver::{Approval, Environment, Ledger, Memory, Secrets, Service, Surroundings};
use crate::error::Result;
use crate::git::Side;
use crate::headsup::Impact;
use crate::ui::Ui;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The moment by which freezes are judged: the one place that asks the clock.
pub(super) fn now(given: Option<Timestamp>) -> Timestamp {
    given.unwrap_or_else(Timestamp::now)
}

/// Where the ledger is.
pub(super) fn ledger(args: &HoldArgs, common: &Common) -> Result<PathBuf> {
    match &args.ledger {
        Some(path) => Ok(path.clone()),
        None => Ok(reading::project_dir(common)?.join(notify::LEDGER)),
    }
}

/// Whether two names are one person's: without regard to case and to an `@` before it.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one.trim_start_matches('@').eq_ignore_ascii_case(other.trim_start_matches('@'))
}

/// Adds what holds the change up to the jobs that it reaches; what could not be known comes back.
pub(super) fn add(
    impacts: &mut [Impact],
    versions: &Versions,
    args: &ImpactArgs,
    common: &Common,
    ui: Ui,
) -> Result<Vec<Diagnostic>> {
    bind(impacts, versions, now(args.hold.now));
    let needs = |impact: &Impact| impact.job.hold.as_ref().is_some_and(Hold::lacks_sign_off);
    if !impacts.iter().any(needs) {
        return Ok(Vec::new());
    }
    let path = ledger(&args.hold, common)?;
    let ledger = path.is_file().then(|| Ledger::open(&path)).transpose()?;
    if let Some(ledger) = ledger {
        for impact in impacts.iter_mut() {
            let Some(hold) = &mut impact.job.hold else { continue };
            for name in ledger.approved(&impact.job.job, &hold.fingerprint)? {
                accept(hold, &name, &Teams::new());
            }
        }
    }
    let decides = || args.fail_on.iter().any(|fail_on| matches!(fail_on, FailOn::Freeze | FailOn::SignOff));
    let asks = match args.hold.asks {
        Asks::Always => true,
        Asks::Never => false,
        Asks::WhereItDecides => decides(),
    };
    if !asks || !impacts.iter().any(needs) {
        return Ok(Vec::new());
    }
    Ok(asked(impacts, versions, &Memory::new(path), args, common, ui))
}

/// Who is in the teams that sign off.
type Teams = BTreeMap<String, Vec<String>>;

/// Asks the service who has approved, and which of them are in the teams that may; what could not be known comes back.
fn asked(
    impacts: &mut [Impact],
    versions: &Versions,
    memory: &Memory,
    args: &ImpactArgs,
    common: &Common,
    ui: Ui,
) -> Vec<Diagnostic> {
    let variable = |name: &str| std::env::var(name).ok();
    let environment = Environment(&variable);
    let surroundings = Surroundings::read(&environment, |path| std::fs::read_to_string(path).ok());
    let secrets = Arc::new(Secrets::default());
    let settings = &versions.reading.settings;
    let service = Service::new(settings, &environment, &surroundings, &secrets, memory, PATIENCE);
    let given = service.and_then(|service| match service {
        Some(service) => service.approvals().map(|given| Some((service, given))),
        None => Ok(None),
    });
    let (service, given) = match given {
        Ok(Some(given)) => given,
        Ok(None) => return Vec::new(),
        Err(why) => {
            let message = format!("who has approved the change cannot be told: {why}");
            let hint = "give the step a token that may read the pull request; until then nothing counts as approved";
            return vec![Diagnostic::warning("approvals-unknown", message).hint(hint)];
        }
    };
    judge(impacts, &given, &Teams::new(), args, common, ui);
    let (teams, doubts) = teams(impacts, &given, &service);
    if !teams.is_empty() {
        judge(impacts, &given, &teams, args, common, ui);
    }
    doubts
}

/// The teams whose members may lift what still holds the change up: asked only where somebody has approved.
fn teams(impacts: &[Impact], given: &[Approval], service: &Service<'_>) -> (Teams, Vec<Diagnostic>) {
    let (mut teams, mut doubts) = (Teams::new(), Vec::new());
    let held = impacts.iter().filter_map(|impact| impact.job.hold.as_ref()).filter(|hold| hold.lacks_sign_off());
    let named: BTreeSet<&str> =
        held.filter(|_| !given.is_empty()).flat_map(|hold| &hold.sign_off).filter_map(|name| team(name)).collect();
    for name in named {
        match service.members(name) {
            Ok(members) => drop(teams.insert(name.to_owned(), members)),
            Err(why) => {
                let message = format!("who is in @{name} cannot be told: {why}");
                let hint = "give HEADSUP_TEAMS_TOKEN a token that may read the members of teams; until then none of them \
                            counts by the team";
                doubts.push(Diagnostic::warning("approvals-unknown", message).hint(hint));
            }
        }
    }
    (teams, doubts)
}

/// The team that a name under `sign_off` is, if it is one: `@acme/finance`.
fn team(name: &str) -> Option<&str> {
    Some(name.trim_start_matches('@')).filter(|name| name.contains('/'))
}

/// What holds the change up, and what an approval would be bound to.
fn bind(impacts: &mut [Impact], versions: &Versions, now: Timestamp) {
    let (base, head) = (&versions.base.graph, &versions.reading.project.graph);
    for impact in impacts {
        let job = versions.jobs().find(|job| job.name == impact.job.job);
        let hold = job.and_then(|job| {
            let hold = job.hold(impact.job.reach, now)?;
            Some(Hold { fingerprint: fingerprint(job, &impact.job, &versions.comparison, base, head), ..hold })
        });
        impact.job.hold = hold;
    }
}

/// By what somebody's word counts: by his name, or by a team that he is in.
fn word(hold: &Hold, name: &str, teams: &Teams) -> Option<String> {
    let is_member = |signer: &str| {
        team(signer).and_then(|team| teams.get(team)).is_some_and(|all| all.iter().any(|one| is_same(one, name)))
    };
    let named = hold.sign_off.iter().find(|signer| is_same(signer, name)).cloned();
    named.or_else(|| hold.sign_off.iter().find(|signer| is_member(signer)).map(|team| format!("{name} of {team}")))
}

/// Counts somebody's word, if it counts.
fn accept(hold: &mut Hold, name: &str, teams: &Teams) {
    if let Some(word) = word(hold, name, teams)
        && !hold.approved_by.contains(&word)
    {
        hold.approved_by.push(word);
    }
}

/// Counts the approvals of the newest commit, and those of earlier ones where the same reached the job
/// then: a push that changes nothing for it does not ask again.
fn judge(impacts: &mut [Impact], given: &[Approval], teams: &Teams, args: &ImpactArgs, common: &Common, ui: Ui) {
    let mut earlier: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for approval in given {
        // Teams are asked about for what nobody has lifted by his name.
        let is_open = |hold: &Hold| teams.is_empty() || hold.lacks_sign_off();
        let concerns = |impact: &Impact| {
            let hold = impact.job.hold.as_ref();
            hold.is_some_and(|hold| is_open(hold) && word(hold, &approval.name, teams).is_some())
        };
        if !impacts.iter().any(concerns) {
            continue;
        }
        let known = approval.commit.as_ref().map(|commit| {
            let known = earlier.entry(commit.clone());
            &*known.or_insert_with(|| fingerprints(commit, args, common, ui).unwrap_or_default())
        });
        for impact in impacts.iter_mut() {
            let Some(hold) = &mut impact.job.hold else { continue };
            let is_his = known.is_none_or(|known| known.get(&impact.job.job) == Some(&hold.fingerprint));
            if is_open(hold) && is_his {
                accept(hold, &approval.name, teams);
            }
        }
    }
}

/// What reached each job with another head.
fn fingerprints(commit: &str, args: &ImpactArgs, common: &Common, ui: Ui) -> Result<BTreeMap<String, String>> {
    let args = ImpactArgs {
        base: args.base.clone(),
        head: Some(Side::Revision(commit.to_owned())),
        base_manifest: args.base_manifest.clone(),
        fail_on: Vec::new(),
        hold: HoldArgs::default(),
    };
    let versions = impact::versions(impact::sides(&args, common)?, &args, common, ui)?;
    let (base, head) = (&versions.base.graph, &versions.reading.project.graph);
    let jobs = versions.jobs();
    let impacts = impact::impacts(&versions, &spread(base, head, &versions.comparison));
    let found = jobs.filter_map(|job| {
        let impact = impacts.iter().find(|impact| impact.job.job == job.name)?;
        Some((job.name.clone(), fingerprint(job, &impact.job, &versions.comparison, base, head)))
    });
    Ok(found.collect())
}
