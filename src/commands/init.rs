//! `headsup init`: a first `headsup.yml`, and what the latest merges would have sent with it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use headsup_lineage::diagnostic::Severity;

use super::history::Walk;
use super::{deliver, hold, reading};
use crate::audience::Job;
use crate::cli::{Common, InitArgs, JobsFrom};
use crate::error::{Error, ExitStatus, Result};
use crate::git;
use crate::git::recent::{self, Landed};
use crate::history::day;
use crate::project::{self, Source};
use crate::proposal::{Channel, Findings, Likelihood, Naming, Proposal, propose};
use crate::report::VERSION;
use crate::report::init::{InitReport, MergeEntry, ToldEntry};
use crate::settings::{FILE_NAMES, Settings, Standard};
use crate::ui::Ui;

/// A week, in seconds.
const WEEK: i64 = 7 * 86_400;

pub(super) fn run(args: &InitArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let folder = reading::project_dir(common)?;
    let path = place(args, common, &folder)?;
    if !args.yes && !ui.can_ask() {
        let message = "there is no terminal to ask questions on";
        return Err(Error::usage(message).hint("--yes takes what is proposed".to_owned()));
    }
    let (mut proposal, problems) = proposal(&folder, common, ui)?;
    if !args.yes {
        ask(&mut proposal, &mut |question| ui.ask(question))?;
    }
    let text = proposal.to_yaml();
    let name = path.strip_prefix(".").unwrap_or(&path).display().to_string();
    if let Err(problems) = Settings::from_yaml(&text, &name) {
        return Err(Error::configuration("what was proposed is no settings file; please report this", problems));
    }
    std::fs::write(&path, text).map_err(|error| Error::usage(format!("cannot write {name}")).caused_by(error))?;
    let merges = merges(args, common, &folder, &path, ui)?;
    let report = InitReport {
        version: VERSION,
        path: name,
        projects: proposal.projects.iter().filter(|project| project.models > 0).count(),
        teams: proposal.teams.len(),
        jobs: proposal.declared.len() + proposal.likely().count(),
        left_out: proposal.groups.iter().filter(|group| group.likelihood == Likelihood::Unlikely).count(),
        unowned: proposal.teams.iter().filter(|(_, team)| team.owner.is_none()).map(|(name, _)| name.clone()).collect(),
        problems,
        merges,
    };
    deliver(&report, common)?;
    Ok(ExitStatus::Done)
}

/// Where the file goes; one that is there is only replaced where that is asked for.
fn place(args: &InitArgs, common: &Common, folder: &Path) -> Result<PathBuf> {
    let there = FILE_NAMES.map(|name| folder.join(name)).into_iter().find(|path| path.exists());
    let path = match (&common.config, there) {
        (Some(path), _) => path.clone(),
        (None, Some(path)) => path,
        (None, None) => folder.join(FILE_NAMES[0]),
    };
    if path.exists() && !args.force {
        let shown = path.strip_prefix(".").unwrap_or(&path).display();
        return Err(Error::usage(format!("{shown} is there already"))
            .hint("--force replaces it; `headsup jobs` shows what it comes to".to_owned()));
    }
    Ok(path)
}

/// What the repository suggests, whatever settings there are, and how many problems it was read with.
fn proposal(folder: &Path, common: &Common, ui: Ui) -> Result<(Proposal, usize)> {
    let progress = ui.progress("reading the repository");
    let version = git::single(folder, None)?;
    let file = reading::SettingsFile { settings: Settings::default(), path: String::new(), diagnostics: Vec::new() };
    let manifest = reading::manifest(common.manifest.as_deref())?;
    let mut plan = project::plan(&[&version.snapshot], &file.settings, common.dialect);
    plan.tables = reading::tables(common, &file, &version, &plan)?;
    let project = project::read(Source { snapshot: &version.snapshot, manifest: manifest.as_ref() }, &plan);
    reading::need_readable(manifest.as_ref(), &project)?;
    let reading = reading::finish(&version, file, plan, project);
    progress.now("reading the history");
    let authors = recent::authors(folder)?;
    // A metric is asked for by those who may be jobs; what it reads may be a job of somebody's.
    let queries = reading.project.queries();
    let jobs: Vec<Job> = reading.jobs.iter().filter(|job| !queries.contains(&*job.name)).cloned().collect();
    let findings = Findings {
        project: &reading.project,
        projects: &reading.plan.describe(&reading.project),
        naming: if reading.plan.is_sayable() { Naming::Named } else { Naming::Detected },
        jobs: &jobs,
        codeowners: &reading.codeowners,
        authors: &authors,
    };
    let problems = reading.diagnostics.iter().filter(|found| found.severity > Severity::Note).count();
    Ok((propose(findings, channel(folder)), problems))
}

/// The comments of the service that has the repository.
fn channel(folder: &Path) -> Channel {
    let page = git::origin::page(folder).unwrap_or_default();
    let has = |name: &str| folder.ancestors().any(|folder| folder.join(".git").exists() && folder.join(name).exists());
    let folder_has = |name: &str| folder.join(name).exists() || folder.canonicalize().is_ok_and(|_| has(name));
    if page.contains("gitlab") || folder_has(".gitlab-ci.yml") {
        Channel::GitLab
    } else if page.contains("github") || folder_has(".github") {
        Channel::GitHub
    } else {
        Channel::None
    }
}

