//! A proposal as the text of a `headsup.yml`, with a word on each block for whoever keeps it.

use std::fmt::Write as _;

use super::{Channel, Group, Likelihood, Naming, Proposal, Team};
use crate::report::ProjectEntry;

/// The longest line of comments, and of a list that is written in one.
const WIDTH: usize = 100;
/// Lists up to this length have a line each.
const SHORT: usize = 15;
/// Where entries of a list stand.
const ENTRY: &str = "  # ";

/// Writes it.
pub(super) fn write(proposal: &Proposal) -> String {
    let mut out = String::new();
    note(
        &mut out,
        "# ",
        "Who hears of which changes to this warehouse. `headsup jobs` shows what this comes to, `headsup impact` whom a \
         branch reaches, and `headsup notify --dry-run` what would be sent.",
    );
    out.push_str("version: 1\n");
    projects(&mut out, proposal);
    teams(&mut out, proposal);
    jobs(&mut out, proposal);
    channels(&mut out, proposal);
    out
}

fn projects(out: &mut String, proposal: &Proposal) {
    let (full, empty): (Vec<_>, Vec<_>) = proposal.projects.iter().partition(|project| project.models > 0);
    if full.is_empty() {
        heading(out, "Nothing was found that builds tables. Name a project where there is one.");
        out.push_str("# projects:\n#   - { kind: dbt, path: . }\n");
        return;
    }
    let start = match proposal.naming {
        Naming::Named => {
            heading(
                out,
                "What is read, and in which dialect. Nothing else is read. Without this block, projects are found anew \
                 in every run.",
            );
            ""
        }
        Naming::Detected => {
            heading(
                out,
                "What is read, and in which dialect, is found anew in every run, without the folders of tests. Uncomment \
                 and correct this where it is wrong; then nothing else is read.",
            );
            "# "
        }
    };
    let _ = writeln!(out, "{start}projects:");
    for project in full {
        let _ = writeln!(out, "{start}  - {{ {} }}  # {}", fields(project), number(project.models));
    }
    for project in empty {
        let _ = writeln!(out, "{ENTRY}nothing was found in {}, of kind {}", comment(&project.path), project.kind);
    }
}

fn fields(project: &ProjectEntry) -> String {
    let mut fields = format!("kind: {}, path: {}", project.kind, scalar(&project.path));
    if let Some(dialect) = project.dialect.as_ref().filter(|_| project.kind != "manifest") {
        let _ = write!(fields, ", dialect: {dialect}");
    }
    if let Some(name) = &project.name {
        let _ = write!(fields, ", name: {}", quoted(name));
    }
    fields
}

fn teams(out: &mut String, proposal: &Proposal) {
    heading(
        out,
        "Whom to tell. `owner` is a person or an address, `channel` a name under `channels`. `standard` says how much a \
         team hears: touched, changed, reachable, breaking, each a part of the one before.",
    );
    if proposal.teams.is_empty() {
        out.push_str("# teams:\n#   finance: { owner: finance@example.com, channel: slack }\n");
        return;
    }
    out.push_str("teams:\n");
    for (name, team) in &proposal.teams {
        let _ = writeln!(out, "  {}:", scalar(name));
        self::team(out, team, &proposal.channel);
    }
}

fn team(out: &mut String, team: &Team, channel: &Channel) {
    match (&team.owner, &team.known_by) {
        (Some(owner), Some(known_by)) => {
            let _ = writeln!(out, "    owner: {}  # from {}", scalar(owner), comment(known_by));
        }
        (Some(owner), None) => {
            let _ = writeln!(out, "    owner: {}", scalar(owner));
        }
        (None, _) => out.push_str("    # owner: nobody is named yet\n"),
    }
    if !team.authors.is_empty() {
        let by = team.authors.iter().map(|(author, commits)| format!("{} ({commits})", comment(author)));
        let by = by.collect::<Vec<_>>().join(", ");
        note(out, "    # ", &format!("Who changed its tables lately, in how many commits: {by}"));
    }
    if let Some(name) = channel.team_channel() {
        let _ = writeln!(out, "    channel: {name}");
    }
    out.push_str("    standard: reachable\n");
}

fn jobs(out: &mut String, proposal: &Proposal) {
    heading(
        out,
        "What teams care about. A change that reaches a job is told to its team. What is `critical` can fail a check \
         (`--fail-on critical`); the others are `important` and `normal`.",
    );
    let (likely, unlikely): (Vec<&Group>, Vec<&Group>) =
        proposal.groups.iter().partition(|group| group.likelihood == Likelihood::Likely);
    let is_empty = likely.is_empty() && proposal.declared.is_empty();
    let start = if is_empty { "# " } else { ENTRY };
    if is_empty {
        out.push_str(
            "# jobs:\n#   - { name: audit_report, team: finance, criticality: critical, reads: [marts.revenue] }\n",
        );
    } else {
        out.push_str("jobs:\n");
    }
    if !proposal.declared.is_empty() {
        let text = "Declared in the project, which says what they read and mostly whose they are. An entry here adds to \
                    that: a team, a criticality, a channel.";
        note(out, ENTRY, text);
    }
    for job in &proposal.declared {
        let owner = match &job.owner {
            Some((owner, rule)) => format!("{}, {}", comment(owner), rule.words()),
            None => "nobody owns it: give it a team".to_owned(),
        };
        let _ = writeln!(out, "  - name: {}  # {owner}", scalar(&job.name));
    }
    for group in likely {
        let (tables, folder) = (number(group.reads.len()), shown(&group.folder));
        note(out, ENTRY, &format!("{folder}: {tables} that nothing in the repository reads"));
        let (name, team) = (scalar(&group.name), scalar(&group.team));
        let _ = writeln!(out, "  - name: {name}\n    team: {team}\n    criticality: normal");
        reads(out, &group.reads, "    ");
    }
    for group in unlikely {
        let (tables, folder) = (number(group.reads.len()), shown(&group.folder));
        let text =
            format!("Left out: {tables} in {folder} that nothing reads either, steps on the way by their folder");
        note(out, start, &text);
        let mut text = String::new();
        reads(&mut text, &group.reads, "");
        for line in text.lines() {
            let _ = writeln!(out, "{start}  {line}");
        }
    }
    let more = "More that a job may have: when it must be left alone, and who may lift that";
    note(out, start, more);
    let _ = writeln!(out, "{start}  freeze: month-end-2bd..month-start+3bd\n{start}  sign_off: [ann, bob]");
}

