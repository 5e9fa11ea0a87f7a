//! What one file's statements build, and from what: temporary tables stay inside the file.

use std::collections::BTreeSet;
use std::sync::Arc;

use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::filling::{Filling, Order, Places, Target, is_same_local};
use headsup_lineage::name::RelationName;
use headsup_lineage::parse::parse;
use headsup_lineage::parsed::Parsed;
use headsup_lineage::query::{Lifetime, Script, Statement, StatementKind, TableSchema};
use headsup_lineage::relation::{Reference, RelationKind};

use super::Results;

/// A file and its statements.
pub(super) struct File<'a> {
    pub(super) path: &'a Arc<str>,
    pub(super) text: &'a str,
    pub(super) parsed: &'a Arc<Parsed>,
    /// Its statements.
    pub(super) script: &'a Script,
    pub(super) dialect: Dialect,
    pub(super) results: Results,
}

/// What a file does for one relation.
pub(super) struct Fill {
    pub(super) kind: RelationKind,
    pub(super) position: Position,
    pub(super) reads: Vec<Reference>,
    pub(super) incomplete: Option<String>,
    /// The part of the file that decides what the relation holds.
    pub(super) text: Arc<str>,
    /// The same, by its statements.
    pub(super) filling: Filling,
}

/// What a file says of the columns and keys of a relation.
#[derive(Debug, Clone)]
pub(super) enum Said {
    /// CREATE TABLE: these.
    All(TableSchema),
    /// ALTER TABLE: these beside others, and what becomes of those.
    More(TableSchema),
    /// DROP TABLE, by a file that does not build it itself.
    Gone,
}

