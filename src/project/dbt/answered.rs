//! What a template reads that asks the warehouse while it compiles, as far as its questions show it.
//! It must not know how the SQL that comes out is read.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use headsup_lineage::parse::{TokenKind, parse, tokens};
use headsup_lineage::query::StatementKind;

use super::assemble::Assembly;
use super::rewrite::Rewritten;
use super::scan::{self, Reach};
use super::sentinel::{Sample, has_answer, is_answer, spelled};
use super::sought::Sought;
use super::subject::{Asked, Captured, Pass, RefCall, Subject};
use super::world::TARGET_SCHEMA;
use super::{answer, question};

/// A template that asked, and what it asked.
pub(super) struct Asking<'a> {
    /// What is rendered.
    pub(super) subject: &'a Arc<Subject>,
    /// Its file, and where in it the template stands.
    pub(super) file: &'a Arc<str>,
    pub(super) body: &'a Range<usize>,
    pub(super) template: &'a Rewritten,
    /// How it was rendered.
    pub(super) passes: &'a [Pass],
    /// The queries whose results it asked for.
    pub(super) queries: &'a BTreeSet<String>,
    /// What it and the macros that it reaches name.
    pub(super) reach: &'a Reach,
    /// What is sought for it.
    pub(super) sought: &'a Sought,
}

/// What a template reads because of what it asks, or may read if the answers are such.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) ids: BTreeSet<String>,
    pub(super) tables: BTreeSet<Vec<String>>,
    pub(super) refs: BTreeSet<RefCall>,
    pub(super) sources: BTreeSet<(String, String)>,
    pub(super) captured: Vec<Captured>,
    /// Queries for the rows of tables.
    data: BTreeSet<String>,
}

