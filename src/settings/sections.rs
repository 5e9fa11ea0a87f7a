//! The sections of the file, one function each.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobBuilder;
use headsup_lineage::diagnostic::{Diagnostic, Position};
use headsup_lineage::dialect::Dialect;

use super::channels::{self, Channel};
use super::fields::{Fields, Named, Problems, Value};
use super::freeze;
use super::names::{EnvName, ProjectPath, Rejected};
use super::policy;
use super::{Digest, Job, PathOwner, ProjectKind, ProjectSettings, Settings, Standard, Team, Unknown};
use crate::error::did_you_mean;
use crate::project::Criticality;
use crate::project::name_pattern::{BadPattern, NamePattern};
use crate::project::sql::Results;
use crate::yaml::{self, Content};

pub(super) const ROOT: [&str; 13] = [
    "version",
    "dialect",
    "projects",
    "teams",
    "jobs",
    "channels",
    "calendar",
    "owners",
    "allow_env",
    "vars",
    "catalog",
    "columns",
    "policy",
];
pub(super) const PROJECT: [&str; 7] = ["kind", "path", "dialect", "name", "results", "schema", "target"];
pub(super) const TEAM: [&str; 8] =
    ["owner", "channel", "standard", "unknown", "freeze", "sign_off", "digest", "description"];
pub(super) const JOB: [&str; 13] = [
    "name",
    "team",
    "owner",
    "channel",
    "criticality",
    "reads",
    "columns",
    "standard",
    "unknown",
    "freeze",
    "sign_off",
    "url",
    "description",
];
pub(super) const OWNER: [&str; 3] = ["path", "team", "owner"];

const RESULTS: [(&str, Results); 2] = [("added", Results::Added), ("replaced", Results::Replaced)];
const CRITICALITIES: [(&str, Criticality); 3] =
    [("critical", Criticality::Critical), ("important", Criticality::Important), ("normal", Criticality::Normal)];

/// References to teams and channels, checked when all of them are read.
#[derive(Default)]
struct References {
    teams: Vec<Named>,
    channels: Vec<Named>,
}

/// Reads a whole file; the settings are good if no finding is an error.
pub(super) fn read(text: &str) -> (Settings, Vec<Diagnostic>) {
    let (root, diagnostics) = match yaml::parse(text) {
        Ok(parsed) => parsed,
        Err(diagnostic) => return (Settings::default(), vec![diagnostic]),
    };
    let mut problems = Problems(diagnostics);
    let mut settings = Settings::default();
    if root.content == Content::Null {
        return (settings, problems.0);
    }
    let value = Value { node: &root, at: root.position.unwrap_or(Position::START), what: "the file".to_owned() };
    if let Some(fields) = value.fields(&mut problems, "headsup.yml", &ROOT) {
        read_root(&fields, &mut settings, &mut problems);
    }
    (settings, problems.0)
}

fn read_root(fields: &Fields<'_>, settings: &mut Settings, problems: &mut Problems) {
    let mut references = References::default();
    if let Some(version) = fields.get("version")
        && version.node.content != Content::Integer(1)
    {
        let hint = "write `version: 1`, or update headsup".to_owned();
        problems.report("settings-version", version.at, "this headsup reads version 1 of the settings", hint);
    }
    settings.dialect = dialect(fields, problems);
    for value in items(fields, "projects", problems) {
        settings.projects.extend(project(&value, problems));
    }
    for (name, value) in members(fields, "teams", problems) {
        let team = team(&value, problems, &mut references);
        settings.teams.insert(name.name, team);
    }
    if let Some(value) = fields.get("calendar") {
        settings.calendar = freeze::calendar(&value, problems);
    }
    let mut channel_names = BTreeSet::new();
    for (name, value) in members(fields, "channels", problems) {
        let channel: Option<Channel> = channels::read(&value, problems);
        // A channel that is wrong is still defined: what refers to it is no problem of its own.
        channel_names.insert(name.name.clone());
        settings.channels.extend(channel.map(|channel| (name.name, channel)));
    }
    for value in items(fields, "jobs", problems) {
        settings.jobs.extend(job(&value, problems, &mut references));
    }
    report_duplicates(&settings.jobs, problems);
    for value in items(fields, "owners", problems) {
        settings.owners.extend(path_owner(&value, problems, &mut references));
    }
    if let Some(value) = fields.get("policy") {
        settings.policy = policy::read(&value, problems);
    }
    for item in items(fields, "allow_env", problems) {
        settings.allow_env.extend(item.checked(problems, EnvName::new));
    }
    for (name, value) in members(fields, "vars", problems) {
        settings.vars.insert(name.name, value.node.content.clone());
    }
    let mut path = |key: &str| fields.get(key).and_then(|value| value.checked(problems, ProjectPath::new));
    (settings.catalog, settings.columns) = (path("catalog"), path("columns"));
    for named in &references.teams {
        if !settings.teams.contains_key(&named.name) {
            problems.unknown_reference("team", named, settings.teams.keys().map(String::as_str));
        }
    }
    for named in &references.channels {
        if !channel_names.contains(&named.name) {
            problems.unknown_reference("channel", named, channel_names.iter().map(String::as_str));
        }
    }
}

