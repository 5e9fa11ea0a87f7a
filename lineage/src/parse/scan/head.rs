//! What a statement that did not parse does, from its first words.

use super::Scanner;
use crate::name::{ColumnName, Quoting, RelationName};
use crate::parse::rewrite::MODIFIERS;
use crate::parse::rules::is_temporary;
use crate::parse::schema::{of_column, of_table, spelled};
use crate::query::{Clause, ClauseKind, DeclaredColumn, Lifetime, Nullability, StatementKind, TableSchema};

/// The kind of a statement and its targets, from its first words.
impl Scanner<'_> {
    /// Also returns the index from which relations are read.
    pub(super) fn head(&mut self) -> (StatementKind, Vec<RelationName>, usize) {
        let main = self.main_verb();
        let words = &self.words;
        let first = words.at(main).to_ascii_uppercase();
        match first.as_str() {
            "UPDATE" if words.is(main + 1, "STATISTICS") => (StatementKind::Other, Vec::new(), main + 2),
            "LOAD" => {
                let into = (main..self.end()).find(|index| words.is(*index, "INTO")).unwrap_or(main);
                let at = into + 1 + usize::from(words.is(into + 1, "TABLE"));
                let (targets, at) = self.target(at, main);
                (StatementKind::Fill, targets, at)
            }
            "INSERT" | "MERGE" | "UPDATE" | "UPSERT" | "REPLACE" | "COPY" | "DELETE" | "TRUNCATE" => {
                let empties = matches!(first.as_str(), "DELETE" | "TRUNCATE");
                let mut at = main + 1;
                while self.words.is_any(
                    at,
                    &["INTO", "OVERWRITE", "TABLE", "IGNORE", "OR", "REPLACE", "FROM", "ONLY", "IF", "EXISTS", "LOCAL"],
                ) && self.words.at(at + 1) != "."
                {
                    at += 1;
                }
                let (targets, at) = self.target(at, main);
                (if empties { StatementKind::Empty } else { StatementKind::Fill }, targets, at)
            }
            "CREATE" | "ALTER" => self.create(main),
            "DROP" => {
                let (targets, at) = self.create_target(main);
                let relation = self.words.is_any(main + 1, &["TABLE", "VIEW", "MATERIALIZED", "EXTERNAL", "SNAPSHOT"]);
                (if relation { StatementKind::Drop } else { StatementKind::Other }, targets, at)
            }
            "EXECUTE" | "EXEC" => (StatementKind::Dynamic, Vec::new(), main + 1),
            "SELECT" | "WITH" | "FROM" | "(" | "VALUES" | "EXPORT" | "UNLOAD" | "TABLE" | "PIVOT" | "UNPIVOT" => {
                (StatementKind::Query, Vec::new(), 0)
            }
            _ => {
                let queries = (0..self.end()).any(|index| self.words.is_any(index, &["SELECT", "FROM"]));
                (if queries { StatementKind::Query } else { StatementKind::Other }, Vec::new(), 0)
            }
        }
    }

    /// The index of the verb: after the CTEs of `WITH … INSERT`.
    fn main_verb(&self) -> usize {
        if !self.words.is(0, "WITH") {
            return 0;
        }
        let mut depth = 0_usize;
        for index in 0..self.end() {
            match self.words.at(index) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                _ if self.words.is_any(index, &["INSERT", "MERGE", "UPDATE", "DELETE"]) => return index,
                _ if self.words.is(index, "SELECT") => return 0,
                _ => {}
            }
        }
        0
    }

    /// A target, and where reading goes on; what stands before the verb is read as well.
    fn target(&mut self, at: usize, main: usize) -> (Vec<RelationName>, usize) {
        let Some((name, after, _)) = self.name(at) else { return (Vec::new(), main) };
        if main > 0 {
            // The CTEs before the verb; the target itself is then no read.
            self.walk_before(main);
        }
        (vec![name], after)
    }

    fn walk_before(&mut self, end: usize) {
        let lexemes = self.words.lexemes;
        self.words.lexemes = lexemes.get(..end).unwrap_or(lexemes);
        self.walk(0);
        self.words.lexemes = lexemes;
    }

    fn create_target(&mut self, main: usize) -> (Vec<RelationName>, usize) {
        let mut at = main + 1;
        let leads_on = |at: usize| {
            self.words.is_any(at, &MODIFIERS)
                || self.words.is_any(at, &["TABLE", "VIEW", "MODEL", "IF", "NOT", "EXISTS"])
        };
        while leads_on(at) && self.words.at(at + 1) != "." {
            at += 1;
        }
        match self.name(at) {
            Some((name, after, _)) => (vec![name], after),
            None => (Vec::new(), at),
        }
    }

    fn create(&mut self, main: usize) -> (StatementKind, Vec<RelationName>, usize) {
        let (targets, at) = self.create_target(main);
        let relation = (main..at).any(|index| self.words.is_any(index, &["TABLE", "VIEW", "MODEL"]));
        if !relation {
            return (StatementKind::Other, Vec::new(), at);
        }
        let temporary = (main..at).any(|index| self.words.is_any(index, &["TEMP", "TEMPORARY", "VOLATILE"]))
            || targets.first().is_some_and(|name| is_temporary(self.dialect, name));
        let lifetime = if temporary { Lifetime::Temporary } else { Lifetime::Permanent };
        if self.words.is(main, "ALTER") {
            let has = |wanted: &[&str]| (at..self.end()).any(|index| self.words.is_any(index, wanted));
            if has(&["DELETE"]) {
                return (StatementKind::Empty, targets, at);
            }
            let swaps = has(&["SWAP", "RENAME", "SWITCH", "APPEND", "UPDATE", "ATTACH"]);
            if swaps {
                return (StatementKind::Fill, targets, at);
            }
            let alters = (main..at).any(|index| self.words.is(index, "TABLE"));
            if !alters || self.keeps_all(at) {
                return (StatementKind::Other, targets, at);
            }
            let added = self.added_columns(at);
            let said = if added.clauses.is_empty() { self.said(main) } else { added };
            return (StatementKind::Alter(said), targets, at);
        }
        let is_command = |index: usize| {
            self.words.is(index, "AS")
                && self.words.is_any(index + 1, &["TABLE", "PIVOT", "UNPIVOT", "SUMMARIZE"])
                && self.is_name(index + 2)
        };
        let builds = (at..self.end())
            .any(|index| self.words.is_any(index, &["SELECT", "CLONE", "COPY", "FROM"]) || is_command(index));
        let kind =
            if builds { StatementKind::Build(lifetime) } else { StatementKind::Declare(lifetime, self.said(main)) };
        (kind, targets, at)
    }

    /// All words of a statement as something that it says of its table.
    fn said(&self, main: usize) -> TableSchema {
        let words: Vec<&str> = (main..self.end()).map(|index| self.words.at(index)).collect();
        TableSchema { clauses: vec![of_table(&closed_up(&words))], ..TableSchema::default() }
    }

    /// Whether what stands behind the name of an altered table is about how it is described, stored or owned.
    fn keeps_all(&self, at: usize) -> bool {
        const SET: [&str; 10] = [
            "CHANGE_TRACKING",
            "COMMENT",
            "DATA_RETENTION_TIME_IN_DAYS",
            "MAX_DATA_EXTENSION_TIME_IN_DAYS",
            "OPTIONS",
            "OWNER",
            "STATISTICS",
            "TABLESPACE",
            "TAG",
            "TBLPROPERTIES",
        ];
        let words = &self.words;
        // Rows may expire, and values be rounded, by properties of a table.
        let tells = |index: usize| {
            let word = words.at(index).to_ascii_lowercase();
            ["expir", "ttl", "round", "collat"].iter().any(|part| word.contains(part))
        };
        let of_column = at + 2 + usize::from(words.is(at + 1, "COLUMN"));
        let keeps = match words.at(at).to_ascii_uppercase().as_str() {
            "SET" | "UNSET" => words.is_any(at + 1, &SET),
            "OWNER" | "CLUSTER" | "SUSPEND" | "RESUME" => true,
            "ALTER" | "MODIFY" | "CHANGE" => {
                words.is_any(at + 1, &["DISTSTYLE", "DISTKEY", "SORTKEY", "COMPOUND", "INTERLEAVED"])
                    || words.is_any(of_column, &["COMMENT", "ENCODE"])
                    || words.is_any(of_column, &["SET", "UNSET"]) && words.is_any(of_column + 1, &SET)
            }
            _ => false,
        };
        keeps && !(at..self.end()).any(tells)
    }

    /// What `ADD COLUMNS (a INT, b STRING)` of Hive adds.
    fn added_columns(&self, at: usize) -> TableSchema {
        let words = &self.words;
        let mut added = TableSchema::default();
        if !(words.is(at, "ADD") && words.is_any(at + 1, &["COLUMN", "COLUMNS"]) && words.at(at + 2) == "(") {
            return added;
        }
        let (mut depth, mut from) = (1_usize, at + 3);
        for index in at + 3..self.end() {
            match words.at(index) {
                "(" | "<" => depth += 1,
                ")" | ">" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 || depth == 1 && words.at(index) == "," {
                added.clauses.extend(self.added_column(from, index));
                from = index + 1;
            }
            if depth == 0 {
                break;
            }
        }
        added
    }

    fn added_column(&self, from: usize, end: usize) -> Option<Clause> {
        let name = self.words.at(from);
        let bare = name.trim_matches(['`', '"', '[', ']']);
        let quoting = if bare == name { Quoting::Bare } else { Quoting::Quoted };
        let column = ColumnName::new(self.dialect, bare, quoting);
        let data_type: Vec<&str> = (from + 1..end).map(|index| self.words.at(index)).collect();
        let data_type = spelled(&closed_up(&data_type));
        let text = format!("ADD COLUMN {name} {data_type}");
        let declared = DeclaredColumn { name: column.clone(), data_type, nullability: Nullability::Nullable };
        (from < end).then(|| of_column(column, ClauseKind::Adds(declared), &text))
    }
}

/// Words as people write them.
fn closed_up(words: &[&str]) -> String {
    const CLOSER: [(&str, &str); 8] =
        [(" . ", "."), (" ( ", "("), ("( ", "("), (" )", ")"), (" , ", ", "), (" < ", "<"), (" >", ">"), (" : ", ":")];
    CLOSER.iter().fold(words.join(" "), |text, (apart, close)| text.replace(apart, close))
}