impl File<'_> {
    /// The relations outside the file that it builds, fills or empties, and its routines.
    pub(super) fn targets(&self) -> BTreeSet<RelationName> {
        let temporary = self.temporaries();
        self.script
            .statements
            .iter()
            .filter(|statement| matches!(fills(statement), Fills::Relation | Fills::Routine))
            .flat_map(|statement| &statement.targets)
            .filter(|target| !is_among(target, &temporary))
            .cloned()
            .collect()
    }

    /// The relations that it declares with columns or keys, or whose columns or keys it alters.
    pub(super) fn declarations(&self) -> Vec<(RelationName, Position, Said)> {
        let temporary = self.temporaries();
        let mut declared = Vec::new();
        for statement in &self.script.statements {
            let said = match &statement.kind {
                StatementKind::Declare(Lifetime::Permanent, schema) => Said::All(schema.clone()),
                StatementKind::Alter(altered) => Said::More(altered.clone()),
                StatementKind::Drop => Said::Gone,
                _ => continue,
            };
            let is_own = |target: &RelationName| matches!(said, Said::Gone) && self.is_built(target, |_| true);
            for target in statement.targets.iter().filter(|target| !is_among(target, &temporary) && !is_own(target)) {
                declared.push((target.clone(), statement.position, said.clone()));
            }
        }
        declared
    }

    /// What the file does for one of its targets.
    pub(super) fn fill_of(&self, target: &RelationName) -> Fill {
        let statements =
            self.behind(|statement| !matches!(fills(statement), Fills::Nothing) && statement.targets.contains(target));
        let routine =
            statements.iter().any(|index| matches!(self.script.statements[*index].kind, StatementKind::Routine(..)));
        let kind = if routine { RelationKind::Routine } else { RelationKind::Model };
        self.fill(kind, &statements, Target::Named(target.clone()))
    }

    /// The file as a query that is nobody's body: its last one, and the temporary tables behind it.
    pub(super) fn bare_query(&self) -> Option<Fill> {
        let last = self.script.statements.iter().rposition(|statement| statement.kind == StatementKind::Query)?;
        let start = self.script.statements[last].position;
        let statements = self.behind(|statement| statement.position == start);
        let target = match self.results {
            Results::Added => Target::Part,
            Results::Replaced => Target::Whole,
        };
        Some(self.fill(RelationKind::Model, &statements, target))
    }

    /// A file that only runs text built at run time: it fills what its path says, for want of better.
    pub(super) fn dynamic(&self) -> Option<Fill> {
        let is_dynamic = |statement: &Statement| statement.kind == StatementKind::Dynamic;
        self.script.statements.iter().any(is_dynamic).then(|| {
            let all = (0..self.script.statements.len()).collect();
            let mut fill = self.fill(RelationKind::Model, &all, Target::Part);
            fill.incomplete.get_or_insert_with(|| "it runs SQL that it builds at run time".to_owned());
            fill
        })
    }

    /// A file that fills a table whose name a template gives: the one that its path says, for want of
    /// better.
    pub(super) fn nameless(&self) -> Option<Fill> {
        let is_nameless =
            |statement: &Statement| statement.targets.is_empty() && matches!(fills(statement), Fills::Relation);
        self.script
            .statements
            .iter()
            .any(is_nameless)
            .then(|| self.fill(RelationKind::Model, &(0..self.script.statements.len()).collect(), Target::Part))
    }

    /// The statements that are wanted, those that fill the temporary tables that they read, and
    /// those that steer the script.
    fn behind(&self, wanted: impl Fn(&Statement) -> bool) -> BTreeSet<usize> {
        let temporary = self.temporaries();
        let all = &self.script.statements;
        let mut behind: BTreeSet<usize> = (0..all.len()).filter(|index| wanted(&all[*index])).collect();
        behind.extend((0..all.len()).filter(|index| self.steers(&all[*index])));
        let mut ahead: Vec<usize> = behind.iter().copied().collect();
        while let Some(index) = ahead.pop() {
            for read in all[index].reads.iter().filter(|read| is_among(&read.name, &temporary)) {
                for (other, statement) in all.iter().enumerate() {
                    let fills_it = statement.targets.iter().any(|target| is_same_local(target, &read.name));
                    if fills_it && behind.insert(other) {
                        ahead.push(other);
                    }
                }
            }
        }
        behind
    }

    /// Whether a statement decides what the others do: it sets a variable, runs text built at run
    /// time, or is the condition of an IF. A query that stands for itself shows its rows to nobody.
    fn steers(&self, statement: &Statement) -> bool {
        match statement.kind {
            StatementKind::Other | StatementKind::Dynamic => true,
            StatementKind::Query => !self.stands_for_itself(statement),
            _ => false,
        }
    }

    fn stands_for_itself(&self, query: &Statement) -> bool {
        let Some(start) = offset(self.text, query.position) else { return false };
        let (before, own) = self.text.split_at(start);
        let first_word = own.trim_start_matches('(').split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let starts_query = ["select", "with", "from", "values", "table"];
        let is_query = starts_query.iter().any(|word| first_word.eq_ignore_ascii_case(word));
        is_query && before.trim_end().chars().next_back().is_none_or(|last| last == ';')
    }

    fn fill(&self, kind: RelationKind, statements: &BTreeSet<usize>, target: Target) -> Fill {
        let temporary = self.temporaries();
        let chosen = || statements.iter().map(|index| &self.script.statements[*index]);
        let reads: BTreeSet<Reference> = chosen()
            .flat_map(|statement| &statement.reads)
            .filter(|read| !is_among(&read.name, &temporary))
            .map(|read| Reference::Name(read.clone()))
            .collect();
        let position = chosen()
            .filter(|statement| !matches!(statement.kind, StatementKind::Other | StatementKind::Dynamic))
            .map(|statement| statement.position)
            .max()
            .unwrap_or(Position::START);
        Fill {
            kind,
            position,
            reads: reads.into_iter().collect(),
            incomplete: chosen().find_map(|statement| statement.incomplete.clone()),
            text: self.text_of(statements),
            filling: Filling {
                text: Arc::clone(self.parsed),
                statements: statements.iter().copied().collect(),
                target,
                order: self.order(statements, &temporary),
                local: temporary,
                places: Places::File,
            },
        }
    }

    /// Whether statements run one after the other, each once; it matters only for tables that they
    /// fill and read among themselves.
    fn order(&self, statements: &BTreeSet<usize>, temporary: &BTreeSet<RelationName>) -> Order {
        let is_alone = |index: &usize| self.own_text(*index).is_some();
        if temporary.is_empty() || statements.iter().all(is_alone) { Order::Straight } else { Order::Branching }
    }

    /// The names that mean something inside the file only: temporary tables, and tables that the
    /// file drops when it is done with them.
    fn temporaries(&self) -> BTreeSet<RelationName> {
        let mut temporary = BTreeSet::new();
        for statement in &self.script.statements {
            // A table variable of T-SQL is one of its script, wherever it was declared.
            temporary.extend(statement.targets.iter().filter(|name| name.table().starts_with('@')).cloned());
            match statement.kind {
                StatementKind::Build(Lifetime::Temporary)
                | StatementKind::Routine(Lifetime::Temporary, _)
                | StatementKind::Declare(Lifetime::Temporary, _) => {
                    temporary.extend(statement.targets.iter().cloned());
                }
                StatementKind::Drop => {
                    let built_before = |name: &&RelationName| self.is_built(name, |other| other < statement.position);
                    let built_after = |name: &&RelationName| self.is_built(name, |other| other > statement.position);
                    let done_with = statement.targets.iter().filter(built_before).filter(|name| !built_after(name));
                    temporary.extend(done_with.cloned());
                }
                _ => {}
            }
        }
        temporary
    }

    fn is_built(&self, name: &RelationName, when: impl Fn(Position) -> bool) -> bool {
        self.script.statements.iter().any(|statement| {
            matches!(statement.kind, StatementKind::Build(_) | StatementKind::Declare(..))
                && statement.targets.contains(name)
                && when(statement.position)
        })
    }

    /// The text of some statements, where each stands for itself; the whole file where it does not,
    /// as inside IF and LOOP: a condition around a statement decides about it too.
    fn text_of(&self, statements: &BTreeSet<usize>) -> Arc<str> {
        if statements.len() == self.script.statements.len() {
            return Arc::from(self.text);
        }
        let mut text = String::new();
        for index in statements {
            match self.own_text(*index) {
                Some(own) => text.push_str(own),
                None => return Arc::from(self.text),
            }
        }
        Arc::from(text)
    }

    fn own_text(&self, index: usize) -> Option<&str> {
        let statement = &self.script.statements[index];
        let start = offset(self.text, statement.position)?;
        let end = match self.script.statements.get(index + 1) {
            Some(next) => offset(self.text, next.position)?,
            None => self.text.len(),
        };
        let own = self.text.get(start..end)?;
        let alone = parse(own, self.dialect);
        match alone.statements.as_slice() {
            [one] if one.kind == statement.kind && one.targets == statement.targets => {
                own.trim_end().ends_with(';').then_some(own).or((end == self.text.len()).then_some(own))
            }
            _ => None,
        }
    }
}

