//! Who hears what: jobs with their owners and standards, from settings, exposures, critical models
//! and CODEOWNERS, in the design's order. It must not know markup or delivery.

use std::collections::BTreeMap;
use std::sync::Arc;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::graph::LineageGraph;
use headsup_lineage::name::RelationName;
use headsup_lineage::query::{Read, ReadRole};
use headsup_lineage::relation::{Reference, Relation};
use serde::Serialize;

use crate::calendar::Freeze;
use crate::error::did_you_mean;
use crate::project::{Attributes, Contact, Criticality, DeclaredJob, OwnerClaim, OwnerRule, Project};
use crate::settings::{FreezeSettings, Job as SetJob, Settings, Standard, Unknown};

pub mod codeowners;
mod facts;
mod hold;

pub use facts::{Doubt, Facts, Hears};
pub use hold::{FrozenJob, Hold, fingerprint};

use codeowners::Codeowners;

/// A job with everything that decides who hears of it.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// The team that settings give it.
    pub team: Option<String>,
    /// Whom it belongs to, and how that is known.
    pub owner: Option<OwnerClaim>,
    /// What names the team.
    pub team_by: Option<TeamRule>,
    /// Where its owner is told.
    pub channel: Option<String>,
    /// What names the channel.
    pub channel_by: SetBy,
    /// How much it matters.
    pub criticality: Criticality,
    /// How much its owner wants to hear.
    pub standard: Standard,
    /// What says so.
    pub standard_by: SetBy,
    /// What he hears where nothing certain can be told.
    pub unknown: Unknown,
    /// What says so.
    pub unknown_by: SetBy,
    /// When it must be left alone.
    pub freezes: Vec<Freeze>,
    /// What says so.
    pub freeze_by: SetBy,
    /// Who may say that a change reaches it all the same.
    pub sign_off: Vec<String>,
    /// What says so.
    pub sign_off_by: SetBy,
    /// The relations that it reads.
    pub reads: Vec<Reference>,
    /// The columns that it reads, for the relations of which it names any.
    pub columns: BTreeMap<String, Vec<String>>,
    /// The project whose names its reads are written in.
    pub project: Option<Arc<str>>,
    /// The file that declares it.
    pub path: Arc<str>,
    /// Where in that file.
    pub position: Position,
    /// Its address, for people.
    pub url: Option<String>,
}

/// What says something of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SetBy {
    /// Its entry in headsup.yml.
    Job,
    /// Its team's.
    Team,
    /// The project, in the exposure or the model.
    Project,
    /// Nobody.
    #[default]
    Default,
}

/// What makes a job one of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamRule {
    /// Its entry in headsup.yml.
    Job,
    /// Its owner has the address of the team's.
    Owner,
}

impl Default for Job {
    /// A job of nobody that reads nothing.
    fn default() -> Self {
        Self {
            name: String::new(),
            team: None,
            owner: None,
            team_by: None,
            channel: None,
            channel_by: SetBy::default(),
            criticality: Criticality::default(),
            standard: Standard::default(),
            standard_by: SetBy::default(),
            unknown: Unknown::default(),
            unknown_by: SetBy::default(),
            freezes: Vec::new(),
            freeze_by: SetBy::default(),
            sign_off: Vec::new(),
            sign_off_by: SetBy::default(),
            reads: Vec::new(),
            columns: BTreeMap::new(),
            project: None,
            path: Arc::from(""),
            position: Position::START,
            url: None,
        }
    }
}

impl Contact {
    /// The owner in one phrase: the name, else the first address.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.name.as_deref().or_else(|| self.emails.first().map(String::as_str))
    }
}

impl Job {
    /// Whom it belongs to, in one phrase: the team, else the owner.
    #[must_use]
    pub fn owner_label(&self) -> Option<&str> {
        self.team.as_deref().or_else(|| self.owner.as_ref().and_then(|claim| claim.contact.label()))
    }
}