fn items<'a>(fields: &Fields<'a>, key: &str, problems: &mut Problems) -> Vec<Value<'a>> {
    fields.get(key).map(|value| value.items(problems)).unwrap_or_default()
}

fn members<'a>(fields: &Fields<'a>, key: &str, problems: &mut Problems) -> Vec<(Named, Value<'a>)> {
    fields.get(key).map(|value| value.members(problems)).unwrap_or_default()
}

fn dialect(fields: &Fields<'_>, problems: &mut Problems) -> Option<Dialect> {
    fields.get("dialect")?.checked(problems, |text| {
        text.parse::<Dialect>().map_err(|unknown| {
            let names = Dialect::ALL.map(Dialect::name);
            let hint = match did_you_mean(text, names) {
                Some(name) => format!("did you mean `{name}`? it is one of {}", names.join(", ")),
                None => format!("it is one of {}", names.join(", ")),
            };
            Rejected { message: unknown.to_string(), hint }
        })
    })
}

fn project(value: &Value<'_>, problems: &mut Problems) -> Option<ProjectSettings> {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Dbt,
        Sql,
        Manifest,
    }
    let fields = value.fields(problems, "the project", &PROJECT)?;
    let kinds = [("dbt", Kind::Dbt), ("sql", Kind::Sql), ("manifest", Kind::Manifest)];
    let kind = fields.required(problems, "kind").and_then(|value| value.choice(problems, &kinds));
    let path = fields.required(problems, "path").and_then(|value| value.checked(problems, ProjectPath::new));
    let dialect = dialect(&fields, problems);
    let schema = fields.text(problems, "schema");
    let name = fields.get("name");
    if let (Some(name), Some(Kind::Dbt | Kind::Manifest)) = (&name, kind) {
        let hint = "dbt names its models itself; leave `name` out".to_owned();
        problems.report("settings-value", name.at, "`name` is for projects of kind sql", hint);
    }
    let name = name.and_then(|name| name.checked(problems, name_pattern));
    let results = fields.get("results");
    if let (Some(results), Some(Kind::Dbt | Kind::Manifest)) = (&results, kind) {
        let hint = "dbt says itself how each model is built; leave `results` out".to_owned();
        problems.report("settings-value", results.at, "`results` is for projects of kind sql", hint);
    }
    let results = results.and_then(|value| value.choice(problems, &RESULTS));
    let target = fields.get("target");
    if let (Some(target), Some(Kind::Sql | Kind::Manifest)) = (&target, kind) {
        let hint = "only a dbt project has targets; leave `target` out".to_owned();
        problems.report("settings-value", target.at, "`target` is for projects of kind dbt", hint);
    }
    let target = fields.text(problems, "target");
    let kind = match kind? {
        Kind::Dbt => ProjectKind::Dbt { target },
        Kind::Sql => ProjectKind::Sql { name, results: results.unwrap_or_default() },
        Kind::Manifest => ProjectKind::Manifest,
    };
    Some(ProjectSettings { kind, path: path?, dialect, schema, position: value.at })
}

fn standard(fields: &Fields<'_>, problems: &mut Problems) -> Option<Standard> {
    fields.get("standard")?.choice(problems, &Standard::ALL)
}

fn unknown(fields: &Fields<'_>, problems: &mut Problems) -> Option<Unknown> {
    fields.get("unknown")?.choice(problems, &Unknown::ALL)
}

fn team(value: &Value<'_>, problems: &mut Problems, references: &mut References) -> Team {
    if value.node.content == Content::Null {
        return Team::default();
    }
    let Some(fields) = value.fields(problems, "the team", &TEAM) else { return Team::default() };
    Team {
        owner: fields.text(problems, "owner"),
        channel: reference(&fields, "channel", problems, &mut references.channels),
        standard: standard(&fields, problems),
        unknown: unknown(&fields, problems),
        freeze: freeze::freeze(&fields, problems),
        sign_off: freeze::sign_off(&fields, problems),
        digest: fields.get("digest").and_then(|value| value.choice(problems, &Digest::ALL)),
        description: fields.text(problems, "description"),
    }
}

