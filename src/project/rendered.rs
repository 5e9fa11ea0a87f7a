//! The tables that rendered SQL names itself, beside those that its template named with `ref` and
//! `source`: names written out in full, which no template engine sees.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use headsup_lineage::diagnostic::Diagnostic;
use headsup_lineage::name::RelationName;
use headsup_lineage::parse::parse;
use headsup_lineage::query::Reading;
use headsup_lineage::relation::{Body, Reference, Relation, RelationId, Rung, Writer};
use rayon::prelude::*;

use super::Part;

/// The same part with the names of its rendered SQL among what its models read, and on the rung
/// `tables` what does not parse.
pub(super) fn with_named_reads(mut part: Part) -> Part {
    let physical: HashMap<RelationId, Vec<RelationName>> =
        part.relations.iter().map(|relation| (relation.id.clone(), relation.aliases.clone())).collect();
    let found: Vec<Diagnostic> =
        part.relations.par_iter_mut().flat_map_iter(|relation| read_relation(relation, &physical)).collect();
    // Where the warehouse gives no answer, the SQL has gaps, and that it does not parse is no news.
    let asking: BTreeSet<Option<String>> = part
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code == "asks-warehouse")
        .map(|diagnostic| diagnostic.path.clone())
        .collect();
    part.diagnostics.extend(found.into_iter().filter(|diagnostic| !asking.contains(&diagnostic.path)));
    part
}

fn read_relation(relation: &mut Relation, physical: &HashMap<RelationId, Vec<RelationName>>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let own: BTreeSet<&RelationName> = relation.aliases.iter().collect();
    for writer in &mut relation.writers {
        let Body::Sql { dialect, variants, .. } = &writer.body else { continue };
        let mut named = BTreeSet::new();
        let mut found = Vec::new();
        for variant in variants {
            let script = parse(variant, *dialect);
            if script.reading == Reading::Scanned {
                relation.rung = relation.rung.max(Rung::Tables);
            }
            found.extend(script.diagnostics);
            for statement in script.statements {
                named.extend(statement.reads);
                if let Some(reason) = statement.incomplete {
                    writer.incomplete.get_or_insert_with(|| Arc::from(reason));
                }
            }
        }
        diagnostics.extend(first_of_each_code(found, writer));
        let known = given_names(writer, physical);
        let position = writer.position;
        let more = named.into_iter().filter(|read| !known.contains(&read.name) && !own.contains(&read.name));
        writer.reads.extend(more.map(|mut read| {
            read.position = position;
            Reference::Name(read)
        }));
        writer.reads.sort();
        writer.reads.dedup();
    }
    diagnostics
}

/// One finding of each kind for a file: where one statement is not understood, those after it are
/// often not either, and the same SQL comes back in the other variant.
///
/// Places in rendered SQL are no places in the file, so the file's own place is given.
fn first_of_each_code(found: Vec<Diagnostic>, writer: &Writer) -> Vec<Diagnostic> {
    let mut first: BTreeMap<&'static str, Diagnostic> = BTreeMap::new();
    for diagnostic in found {
        first.entry(diagnostic.code).or_insert_with(|| {
            let place = diagnostic.position.map(|place| format!(" (line {} of its rendered SQL)", place.line));
            let message = format!("{}{}", diagnostic.message, place.unwrap_or_default());
            Diagnostic { message, ..diagnostic }.in_file(&*writer.path).at(writer.position)
        });
    }
    first.into_values().collect()
}

/// The names that `ref` and `source` put into the text.
fn given_names(writer: &Writer, physical: &HashMap<RelationId, Vec<RelationName>>) -> BTreeSet<RelationName> {
    let ids = writer.reads.iter().filter_map(|read| match read {
        Reference::Id(id, _) => Some(id),
        Reference::Name(_) => None,
    });
    ids.filter_map(|id| physical.get(id)).flatten().cloned().collect()
}