/// The jobs of a project, by name; `settings_path` is what the settings file is called.
#[must_use]
pub fn jobs(settings: &Settings, settings_path: &str, project: &Project, codeowners: &Codeowners) -> Vec<Job> {
    let mut jobs: BTreeMap<String, Job> = BTreeMap::new();
    for declared in &project.jobs {
        jobs.insert(declared.name.clone(), from_exposure(declared));
    }
    for (id, attributes) in &project.attributes {
        let critical = attributes.criticality.unwrap_or_default() > Criticality::Normal;
        if let (true, Some(node)) = (critical, project.graph.by_id(id)) {
            let relation = project.graph.relation(node);
            jobs.entry(relation.name.to_string()).or_insert_with(|| from_model(relation, attributes));
        }
    }
    let path: Arc<str> = Arc::from(settings_path);
    for set in &settings.jobs {
        let known = jobs.remove(&set.name);
        jobs.insert(set.name.clone(), from_settings(set, settings, &path, known));
    }
    let mut jobs: Vec<Job> = jobs.into_values().collect();
    let queries = project.queries();
    for job in &mut jobs {
        if job.owner.is_none() && !queries.contains(job.name.as_str()) {
            job.owner = owner_of_what_it_reads(job, settings, project, codeowners);
        }
        apply_team(job, settings);
    }
    jobs
}

/// What is amiss with some jobs. A name that finds nothing is held against all that there are, which nobody should
/// wait for who does not show it.
#[must_use]
pub fn amiss(jobs: &[Job], graph: &LineageGraph) -> Vec<Diagnostic> {
    jobs.iter().flat_map(|job| amiss_with(job, graph)).collect()
}

fn from_exposure(declared: &DeclaredJob) -> Job {
    let owner = declared.owners.iter().min_by_key(|claim| claim.rule).cloned();
    Job {
        name: declared.name.clone(),
        team: None,
        team_by: None,
        channel: owner.as_ref().and_then(|claim| claim.contact.channel.clone()),
        channel_by: SetBy::Project,
        owner,
        criticality: declared.criticality.unwrap_or_default(),
        standard: Standard::default(),
        standard_by: SetBy::Default,
        unknown: Unknown::default(),
        unknown_by: SetBy::Default,
        freezes: Vec::new(),
        freeze_by: SetBy::Default,
        sign_off: Vec::new(),
        sign_off_by: SetBy::Default,
        reads: declared.reads.clone(),
        columns: declared.columns.clone(),
        project: None,
        path: Arc::clone(&declared.path),
        position: declared.position,
        url: declared.url.clone(),
    }
}

/// A model marked `meta: {critical: true}` is a job that reads itself.
fn from_model(relation: &Relation, attributes: &Attributes) -> Job {
    let owner = attributes.owners.iter().min_by_key(|claim| claim.rule).cloned();
    let (path, position) = match relation.writers.first() {
        Some(writer) => (Arc::clone(&writer.path), writer.position),
        None => relation.declared_in.clone().unwrap_or_else(|| (Arc::from(""), Position::START)),
    };
    Job {
        name: relation.name.to_string(),
        team: None,
        team_by: None,
        channel: owner.as_ref().and_then(|claim| claim.contact.channel.clone()),
        channel_by: SetBy::Project,
        owner,
        criticality: attributes.criticality.unwrap_or_default(),
        standard: Standard::default(),
        standard_by: SetBy::Default,
        unknown: Unknown::default(),
        unknown_by: SetBy::Default,
        freezes: Vec::new(),
        freeze_by: SetBy::Default,
        sign_off: Vec::new(),
        sign_off_by: SetBy::Default,
        reads: vec![Reference::Id(relation.id.clone(), position)],
        columns: BTreeMap::new(),
        project: None,
        path,
        position,
        url: None,
    }
}

