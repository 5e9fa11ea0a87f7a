//! What hooks write beside the table of their own node, and what those write that run before and after all nodes. It
//! must not know who reads that.
//!
//! A hook is rendered as dbt does when it runs it, and its statements are read like those of a plain script. What
//! cannot be rendered may do anything to whatever it names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headsup_lineage::diagnostic::Position;
use headsup_lineage::name::RelationName;
use headsup_lineage::relation::conditions::Conditions;
use headsup_lineage::relation::{Body, Reference, RelationId, RelationKind, Rung, Writer};

use super::assemble::Assembly;
use super::conditions::Asks;
use super::config;
use super::engine::Run;
use super::graph::Entry;
use super::hook::Hooks;
use super::layout::{self, Package};
use super::nodes::{Node, hook_texts};
use super::relation::TableName;
use super::render::is_template;
use super::rewrite;
use super::scan::{self, Reach};
use super::sought::Sought;
use super::subject::{Captured, Pass, Subject, View};
use super::tokens::{PieceKind, pieces};
use super::values::lock;
use crate::project::sql::written::effects;
use crate::project::written::{Target, Written};

/// What the hooks of a node write beside its own table.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// Where, and what.
    pub(super) list: Vec<Written>,
    /// The texts of those hooks that do nothing else, each with the names of what it writes.
    pub(super) apart: BTreeMap<String, Vec<RelationName>>,
    /// How much of the project they saw.
    pub(super) view: View,
}

impl Writes {
    /// What one of the hooks of a node reads: what it only writes is not read by the node.
    pub(super) fn read(&self, assembly: &Assembly<'_>, node: &Node, hook: &str, captured: &Captured) -> Captured {
        let mut read = captured.clone();
        let Some(names) = self.apart.get(hook) else { return read };
        let package = &node.candidate.package;
        let is_written = |entry: Option<&Entry>| {
            let own = entry.map(|entry| entry.table.name());
            own.is_some_and(|own| {
                names.iter().any(|name| name.table_key() == own.table_key() && name.agreement(&own).is_some())
            })
        };
        read.refs.retain(|call| !is_written(assembly.graph.reference(package, call)));
        read.sources.retain(|(source, table)| !is_written(assembly.graph.source(package, source, table)));
        let table = |parts: &[String]| parts.last().map(|table| table.to_lowercase());
        let written = |parts: &Vec<String>| {
            names.iter().any(|name| table(parts).is_some_and(|table| name.table().to_lowercase() == table))
        };
        read.tables.retain(|parts| !written(parts));
        read
    }
}

/// Where a hook stands, and whose it is.
struct Owner<'a> {
    subject: Arc<Subject>,
    passes: &'a [Pass],
    path: Arc<str>,
    position: Position,
    own: Option<(RelationId, RelationName)>,
}

/// What the hooks of a node write; those that leave its own table as it is are said to.
pub(super) fn of_node(
    assembly: &Assembly<'_>,
    node: &Node,
    table: &TableName,
    hooks: &mut Hooks,
    sought: &Sought,
) -> Writes {
    let mut writes = Writes::default();
    let changing = hooks.changing();
    if changing.is_empty() {
        return writes;
    }
    let mut subject = node.candidate.subject(&node.config);
    subject.this = Some(table.clone());
    let is_incremental = config::text(&node.config, "materialized").as_deref() == Some("incremental");
    let owner = Owner {
        subject: Arc::new(subject),
        passes: if is_incremental { &[Pass::Full, Pass::Incremental] } else { &[Pass::Full] },
        path: Arc::clone(&node.candidate.path),
        position: node.candidate.position,
        own: Some((RelationId::new(node.id.as_str()), table.name())),
    };
    for hook in changing {
        let before = writes.list.len();
        if writes.add(assembly, &owner, &hook, sought) == Does::NothingElse {
            let names = writes.list[before..].iter().filter_map(|written| match &written.target {
                Target::Named(name) => Some(name.clone()),
                Target::Known(_) => None,
            });
            let names = names.collect();
            hooks.spares_own(&hook);
            writes.apart.insert(hook, names);
        }
    }
    writes
}