impl Assembly<'_> {
    /// What a template reads because of what it asks; `None` if it may be anything.
    pub(super) fn answers(&self, asking: &Asking<'_>) -> Option<Answers> {
        let mut answers = Answers::default();
        for query in asking.queries {
            self.take(query, asking, &mut answers);
        }
        if !answers.data.is_empty() {
            self.no_answer_names_a_table(asking, &mut answers)?;
        }
        Some(answers)
    }

    fn own<'a>(&self, asking: &'a Asking<'_>) -> &'a str {
        asking.subject.this.as_ref().and_then(|table| table.identifier.as_deref()).unwrap_or_default()
    }

    fn take(&self, query: &str, asking: &Asking<'_>, answers: &mut Answers) {
        let dialect = self.engine.world.dialect;
        if let Some(reads) = question::read_to_change(self.own(asking), query, dialect) {
            answers.tables.extend(reads);
        } else if let Some(ids) = self.nodes_found_by(query) {
            answers.ids.extend(ids);
        } else {
            answers.data.insert(query.to_owned());
        }
    }

    /// Adds what a template reads that asks for rows, if no answer can name a table.
    ///
    /// No place where its text names a table can be an answer's: [`answer::names`]. What is left are answers
    /// that hold a query themselves. Such an answer would stand in the SQL as a word of its own, neither in
    /// quotes nor as a part or a declaration of a name. So it is rendered with answers that stand out, and where one
    /// of them stands alone, all that was asked has to be of a kind that is no SQL: the results of aggregates, what the
    /// catalogue says of columns, or the rows of a seed that can be looked at.
    fn no_answer_names_a_table(&self, asking: &Asking<'_>, answers: &mut Answers) -> Option<()> {
        let Asking { subject, file, body, template, passes, reach, sought, .. } = asking;
        let render = |pass| self.renderings.render(self.engine, subject, pass, (file, body), template, sought);
        if reach.incomplete.is_some() {
            return None;
        }
        let mut names = answer::names(file, (*body).clone())?;
        for one in reach.macros.values().filter(|one| &*one.package != "dbt") {
            names.extend(answer::names(&one.file, one.outer.clone())?);
        }
        // A branch that no rendering took may name what another answer would lead to.
        let own = scan::template(file, (*body).clone());
        answers.refs.extend(own.refs.into_iter().map(|(call, _)| call));
        answers.sources.extend(reach.sources.keys().cloned());
        let entries =
            self.graph.nodes.iter().flat_map(|(name, entries)| entries.iter().map(move |entry| (name, entry)));
        let named = entries.filter(|(name, entry)| {
            let called = entry.table.identifier.as_deref().map(str::to_lowercase);
            names.contains(&name.to_lowercase()) || called.is_some_and(|called| names.contains(&called))
        });
        answers.ids.extend(named.map(|(_, entry)| entry.id.clone()));
        let mut stands_alone = false;
        for (pass, sample) in passes.iter().flat_map(|pass| Sample::TEXTS.map(|sample| (pass, sample))) {
            let (result, captured) = render(pass.answered(sample));
            stands_alone |= result.is_err();
            let texts = captured.queries.iter().map(String::as_str).chain(result.as_deref().ok());
            for text in texts {
                stands_alone |= self.has_lone_answer(text);
            }
            answers.captured.push(captured);
        }
        if stands_alone {
            for pass in *passes {
                answers.captured.push(render(pass.answered(Sample::Number)).1);
            }
        }
        let captured = std::mem::take(&mut answers.captured);
        for one in &captured {
            let is_named = |texts: &[&str]| texts.iter().any(|text| spelled(text).is_some());
            if matches!(one.asked, Some(Asked::Tables(_)))
                || one.refs.iter().any(|call| is_named(&[&call.name]))
                || one.sources.iter().any(|(source, table)| is_named(&[source, table]))
                || one.tables.iter().flatten().any(|part| is_named(&[part]))
            {
                return None;
            }
            for query in &one.queries {
                match spelled(query) {
                    // What one answer asks for further is a question for rows, of whatever tables.
                    Some(query) => {
                        answers.data.insert(query);
                    }
                    None => self.take(query, asking, answers),
                }
            }
        }
        answers.captured = captured;
        for query in std::mem::take(&mut answers.data) {
            let reads = self.rows_asked_for(&query, self.own(asking))?;
            if stands_alone && !self.answers_no_sql(&query, &reads) {
                return None;
            }
            answers.tables.extend(reads);
        }
        Some(())
    }

    /// Whether an answer stands in a text as a word of its own, where an expression may be.
    fn has_lone_answer(&self, text: &str) -> bool {
        let Some(text) = spelled(text) else { return false };
        let Ok(tokens) = tokens(&text, self.engine.world.dialect) else { return true };
        let mut before = "";
        for token in &tokens {
            let stands_alone =
                token.kind == TokenKind::Word && is_answer(&token.text) && !matches!(before, "AS" | "as" | ".");
            if stands_alone {
                return true;
            }
            before = &token.text;
        }
        false
    }

    /// The tables whose rows a query asks for, but for the model's own; `None` if that is not clear.
    fn rows_asked_for(&self, query: &str, own: &str) -> Option<BTreeSet<Vec<String>>> {
        let script = parse(query, self.engine.world.dialect);
        let [statement] = script.statements.as_slice() else { return None };
        if statement.kind != StatementKind::Query || statement.incomplete.is_some() {
            return None;
        }
        let mut reads = BTreeSet::new();
        for read in &statement.reads {
            let keys: Vec<String> = read.name.keys().map(str::to_owned).collect();
            if keys.iter().any(|key| has_answer(key)) {
                return None;
            }
            if !keys.last().is_some_and(|key| key.eq_ignore_ascii_case(own)) {
                reads.insert(keys);
            }
        }
        Some(reads)
    }

    /// Whether what a query gives back cannot be SQL.
    fn answers_no_sql(&self, query: &str, reads: &BTreeSet<Vec<String>>) -> bool {
        let of_columns = |keys: &Vec<String>| match keys.as_slice() {
            [.., schema, table] => {
                schema.eq_ignore_ascii_case("information_schema")
                    && ["columns", "tables", "schemata"].iter().any(|known| table.eq_ignore_ascii_case(known))
            }
            _ => false,
        };
        let is_read = !reads.is_empty();
        question::gives_aggregates(query, self.engine.world.dialect)
            || is_read && reads.iter().all(of_columns)
            || is_read && reads.iter().all(|keys| self.is_seed_without_sql(keys))
    }

    /// Whether a name can only mean seeds, and none of them has a query in it.
    fn is_seed_without_sql(&self, keys: &[String]) -> bool {
        let Some(name) = keys.last() else { return false };
        let is_called = |called: Option<&str>| called.is_some_and(|called| called.eq_ignore_ascii_case(name));
        let sources = self.graph.sources.values().flatten();
        if sources.into_iter().any(|entry| is_called(entry.table.identifier.as_deref())) {
            return false;
        }
        let mut found = self.graph.listed.iter().filter(|(_, table)| is_called(table.identifier.as_deref())).peekable();
        found.peek().is_some()
            && found.all(|(node, _)| {
                node.id.starts_with("seed.")
                    && self.snapshot.text(&node.candidate.path).is_ok_and(|text| !has_query(&text))
            })
    }

    /// The nodes that a query for tables can find; `None` if that cannot be told.
    ///
    /// A schema that a source is declared in is one that others fill: no node of the project lands there
    /// because of a target that is not known. What is sought in a schema that the target names is there
    /// under the same target.
    fn nodes_found_by(&self, query: &str) -> Option<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for sought in question::tables_sought(query, self.engine.world.dialect)? {
            let sources = self.graph.sources.values().flatten();
            let is_of_sources =
                sources.filter_map(|entry| entry.table.schema.as_deref()).any(|schema| sought.schema.fits(schema));
            for entry in self.graph.nodes.values().flatten() {
                let named = entry.table.identifier.as_deref().unwrap_or_default();
                if sought.tables.as_ref().is_some_and(|tables| !tables.iter().any(|table| table.fits(named))) {
                    continue;
                }
                let schema = entry.table.schema.as_deref();
                let is_there = match schema.filter(|schema| !schema.contains(TARGET_SCHEMA)) {
                    Some(schema) => sought.schema.fits(schema),
                    None if sought.schema.has(TARGET_SCHEMA) => schema.is_none_or(|schema| sought.schema.fits(schema)),
                    None if is_of_sources => false,
                    None if sought.tables.is_some() => true,
                    None => return None,
                };
                if is_there {
                    found.insert(entry.id.clone());
                }
            }
        }
        Some(found)
    }
}

/// Whether a text has a query in it.
fn has_query(text: &str) -> bool {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.into_iter().any(|word| word.eq_ignore_ascii_case("select"))
}