/// An entry of `jobs:`; what it leaves out is taken from the exposure of its name.
fn from_settings(set: &SetJob, settings: &Settings, path: &Arc<str>, known: Option<Job>) -> Job {
    let written: Vec<Reference> = set
        .reads
        .iter()
        .zip(&set.reads_at)
        .map(|(name, position)| {
            Reference::Name(Read {
                name: RelationName::parse(settings.dialect.unwrap_or_default(), name),
                role: ReadRole::Table,
                position: *position,
            })
        })
        .collect();
    let known_reads = known.as_ref().map(|job| job.reads.clone()).unwrap_or_default();
    let owner = set.owner.as_ref().map(|owner| OwnerClaim { rule: OwnerRule::Settings, contact: contact(owner) });
    Job {
        name: set.name.clone(),
        team: set.team.clone(),
        team_by: set.team.is_some().then_some(TeamRule::Job),
        owner: owner.or_else(|| known.as_ref().and_then(|job| job.owner.clone())),
        channel: set.channel.clone().or_else(|| known.as_ref().and_then(|job| job.channel.clone())),
        channel_by: if set.channel.is_some() { SetBy::Job } else { SetBy::Project },
        criticality: set.criticality.or(known.as_ref().map(|job| job.criticality)).unwrap_or_default(),
        standard: set.standard.unwrap_or_default(),
        standard_by: if set.standard.is_some() { SetBy::Job } else { SetBy::Default },
        unknown: set.unknown.unwrap_or_default(),
        unknown_by: if set.unknown.is_some() { SetBy::Job } else { SetBy::Default },
        freezes: freezes(set.freeze.as_ref(), settings),
        freeze_by: if set.freeze.is_some() { SetBy::Job } else { SetBy::Default },
        sign_off: set.sign_off.clone().unwrap_or_default(),
        sign_off_by: if set.sign_off.is_some() { SetBy::Job } else { SetBy::Default },
        reads: if written.is_empty() { known_reads } else { written },
        columns: set.columns.clone(),
        project: None,
        path: Arc::clone(path),
        position: set.position,
        url: set.url.clone().or_else(|| known.and_then(|job| job.url)),
    }
}

fn freezes(set: Option<&FreezeSettings>, settings: &Settings) -> Vec<Freeze> {
    set.filter(|set| !set.windows.is_empty()).map(|set| set.in_calendar(&settings.calendar)).into_iter().collect()
}

fn team_of<'s>(name: Option<&str>, settings: &'s Settings) -> Option<&'s crate::settings::Team> {
    settings.teams.get(name?)
}

/// An owner as people write one: an address, a channel, or a name.
fn contact(text: &str) -> Contact {
    let mut contact = Contact::default();
    if text.contains('@') && !text.starts_with('@') {
        contact.emails.push(text.to_owned());
    } else {
        contact.name = Some(text.to_owned());
    }
    contact
}

/// A job of a team belongs to the team's owner and is told where the team is.
fn apply_team(job: &mut Job, settings: &Settings) {
    if job.team.is_none() {
        let emails = job.owner.as_ref().map(|claim| claim.contact.emails.clone()).unwrap_or_default();
        let of_owner = settings.teams.iter().find(|(_, team)| {
            team.owner.as_ref().is_some_and(|owner| emails.iter().any(|email| email.eq_ignore_ascii_case(owner)))
        });
        if let Some((name, _)) = of_owner {
            job.team = Some(name.clone());
            job.team_by = Some(TeamRule::Owner);
        }
    }
    let Some(team) = team_of(job.team.as_deref(), settings) else { return };
    if job.owner.as_ref().is_none_or(|claim| claim.rule > OwnerRule::Settings)
        && let Some(owner) = &team.owner
    {
        job.owner = Some(OwnerClaim { rule: OwnerRule::Settings, contact: contact(owner) });
    }
    if job.channel.is_none() {
        job.channel.clone_from(&team.channel);
        job.channel_by = SetBy::Team;
    }
    if let (SetBy::Default, Some(standard)) = (job.standard_by, team.standard) {
        (job.standard, job.standard_by) = (standard, SetBy::Team);
    }
    if let (SetBy::Default, Some(unknown)) = (job.unknown_by, team.unknown) {
        (job.unknown, job.unknown_by) = (unknown, SetBy::Team);
    }
    if job.freeze_by == SetBy::Default && team.freeze.is_some() {
        (job.freezes, job.freeze_by) = (freezes(team.freeze.as_ref(), settings), SetBy::Team);
    }
    if let (SetBy::Default, Some(names)) = (job.sign_off_by, &team.sign_off) {
        (job.sign_off, job.sign_off_by) = (names.clone(), SetBy::Team);
    }
}