/// What the hooks of a package write that run before and after all nodes.
pub(super) fn of_runs(assembly: &Assembly<'_>, package: &Package) -> Vec<Written> {
    let mut writes = Writes::default();
    let path: Arc<str> = Arc::from(layout::join(&package.directory, layout::PROJECT_FILE).unwrap_or_default());
    for key in ["on-run-start", "on-run-end"] {
        let hooks = package.settings.get(key).map(hook_texts).unwrap_or_default();
        for (place, hook) in hooks.into_iter().enumerate() {
            let name = format!("{}-{key}-{place}", package.name);
            let subject = Subject {
                id: format!("operation.{}.{name}", package.name),
                resource: "operation",
                package: Arc::clone(&package.name),
                path: Arc::clone(&path),
                fqn: vec![package.name.to_string(), "hooks".to_owned(), name.clone()],
                name,
                ..Subject::default()
            };
            let owner = Owner {
                subject: Arc::new(subject),
                passes: &[Pass::Full],
                path: Arc::clone(&path),
                position: Position::START,
                own: None,
            };
            writes.add(assembly, &owner, hook, &Sought::default());
        }
    }
    writes.list
}

/// What a hook does beside what it writes elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    NothingElse,
    Perhaps,
}

impl Writes {
    fn add(&mut self, assembly: &Assembly<'_>, owner: &Owner<'_>, hook: &str, sought: &Sought) -> Does {
        let (engine, package) = (assembly.engine, &owner.subject.package);
        let reach = scan::reach(engine, package, &[], hook, 0..hook.len(), sought);
        let macros = reach.macros.values().filter(|one| &*one.package != "dbt").map(|one| one.text());
        let texts: Vec<&str> = std::iter::once(hook).chain(macros).collect();
        if !texts.iter().any(|text| may_write(text)) {
            return Does::Perhaps;
        }
        let asks = texts.iter().any(|text| Asks::of(&without_places(text)) > Asks::Nothing);
        let mut rendered: BTreeSet<String> = BTreeSet::new();
        for pass in owner.passes {
            if !is_template(hook) {
                rendered.insert(hook.to_owned());
                continue;
            }
            let run = Run::new(engine, &owner.subject, *pass);
            let template = rewrite::template(hook, &(0..hook.len()), &[], "");
            let printed = run.render(&template, hook);
            run.tell(sought);
            let captured = lock(&run.captured);
            self.view = self.view.max(captured.view);
            rendered.extend(captured.all_run().cloned());
            match printed {
                Ok(text) => rendered.insert(text),
                Err(located) => {
                    self.view = View::Whole;
                    self.list.extend(unrendered(assembly, owner, hook, &reach, &located.message, &[]));
                    return Does::Perhaps;
                }
            };
        }
        // What another answer makes of it is not rendered.
        let apart = || Arc::new(Conditions { apart: Arc::from(texts.join("\n")), ..Conditions::default() });
        let conditions = asks.then(apart);
        let mut does = if asks { Does::Perhaps } else { Does::NothingElse };
        rendered.retain(|text| !text.trim().is_empty());
        let mut seen: Vec<RelationName> = Vec::new();
        for text in &rendered {
            let found = effects(&owner.path, owner.position, text, engine.world.dialect);
            if !found.is_clear {
                does = Does::Perhaps;
            }
            for mut target in found.targets {
                if owner.is_own(&target.name) {
                    does = Does::Perhaps;
                    continue;
                }
                if let Body::Sql { conditions: held, .. } = &mut target.writer.body {
                    held.clone_from(&conditions);
                }
                seen.push(target.name.clone());
                self.list.push(Written {
                    target: Target::Named(target.name),
                    kind: target.kind,
                    rung: target.rung,
                    project: Arc::clone(&engine.world.root),
                    by: owner.own.as_ref().map(|(id, _)| id.clone()),
                    writer: target.writer,
                });
            }
        }
        if asks {
            let reason = "what it does depends on the target, the environment or the warehouse";
            self.list.extend(unrendered(assembly, owner, hook, &reach, reason, &seen));
        }
        if rendered.is_empty() { Does::Perhaps } else { does }
    }
}

impl Owner<'_> {
    fn is_own(&self, name: &RelationName) -> bool {
        self.own.as_ref().is_some_and(|(_, own)| own.table_key() == name.table_key() && own.agreement(name).is_some())
    }
}