fn reference(fields: &Fields<'_>, key: &str, problems: &mut Problems, to: &mut Vec<Named>) -> Option<String> {
    let named = fields.named(problems, key)?;
    to.push(named.clone());
    Some(named.name)
}

fn job(value: &Value<'_>, problems: &mut Problems, references: &mut References) -> Option<Job> {
    let fields = value.fields(problems, "the job", &JOB)?;
    let name = fields.required(problems, "name").and_then(|value| value.named(problems));
    let reads = fields.get("reads").map(|value| value.texts(problems)).unwrap_or_default();
    let columns = columns(&fields, &reads, problems);
    let criticality = fields.get("criticality").and_then(|value| value.choice(problems, &CRITICALITIES));
    let team = reference(&fields, "team", problems, &mut references.teams);
    let channel = reference(&fields, "channel", problems, &mut references.channels);
    let owner = fields.text(problems, "owner");
    let standard = standard(&fields, problems);
    let unknown = unknown(&fields, problems);
    let freeze = freeze::freeze(&fields, problems);
    let sign_off = freeze::sign_off(&fields, problems);
    let url = fields.text(problems, "url");
    let description = fields.text(problems, "description");
    let name = name?;
    let reads_at = reads.iter().map(|relation| relation.at).collect();
    let reads = reads.into_iter().map(|relation| relation.name).collect();
    Some(Job {
        name: name.name,
        team,
        owner,
        channel,
        criticality,
        reads,
        reads_at,
        columns,
        standard,
        unknown,
        freeze,
        sign_off,
        url,
        description,
        position: name.at,
    })
}

/// The columns by relation; a relation that the job does not read is a slip of the pen.
fn columns(fields: &Fields<'_>, reads: &[Named], problems: &mut Problems) -> BTreeMap<String, Vec<String>> {
    let mut columns = BTreeMap::new();
    for (relation, value) in members(fields, "columns", problems) {
        if !reads.is_empty() && !reads.iter().any(|read| read.name == relation.name) {
            let hint = match did_you_mean(&relation.name, reads.iter().map(|read| read.name.as_str())) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "add it to `reads`".to_owned(),
            };
            let message = format!("the job does not read `{}`", relation.name);
            problems.report("settings-reference", relation.at, message, hint);
        }
        let names = value.texts(problems).into_iter().map(|column| column.name).collect();
        columns.insert(relation.name, names);
    }
    columns
}

fn report_duplicates(jobs: &[Job], problems: &mut Problems) {
    let mut first: BTreeMap<&str, Position> = BTreeMap::new();
    for job in jobs {
        if let Some(first) = first.get(job.name.as_str()) {
            let hint = format!("the first is on line {}; rename or merge them", first.line);
            let message = format!("two jobs are called `{}`", job.name);
            problems.report("settings-duplicate", job.position, message, hint);
        } else {
            first.insert(&job.name, job.position);
        }
    }
}

fn path_owner(value: &Value<'_>, problems: &mut Problems, references: &mut References) -> Option<PathOwner> {
    let fields = value.fields(problems, "the owner", &OWNER)?;
    let pattern = fields.required(problems, "path");
    let glob = pattern.as_ref().and_then(|pattern| {
        let text = pattern.text(problems)?;
        // `*` stops at `/`, as in CODEOWNERS; `**` goes on.
        match GlobBuilder::new(&text).literal_separator(true).build() {
            Ok(glob) => Some((text, glob.compile_matcher())),
            Err(error) => {
                let message = format!("`{text}` is not a pattern: {}", error.kind());
                let hint = "write `models/finance/**` for everything below a directory".to_owned();
                problems.report("settings-glob", pattern.at, message, hint);
                None
            }
        }
    });
    let team = reference(&fields, "team", problems, &mut references.teams);
    let owner = fields.text(problems, "owner");
    if fields.get("team").is_none() && fields.get("owner").is_none() {
        problems.report("settings-missing", fields.at, "the owner needs `team` or `owner`", None);
    }
    let position = pattern.as_ref().map_or(fields.at, |pattern| pattern.at);
    let (pattern, glob) = glob?;
    Some(PathOwner { pattern, glob, team, owner, position })
}

fn name_pattern(text: &str) -> Result<NamePattern, Rejected> {
    let hint = "for instance `{stem}` or `{parent}.{stem}`".to_owned();
    text.parse().map_err(|bad: BadPattern| Rejected { message: bad.to_string(), hint })
}
