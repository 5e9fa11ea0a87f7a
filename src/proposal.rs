//! A first `headsup.yml` for a repository that has none: which jobs there may be, and whose they may be,
//! by what the project, CODEOWNERS and the history say. It must not know files, git, or who is asked.

use std::collections::{BTreeMap, BTreeSet};

use headsup_lineage::graph::Node;
use headsup_lineage::relation::{Relation, RelationKind};

use crate::audience::codeowners::Codeowners;
use crate::audience::{self, Job};
use crate::project::{OwnerRule, Project};
use crate::report::ProjectEntry;
use crate::settings::Settings;

mod folders;
mod yaml;

use folders::Folders;

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The projects that were found.
    pub projects: Vec<ProjectEntry>,
    /// Whether to name them in the file.
    pub naming: Naming,
    /// Jobs that the project declares itself: exposures and critical models.
    pub declared: Vec<DeclaredJob>,
    /// Jobs made of the tables that nothing in the repository reads, by folder.
    pub groups: Vec<Group>,
    /// The teams of the groups, by name.
    pub teams: BTreeMap<String, Team>,
    /// Where messages go.
    pub channel: Channel,
}

/// Whether the file names the projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It does.
    Named,
    /// As comments: detection leaves folders out, such as those of tests, that a list of projects cannot.
    Detected,
}

/// A job that the project declares itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredJob {
    /// Its name.
    pub name: String,
    /// Its owner, with the rule that names him.
    pub owner: Option<(String, OwnerRule)>,
}

/// The tables of a folder that nothing in the repository reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What the job is called.
    pub name: String,
    /// The folder.
    pub folder: String,
    /// The team.
    pub team: String,
    /// The tables.
    pub reads: Vec<String>,
    /// How likely it is that somebody outside reads them.
    pub likelihood: Likelihood,
}

/// Whether tables that nothing reads are there to be read by people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likelihood {
    /// They look like results.
    Likely,
    /// They look like steps on the way, which somebody forgot.
    Unlikely,
}

/// Whose a group may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Team {
    /// Who owns it, where something says so.
    pub owner: Option<String>,
    /// What says so, and how often.
    pub known_by: Option<String>,
    /// Who changed its folders most, with how many commits.
    pub authors: Vec<(String, usize)>,
    /// The folders.
    pub folders: Vec<String>,
}

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// Nobody knows yet.
    None,
    /// A comment on the pull request.
    GitHub,
    /// A note on the merge request.
    GitLab,
    /// Slack, by a webhook.
    Slack,
    /// Microsoft Teams, by a webhook.
    Teams,
    /// E-mail to an address.
    Email(String),
}

impl Channel {
    /// What it is called in questions.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::None => "none",
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Email(address) => address,
        }
    }

    /// The channel of an answer.
    #[must_use]
    pub fn parse(answer: &str) -> Option<Self> {
        Some(match answer.to_ascii_lowercase().as_str() {
            "none" => Self::None,
            "github" => Self::GitHub,
            "gitlab" => Self::GitLab,
            "slack" => Self::Slack,
            "teams" => Self::Teams,
            other if other.contains('@') => Self::Email(answer.to_owned()),
            _ => return None,
        })
    }
}

/// What a proposal is made of.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// What the repository builds.
    pub project: &'a Project,
    /// Its projects.
    pub projects: &'a [ProjectEntry],
    /// Whether to name them in the file.
    pub naming: Naming,
    /// The jobs that it declares itself.
    pub jobs: &'a [Job],
    /// Who owns which file.
    pub codeowners: &'a Codeowners,
    /// Who changed files of a folder in how many commits, by folder.
    pub authors: &'a BTreeMap<String, BTreeMap<String, usize>>,
}

/// A proposal from what was found.
#[must_use]
pub fn propose(findings: Findings<'_>, channel: Channel) -> Proposal {
    let graph = &findings.project.graph;
    let declared_reads: BTreeSet<Node> = findings
        .jobs
        .iter()
        .flat_map(|job| job.reads.iter().flat_map(|read| graph.resolve(read, job.project.as_deref())))
        .collect();
    let unread = graph.nodes().filter(|node| {
        let children = graph.children(*node);
        is_result(graph.relation(*node)) && !declared_reads.contains(node) && children.iter().all(|child| child == node)
    });
    let mut folders = Folders::default();
    for node in unread {
        let relation = graph.relation(node);
        if let Some(writer) = relation.writers.first() {
            folders.add(&writer.path, relation);
        }
    }
    let mut proposal = Proposal {
        projects: findings.projects.to_vec(),
        naming: findings.naming,
        declared: findings.jobs.iter().map(declared).collect(),
        groups: Vec::new(),
        teams: BTreeMap::new(),
        channel,
    };
    let roots: Vec<&str> = findings.projects.iter().map(|project| project.path.as_str()).collect();
    let mut taken: BTreeSet<String> = proposal.declared.iter().map(|job| job.name.clone()).collect();
    for (folder, relations) in folders.grouped() {
        add_group(&mut proposal, &folder, &relations, &roots, &mut taken, findings);
    }
    proposal.groups.sort_by(|a, b| (a.likelihood, &a.name).cmp(&(b.likelihood, &b.name)));
    for team in proposal.teams.values_mut() {
        team.authors = main_authors(&team.folders, findings.authors);
    }
    proposal
}