/// Asks what the repository cannot know. An empty answer takes what is proposed.
fn ask(proposal: &mut Proposal, ask: &mut dyn FnMut(&str) -> Result<String>) -> Result<()> {
    let groups: Vec<String> = proposal
        .likely()
        .zip(1..)
        .map(|(group, number)| {
            format!("  {number:>2}  {} ({} tables, team {})", group.name, group.reads.len(), group.team)
        })
        .collect();
    if !groups.is_empty() {
        let question = format!(
            "Tables that nothing in the repository reads, by folder:\n{}\nAll of them become jobs. Which are left out? \
             [none]",
            groups.join("\n")
        );
        let answer = ask(&question)?;
        let places = answer.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok());
        proposal.leave_out(&places.collect::<BTreeSet<usize>>());
    }
    for (name, team) in &mut proposal.teams {
        let known = team.owner.as_deref().unwrap_or("nobody yet");
        let authors: Vec<&str> = team.authors.iter().map(|(author, _)| author.as_str()).collect();
        let by = if authors.is_empty() { String::new() } else { format!(", mostly changed by {}", authors.join(", ")) };
        let answer = ask(&format!("Who owns what team {name} reads{by}? A person or an address [{known}]"))?;
        if !answer.is_empty() {
            (team.owner, team.known_by) = (Some(answer), None);
        }
    }
    let proposed = proposal.channel.name();
    let kinds = "github, gitlab, slack, teams, an e-mail address, or none";
    let mut answer = ask(&format!("Where do messages go: {kinds}? [{proposed}]"))?;
    loop {
        match Channel::parse(&answer) {
            _ if answer.is_empty() => return Ok(()),
            Some(channel) => {
                proposal.channel = channel;
                return Ok(());
            }
            None => answer = ask(&format!("It is {kinds} [{proposed}]"))?,
        }
    }
}

/// What the merges of the last week would have sent; where there were none, the latest ones.
fn merges(args: &InitArgs, common: &Common, folder: &Path, path: &Path, ui: Ui) -> Result<Vec<MergeEntry>> {
    let since = hold::now(args.now).as_second() - WEEK;
    let landed = recent::landed(folder, since, args.merges)?;
    let (Some(newest), Some(oldest)) = (landed.first(), landed.last()) else { return Ok(Vec::new()) };
    let common = Common { config: Some(path.to_owned()), manifest: None, ..common.clone() };
    let mut walk = Walk::open(&common, JobsFrom::Now, Some(&newest.commit), ui)?;
    let span = walk.place_of(&oldest.commit)?..walk.place_of(&newest.commit)? + 1;
    let found = walk.passages(span, ui)?;
    let told = |landed: &Landed| {
        let passage = found.passages.iter().find(|passage| passage.commit.id == landed.commit)?;
        // The file that was just written has no other standard.
        let sent = passage.under(Standard::Reachable);
        Some(sent.map(|sent| ToldEntry { owner: sent.owner.clone(), subject: sent.subject.clone() }).collect())
    };
    let entry = |landed: &Landed| MergeEntry {
        commit: landed.short.clone(),
        subject: landed.subject.clone(),
        date: day(landed.when),
        told: told(landed),
    };
    Ok(landed.iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::proposal::{Group, Team};

    fn proposal() -> Proposal {
        let group = |name: &str, likelihood| Group {
            name: name.to_owned(),
            folder: format!("models/{name}"),
            team: name.to_owned(),
            reads: vec![format!("{name}.t")],
            likelihood,
        };
        Proposal {
            projects: Vec::new(),
            naming: Naming::Named,
            declared: Vec::new(),
            groups: vec![
                group("finance", Likelihood::Likely),
                group("sales", Likelihood::Likely),
                group("staging", Likelihood::Unlikely),
            ],
            teams: BTreeMap::from([("finance".to_owned(), Team::default()), ("sales".to_owned(), Team::default())]),
            channel: Channel::GitHub,
        }
    }

    /// What comes of answers, and the last question.
    fn asked(answers: &[&str]) -> (Proposal, String) {
        let (mut proposal, mut left, mut last) = (proposal(), answers.iter(), String::new());
        ask(&mut proposal, &mut |question| {
            last = question.to_owned();
            Ok((*left.next().unwrap()).to_owned())
        })
        .unwrap();
        assert_eq!(left.next(), None, "every answer was asked for");
        (proposal, last)
    }

    #[test]
    fn an_empty_answer_takes_what_is_proposed() {
        let (answered, last) = asked(&["", "", "", ""]);
        assert_eq!(answered, proposal());
        assert_eq!(last, "Where do messages go: github, gitlab, slack, teams, an e-mail address, or none? [github]");
    }

    #[test]
    fn answers_are_taken() {
        let (answered, _) = asked(&["2", "ann@example.com", "fax", "slack"]);
        assert_eq!(answered.likely().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["finance"]);
        assert_eq!(answered.teams["finance"].owner.as_deref(), Some("ann@example.com"));
        assert_eq!((answered.teams.len(), answered.channel.clone()), (1, Channel::Slack));
        assert!(Settings::from_yaml(&answered.to_yaml(), "headsup.yml").is_ok());
        let (mailed, _) = asked(&["none", "", "bob", "all@example.com"]);
        assert_eq!((mailed.groups.len(), mailed.channel.name()), (3, "all@example.com"));
    }
}
