//! FOR over a query: its record is a table that the query fills, and the statements of its body know it.

use std::ops::Range;

use super::super::extract::Place;
use super::super::lexer::Lexeme;
use super::super::measure::{Measured, measure};
use super::super::names::Origin;
use super::super::script::Words;
use super::super::variables;
use super::{Entry, Reader};
use crate::dialect::Dialect;
use crate::query::{Read, ReadRole, Statement};

impl Reader {
    /// Reads what a FOR runs over. What is no query, or was not understood, counts for everything that its
    /// script does, as a condition does.
    pub(super) fn loop_begins(
        &mut self,
        text: &str,
        lexemes: &[Lexeme],
        record: usize,
        over: Range<usize>,
        origin: Origin,
    ) {
        let words = Words { text, lexemes };
        let first = over.clone().find(|index| words.at(*index) != "(").unwrap_or(over.end);
        let is_query = words.is_any(first, &["SELECT", "WITH", "FROM", "VALUES"]);
        let record = variables::key(words.at(record)).filter(|_| is_query);
        let known = record.filter(|record| self.rows_of(text, &lexemes[over.clone()], origin, record));
        if known.is_none() && !over.is_empty() {
            self.expression(text, &lexemes[over], origin);
        }
        self.records.extend(known.clone());
        self.loops.push(known);
    }

    /// Reads the query whose rows a record takes; whether it was understood.
    fn rows_of(&mut self, text: &str, lexemes: &[Lexeme], origin: Origin, record: &str) -> bool {
        let Some(first) = lexemes.first() else { return false };
        let begin = origin.shift(first.position);
        if !matches!(measure(text, lexemes), Measured::Ordinary) {
            return false;
        }
        self.looped = Some(record.to_owned());
        let parsed = self.parsed(text, lexemes, begin, Place::Block, Entry::Statement);
        self.looped = None;
        let table = variables::relation(self.dialect, record);
        match parsed {
            Ok(statements) if statements.iter().all(|(statement, _)| statement.targets == [table.clone()]) => {
                for (statement, _) in statements {
                    self.learn(&statement);
                    self.push(statement);
                }
                true
            }
            _ => false,
        }
    }

    /// Adds the records of the loops around a statement to what it reads, where its queries do not say.
    pub(super) fn read_loops(&self, statement: &mut Statement) {
        if statement.queries.is_some() || statement.targets.is_empty() {
            return;
        }
        for record in self.loops.iter().flatten() {
            let name = variables::relation(self.dialect, record);
            let position = statement.position;
            if !statement.targets.contains(&name) && !statement.reads.iter().any(|read| read.name == name) {
                statement.reads.push(Read { name, role: ReadRole::Table, position });
            }
        }
        statement.reads.sort();
    }

    /// Ends a loop. In PL/pgSQL the record was there before, and holds the last row still.
    pub(super) fn loop_ends(&mut self) {
        let Some(Some(record)) = self.loops.pop() else { return };
        let stays = matches!(self.dialect, Dialect::Postgres | Dialect::Redshift | Dialect::Ansi);
        if !stays && !self.loops.contains(&Some(record.clone())) {
            self.records.remove(&record);
        }
    }
}