/// What the repository builds itself, packages left out.
fn is_result(relation: &Relation) -> bool {
    let is_built = matches!(relation.kind, RelationKind::Model | RelationKind::Snapshot);
    let in_package = |path: &str| path.split('/').any(|part| matches!(part, "dbt_packages" | "dbt_modules"));
    is_built && !relation.writers.iter().any(|writer| in_package(&writer.path))
}

fn declared(job: &Job) -> DeclaredJob {
    let owner = job.owner.as_ref().and_then(|claim| Some((claim.contact.label()?.to_owned(), claim.rule)));
    DeclaredJob { name: job.name.clone(), owner }
}

fn add_group(
    proposal: &mut Proposal,
    folder: &str,
    relations: &[&Relation],
    roots: &[&str],
    taken: &mut BTreeSet<String>,
    findings: Findings<'_>,
) {
    let mut reads: Vec<String> = relations.iter().map(|relation| relation.name.to_string()).collect();
    reads.sort();
    reads.dedup();
    let name = folders::name(folder, roots, taken);
    taken.insert(name.clone());
    let likelihood = folders::likelihood(folder);
    let (owner, known_by) = owner(relations, findings);
    let team = folders::slug(match &owner {
        Some(owner) => owner.rsplit(['/', '@']).find(|part| !part.contains('.')).unwrap_or(owner),
        None => name.rsplit('/').next().unwrap_or(&name),
    });
    if likelihood == Likelihood::Likely {
        let entry = proposal.teams.entry(team.clone()).or_default();
        if entry.owner.is_none() {
            (entry.owner, entry.known_by) = (owner, known_by);
        }
        entry.folders.push(folder.to_owned());
    }
    proposal.groups.push(Group { name, folder: folder.to_owned(), team, reads, likelihood });
}

/// The owner of most of some relations, and what says so.
fn owner(relations: &[&Relation], findings: Findings<'_>) -> (Option<String>, Option<String>) {
    let settings = Settings::default();
    let mut count: BTreeMap<(String, OwnerRule), usize> = BTreeMap::new();
    for relation in relations {
        let claim = audience::owner_of(relation, &settings, findings.project, findings.codeowners);
        if let Some((label, rule)) = claim.and_then(|claim| Some((claim.contact.label()?.to_owned(), claim.rule))) {
            *count.entry((label, rule)).or_default() += 1;
        }
    }
    let most = count.into_iter().max_by(|(a, x), (b, y)| (x, b).cmp(&(y, a)));
    match most {
        None => (None, None),
        Some(((label, rule), number)) => {
            let of =
                if number == relations.len() { String::new() } else { format!(", {number} of {}", relations.len()) };
            (Some(label), Some(format!("{}{of}", rule.words())))
        }
    }
}

/// Those who changed the files of some folders most often.
fn main_authors(folders: &[String], authors: &BTreeMap<String, BTreeMap<String, usize>>) -> Vec<(String, usize)> {
    const MOST: usize = 3;
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    let is_in = |path: &str, folder: &str| {
        folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for (path, by) in authors {
        if folders.iter().any(|folder| is_in(path, folder)) {
            by.iter().for_each(|(author, number)| *count.entry(author).or_default() += number);
        }
    }
    let mut count: Vec<(String, usize)> =
        count.into_iter().map(|(author, number)| (author.to_owned(), number)).collect();
    count.sort_by(|(a, x), (b, y)| (y, a).cmp(&(x, b)));
    count.truncate(MOST);
    count
}

impl Proposal {
    /// Leaves groups out, by their place among those that are likely.
    pub fn leave_out(&mut self, places: &BTreeSet<usize>) {
        let mut place = 0;
        self.groups.retain(|group| {
            place += 1;
            group.likelihood == Likelihood::Unlikely || !places.contains(&place)
        });
        let kept: BTreeSet<&str> = self.likely().map(|group| group.team.as_str()).collect();
        let kept: BTreeSet<String> = kept.into_iter().map(str::to_owned).collect();
        self.teams.retain(|name, _| kept.contains(name));
    }

    /// The groups that become jobs.
    pub fn likely(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| group.likelihood == Likelihood::Likely)
    }

    /// The text of the file.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml::write(self)
    }
}
