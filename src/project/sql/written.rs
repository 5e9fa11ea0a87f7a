//! What a text of SQL builds, fills, empties or alters, without the file of a project around it: what another reader
//! has rendered. It must not know who runs it.

use std::collections::BTreeSet;
use std::sync::Arc;

use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::filling::Places;
use headsup_lineage::name::RelationName;
use headsup_lineage::parse::parse;
use headsup_lineage::parsed::Parsed;
use headsup_lineage::query::{Reading, StatementKind};
use headsup_lineage::relation::{Body, RelationKind, Rung, Writer};

use super::Results;
use super::script::File;

/// A table or a routine that a text writes.
pub(in crate::project) struct Target {
    pub(in crate::project) name: RelationName,
    pub(in crate::project) kind: RelationKind,
    pub(in crate::project) rung: Rung,
    pub(in crate::project) writer: Writer,
}

/// What a text writes, and whether each of its statements is seen to write something.
pub(in crate::project) struct Effects {
    pub(in crate::project) targets: Vec<Target>,
    pub(in crate::project) is_clear: bool,
}

/// What a text of a file does to tables that outlive it. Its places are no places of the file, so that where it is run
/// counts.
pub(in crate::project) fn effects(path: &Arc<str>, position: Position, text: &str, dialect: Dialect) -> Effects {
    let parsed = Arc::new(Parsed::from(parse(text, dialect)));
    let script = parsed.script();
    let file = File { path, text, parsed: &parsed, script: &script, dialect, results: Results::Added };
    let is_parsed = script.reading == Reading::Parsed;
    let writer = |text: Arc<str>| Writer {
        path: Arc::clone(path),
        position,
        reads: Vec::new(),
        described: BTreeSet::new(),
        incomplete: None,
        body: Body::Sql { dialect, variants: vec![text], conditions: None },
        fillings: Vec::new(),
    };
    let filled = file.targets();
    let mut targets = Vec::with_capacity(filled.len());
    for name in &filled {
        let fill = file.fill_of(name);
        let mut writer = writer(fill.text);
        writer.reads = fill.reads;
        writer.incomplete = fill.incomplete.map(Arc::from);
        if is_parsed {
            let mut filling = fill.filling;
            filling.places = Places::Rendering;
            writer.fillings.push(filling);
        }
        let rung = if is_parsed { Rung::Open } else { Rung::Tables };
        targets.push(Target { name: name.clone(), kind: fill.kind, rung, writer });
    }
    // What DDL does to a table that others fill is not worked out.
    let declared: BTreeSet<RelationName> = file.declarations().into_iter().map(|(name, ..)| name).collect();
    for name in declared.into_iter().filter(|name| !filled.contains(name)) {
        let rung = Rung::Tables;
        targets.push(Target { name, kind: RelationKind::Model, rung, writer: writer(Arc::from(text)) });
    }
    let writes = |kind: &StatementKind| {
        matches!(
            kind,
            StatementKind::Build(_) | StatementKind::Fill | StatementKind::Empty | StatementKind::Routine(..)
        )
    };
    let is_clear = is_parsed
        && !script.statements.is_empty()
        && script.statements.iter().all(|statement| {
            writes(&statement.kind) && !statement.targets.is_empty() && statement.incomplete.is_none()
        });
    Effects { targets, is_clear }
}