enum Fills {
    Relation,
    Routine,
    Nothing,
}

fn fills(statement: &Statement) -> Fills {
    match statement.kind {
        StatementKind::Build(Lifetime::Permanent) | StatementKind::Fill | StatementKind::Empty => Fills::Relation,
        StatementKind::Routine(Lifetime::Permanent, _) => Fills::Routine,
        StatementKind::Build(Lifetime::Temporary)
        | StatementKind::Routine(Lifetime::Temporary, _)
        | StatementKind::Query
        | StatementKind::Declare(..)
        | StatementKind::Alter(_)
        | StatementKind::Drop
        | StatementKind::Dynamic
        | StatementKind::Other => Fills::Nothing,
    }
}

fn is_among(name: &RelationName, temporary: &BTreeSet<RelationName>) -> bool {
    temporary.contains(name) || temporary.iter().any(|other| is_same_local(other, name))
}

/// The byte offset of a place in a text.
fn offset(text: &str, position: Position) -> Option<usize> {
    let line = usize::try_from(position.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(position.column).ok()?.checked_sub(1)?;
    let start = match line {
        0 => 0,
        _ => text.match_indices('\n').nth(line - 1)?.0 + 1,
    };
    let (within, _) = text[start..].char_indices().chain([(text.len() - start, ' ')]).nth(column)?;
    Some(start + within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_offset() {
        let text = "é\nab\n";
        assert_eq!(offset(text, Position::new(1, 2)), Some(2));
        assert_eq!(offset(text, Position::new(2, 2)), Some(4));
        assert_eq!(offset(text, Position::new(3, 1)), Some(6));
        assert_eq!(offset(text, Position::new(9, 1)), None);
    }
}