fn reads(out: &mut String, names: &[String], indent: &str) {
    let names: Vec<String> = names.iter().map(|name| scalar(name)).collect();
    if names.len() <= SHORT {
        let _ = writeln!(out, "{indent}reads:");
        for name in names {
            let _ = writeln!(out, "{indent}  - {name}");
        }
        return;
    }
    let mut line = format!("{indent}reads: [");
    for (place, name) in names.iter().enumerate() {
        let last = place + 1 == names.len();
        let item = if last { format!("{name}]") } else { format!("{name},") };
        if line.chars().count() + item.chars().count() + 1 > WIDTH {
            let _ = writeln!(out, "{}", line.trim_end());
            line = format!("{indent}  ");
        }
        line.push_str(&item);
        line.push(' ');
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

fn channels(out: &mut String, proposal: &Proposal) {
    heading(out, "Where messages go. Secrets stay in the environment: the file names the variables that hold them.");
    let mut examples = vec![
        ("slack", "slack: { kind: slack, webhook_env: SLACK_WEBHOOK }"),
        ("teams", "teams: { kind: teams, webhook_env: TEAMS_WEBHOOK }"),
        ("email", "email: { kind: email, to: data@example.com, smtp_env: SMTP_URL }"),
        ("github", "pull-request: { kind: github }  # one comment for all, with GITHUB_TOKEN"),
        ("gitlab", "merge-request: { kind: gitlab }  # one note for all, with GITLAB_TOKEN"),
    ];
    if proposal.channel == Channel::GitHub {
        examples.push(("check", "check: { kind: github-check }  # a check with notes beside the lines"));
    }
    let kind = match &proposal.channel {
        Channel::None => "",
        Channel::GitHub => "github",
        Channel::GitLab => "gitlab",
        Channel::Slack => "slack",
        Channel::Teams => "teams",
        Channel::Email(_) => "email",
    };
    if kind.is_empty() {
        out.push_str("# channels:\n");
    } else {
        out.push_str("channels:\n");
    }
    for (name, example) in examples.iter().copied() {
        match &proposal.channel {
            Channel::Email(to) if name == "email" => {
                let _ = writeln!(out, "  email: {{ kind: email, to: {}, smtp_env: SMTP_URL }}", scalar(to));
            }
            _ if name == kind => {
                let _ = writeln!(out, "  {example}");
            }
            _ => {}
        }
    }
    for (_, example) in examples.iter().filter(|(name, _)| *name != kind) {
        let _ = writeln!(out, "{}{example}", if kind.is_empty() { "#   " } else { "  # " });
    }
}

impl Channel {
    /// The channel that teams name; a comment shows every message without being named.
    const fn team_channel(&self) -> Option<&'static str> {
        match self {
            Self::None | Self::GitHub | Self::GitLab => None,
            Self::Slack => Some("slack"),
            Self::Teams => Some("teams"),
            Self::Email(_) => Some("email"),
        }
    }
}

fn number(tables: usize) -> String {
    if tables == 1 { "1 table".to_owned() } else { format!("{tables} tables") }
}

/// What stands before a block.
fn heading(out: &mut String, text: &str) {
    out.push('\n');
    note(out, "# ", text);
}

/// A comment, a line or several.
fn note(out: &mut String, start: &str, text: &str) {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(start)
        .subsequent_indent(start)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    for line in textwrap::wrap(text, options) {
        let _ = writeln!(out, "{line}");
    }
}

/// A folder, for people.
fn shown(folder: &str) -> String {
    if folder.is_empty() { "the root".to_owned() } else { comment(folder) }
}

/// A text as a value: as it is where nothing in it means anything in YAML.
fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-' | ' ');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let means_more =
        ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&text.to_lowercase().as_str());
    if text == "." || (begins && !means_more && !text.ends_with(' ') && text.chars().all(is_plain)) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// A text in double quotes, as JSON writes it, which is YAML as well.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A text that ends no comment and begins nothing else.
fn comment(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    crate::headsup::cut_at(&text, 120)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_mean_what_they_say() {
        for text in
            ["marts/finance", "no", "@acme/finance", "a: b", "- x", "3", "\"q\".t", "x #y", "é", "a\nb", ".", "* ", ""]
        {
            let yaml = format!("{{ key: {} }}", scalar(text));
            let read: serde_json::Value = serde_yaml::from_str(&yaml).unwrap();
            assert_eq!(read["key"], text, "{yaml}");
        }
        assert_eq!((scalar("marts/finance"), scalar(".")), ("marts/finance".to_owned(), ".".to_owned()));
    }
}