/// Whatever a hook names may be what it writes, but for what is seen to be read only, and for what is known to be
/// written.
fn unrendered(
    assembly: &Assembly<'_>,
    owner: &Owner<'_>,
    hook: &str,
    reach: &Reach,
    reason: &str,
    known: &[RelationName],
) -> Vec<Written> {
    let world = &assembly.engine.world;
    let package = &owner.subject.package;
    let refs = reach.refs.iter().filter_map(|(call, at)| Some((assembly.graph.reference(package, call)?, at)));
    let sources = reach.sources.iter();
    let sources = sources.filter_map(|((one, table), at)| Some((assembly.graph.source(package, one, table)?, at)));
    let named: Vec<(&Entry, Option<usize>)> = refs.chain(sources).map(|(entry, at)| (entry, *at)).collect();
    let id = |entry: &Entry| RelationId::new(entry.id.as_str());
    let own = owner.own.as_ref().map(|(own, _)| own);
    let reads: BTreeSet<RelationId> = named.iter().map(|(entry, _)| id(entry)).chain(own.cloned()).collect();
    let is_known = |entry: &Entry| {
        let name = entry.table.name();
        known.iter().any(|known| known.table_key() == name.table_key() && known.agreement(&name).is_some())
    };
    let may_be_written = |(entry, at): &&(&Entry, Option<usize>)| {
        !is_known(entry) && at.is_none_or(|at| stands_for_a_target(hook, at)) && own != Some(&id(entry))
    };
    let mut inputs: Vec<&str> = reach.macros.values().map(|one| one.text()).collect();
    let variables = world.variables_text();
    inputs.push(&variables);
    let inputs: Arc<str> = Arc::from(inputs.join("\n"));
    let others: BTreeSet<RelationId> = named.iter().filter(may_be_written).map(|(entry, _)| id(entry)).collect();
    others
        .into_iter()
        .map(|id| Written {
            target: Target::Known(id),
            kind: RelationKind::Model,
            rung: Rung::Refs,
            project: Arc::clone(&world.root),
            by: own.cloned(),
            writer: Writer {
                path: Arc::clone(&owner.path),
                position: owner.position,
                reads: reads.iter().map(|id| Reference::Id(id.clone(), owner.position)).collect(),
                described: BTreeSet::new(),
                incomplete: reach.incomplete.as_deref().map(Arc::from),
                body: Body::Template {
                    text: Arc::from(hook),
                    inputs: Arc::clone(&inputs),
                    reason: Arc::from(format!("a hook: {reason}")),
                },
                fillings: Vec::new(),
            },
        })
        .collect()
}

/// Whether what a hook names at a place may be what a statement writes: where a statement says what it writes, or where
/// the tag hands the name on to something else.
fn stands_for_a_target(hook: &str, at: usize) -> bool {
    const BEFORE: [&str; 8] = ["into", "update", "table", "view", "truncate", "overwrite", "exists", "only"];
    let Some((before, inside)) = hook.get(..at).and_then(|text| text.rsplit_once("{{")) else { return true };
    if !inside.trim_matches(['-', ' ', '\n']).is_empty() {
        return true;
    }
    let words = before.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let mut words = words.filter(|word| !word.is_empty()).rev().map(str::to_lowercase);
    let last = words.next();
    match last.as_deref() {
        Some("from") => words.next().as_deref() == Some("delete"),
        Some(word) => BEFORE.contains(&word),
        None => true,
    }
}

/// Whether a text has a word by which SQL writes a table.
fn may_write(text: &str) -> bool {
    const WORDS: [&str; 11] =
        ["insert", "update", "delete", "merge", "truncate", "create", "replace", "drop", "alter", "copy", "rename"];
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.into_iter().any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// A template without what it prints of the target: who writes into the target's own schema asks nothing.
fn without_places(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for piece in pieces(text) {
        let words: Vec<&str> = piece.tokens.iter().map(|token| token.text(text)).collect();
        if piece.kind == PieceKind::Print && matches!(words.as_slice(), ["target", ".", _]) {
            left.push_str(&text[from..piece.range.start]);
            from = piece.range.end;
        }
    }
    left.push_str(&text[from..]);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_read_is_not_written() {
        let is_written = |hook: &str| stands_for_a_target(hook, hook.find("ref(").unwrap());
        for hook in [
            "delete from {{ ref('a') }}",
            "update {{- ref('a') }} set x = 1",
            "{% if x %}delete from {{ ref('a') }}{% endif %}",
            "insert into {{ref('a')}} select 1",
            "{{ wipe(ref('a')) }}",
            "{{ ref('a') }}",
        ] {
            assert!(is_written(hook), "{hook}");
        }
        assert!(!is_written("delete from t where x in (select y from {{ ref('a') }})"));
        assert!(!is_written("insert into t select 1 from x join {{ ref('a') }} using (b)"));
    }

    #[test]
    fn printing_where_a_table_stands_is_no_question() {
        assert_eq!(without_places("insert into {{ target.schema }}.log"), "insert into .log");
        assert!(without_places("{% if target.name == 'ci' %}").contains("target"));
    }
}