/// The owner of the models that a job reads, by `meta.owner`, `owners:` and CODEOWNERS; the first
/// relation that has one decides.
fn owner_of_what_it_reads(
    job: &Job,
    settings: &Settings,
    project: &Project,
    codeowners: &Codeowners,
) -> Option<OwnerClaim> {
    let nodes = job.reads.iter().flat_map(|read| project.graph.resolve(read, None));
    let claims = nodes.filter_map(|node| owner_of(project.graph.relation(node), settings, project, codeowners));
    claims.min_by_key(|claim| claim.rule)
}

/// Whom a relation belongs to: by its own properties, `owners:` in settings, and CODEOWNERS.
#[must_use]
pub fn owner_of(
    relation: &Relation,
    settings: &Settings,
    project: &Project,
    codeowners: &Codeowners,
) -> Option<OwnerClaim> {
    let said = project.attributes.get(&relation.id).and_then(|said| said.owners.iter().min_by_key(|claim| claim.rule));
    let paths = || relation.writers.iter().map(|writer| &*writer.path);
    said.cloned()
        .or_else(|| paths().find_map(|path| owner_by_path(path, settings)))
        .or_else(|| paths().find_map(|path| owner_by_codeowners(path, codeowners)))
}

/// The last entry of `owners:` that fits, as in CODEOWNERS.
fn owner_by_path(path: &str, settings: &Settings) -> Option<OwnerClaim> {
    let rule = settings.owner_of(path)?;
    let contact = match (&rule.team, &rule.owner) {
        (Some(team), _) => Contact { name: Some(team.clone()), ..Contact::default() },
        (None, Some(owner)) => contact(owner),
        (None, None) => return None,
    };
    Some(OwnerClaim { rule: OwnerRule::SettingsPath, contact })
}

fn owner_by_codeowners(path: &str, codeowners: &Codeowners) -> Option<OwnerClaim> {
    let owners = codeowners.owners(path);
    let name = owners.first()?;
    let emails = owners.iter().filter(|owner| !owner.starts_with('@')).cloned().collect();
    let contact = Contact { name: Some(name.clone()), emails, channel: None };
    Some(OwnerClaim { rule: OwnerRule::Codeowners, contact })
}

fn amiss_with(job: &Job, graph: &LineageGraph) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let here = |diagnostic: Diagnostic| diagnostic.in_file(&*job.path).at(job.position);
    if job.owner.is_none() && job.criticality == Criticality::Critical {
        let message = format!("the critical job `{}` has no owner: nobody would hear", job.name);
        diagnostics.push(here(
            Diagnostic::warning("job-without-owner", message).hint("give it a `team` or an `owner` in headsup.yml"),
        ));
    }
    if job.reads.is_empty() {
        let message = format!("nothing says what the job `{}` reads, so any change may reach it", job.name);
        diagnostics.push(here(
            Diagnostic::warning("job-without-reads", message).hint("list the tables that it reads under `reads`"),
        ));
    }
    for read in &job.reads {
        let Reference::Name(read) = read else { continue };
        if graph.by_name(&read.name, None).candidates().is_empty() {
            let message = format!("the job `{}` reads `{}`, which nothing here builds or reads", job.name, read.name);
            let mut diagnostic = here(Diagnostic::warning("unknown-relation", message));
            if let Some(near) = nearest(&read.name, graph) {
                diagnostic = diagnostic.hint(format!("did you mean `{near}`?"));
            }
            diagnostics.push(diagnostic);
        }
    }
    diagnostics
}

/// The relation whose name is written most like one that was not found, by all of it or by its table.
fn nearest(name: &RelationName, graph: &LineageGraph) -> Option<String> {
    let mut names: Vec<&RelationName> = graph.nodes().map(|node| &graph.relation(node).name).collect();
    names.sort();
    let written: Vec<String> = names.iter().map(ToString::to_string).collect();
    if let Some(whole) = did_you_mean(&name.to_string(), written.iter().map(String::as_str)) {
        return Some(whole.to_owned());
    }
    let table = did_you_mean(name.table(), names.iter().map(|known| known.table()))?;
    names.iter().find(|known| known.table() == table).map(ToString::to_string)
}
