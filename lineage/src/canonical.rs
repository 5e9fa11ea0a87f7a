//! When two queries are the same. Both are brought to a canonical form, in which equal terms have equal
//! ids: names are resolved away, derived tables that only join, filter and project are part of the block
//! that reads them, and the rules of `rules` have made one form of many. Texts that are not understood
//! are compared by their tokens. It must not know what differs.
//!
//! A form claims something about every database that satisfies the declared schema and on which both
//! versions run to the end. What SQL itself leaves open, such as the rows that a LIMIT without a total
//! order keeps, is the same only if the forms are.
//!
//! A function that may give another value at each call is never moved, copied or merged; so is a
//! function of which nothing is known. Written in the same place of the same form, it counts as the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::dependency::{NoSchemas, Proof, Schemas, Shape};
use crate::diagnostic::Position;
use crate::dialect::{CaseRule, Dialect};
use crate::name::{ColumnName, RelationName};
use crate::parse::{Token, TokenKind, tokens};
use crate::query::Queries;
use crate::query::tree::BlockId;
use crate::resolve::{self, resolve};

mod behaviour;
mod empty;
mod lower;
mod normal;
mod order;
mod outline;
pub mod plan;
mod print;
mod rules;
mod strict;
pub(crate) mod substitute;
pub mod term;
pub(crate) mod terms;
pub(crate) mod unique;
pub(crate) mod usage;

pub use plan::{Plan, PlanId};
pub use term::{Term, TermId};
pub use terms::Terms;

/// What is known of the relations that a query names, beyond their columns and keys.
pub trait Relations: Schemas {
    /// What the relation is in its version of the project; equal for two names if they mean the same
    /// relation, on whichever side.
    fn identity(&self, name: &RelationName) -> String {
        name.keys().collect::<Vec<_>>().join(".")
    }

    /// The columns in which NULL can never stand.
    fn not_null(&self, _: &RelationName) -> BTreeSet<ColumnName> {
        BTreeSet::new()
    }

    /// The types that columns are declared with. They are only compared with each other.
    fn types(&self, _: &RelationName) -> BTreeMap<ColumnName, String> {
        BTreeMap::new()
    }

    /// The columns that the other version knows by another name: the name here, and the one there. Under
    /// the one here the other version has no column, nor has this one under the other's.
    fn renamed(&self, _: &RelationName) -> Vec<(ColumnName, ColumnName)> {
        Vec::new()
    }

    /// The foreign keys: for each row whose columns are not NULL there is exactly one in the other relation.
    fn references(&self, _: &RelationName) -> Vec<Reference> {
        Vec::new()
    }
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The referring columns.
    pub columns: Vec<ColumnName>,
    /// The relation that is referred to.
    pub relation: RelationName,
    /// Its columns, which are unique there.
    pub relation_columns: Vec<ColumnName>,
}

impl Relations for NoSchemas {}

impl Relations for BTreeMap<RelationName, Shape> {}

/// A query in its canonical form.
#[derive(Debug, Clone)]
pub struct Canonical {
    /// The form. Two queries whose forms and columns are the same give the same rows.
    pub plan: PlanId,
    /// The columns, in order, without those that only pass through.
    pub columns: Vec<ColumnName>,
    /// The declared facts that the form rests on.
    pub proofs: Vec<Proof>,
    /// Where its parts stand in the text, and what its relations declare.
    side: terms::Side,
    /// The form of each SELECT by itself.
    stages: Vec<PlanId>,
}

impl Canonical {
    /// Whether two queries give the same columns in the same order, and the same rows.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.plan == other.plan && self.columns == other.columns
    }

    /// Where a term stands in the text, as far as that is known.
    #[must_use]
    pub fn position(&self, terms: &Terms, term: TermId) -> Option<Position> {
        const FAR: usize = 64;
        let mut ahead = vec![term];
        for _ in 0..FAR {
            let term = ahead.pop()?;
            if let Some(found) = self.side.origins.get(&term) {
                return Some(*found);
            }
            ahead.extend(terms.term(term).parts().into_iter().rev());
        }
        None
    }

    /// The form of each SELECT by itself, those inside of others before them.
    pub(crate) fn stages(&self) -> &[PlanId] {
        &self.stages
    }

    /// Where a plan begins in the text, as far as that is known.
    #[must_use]
    pub fn plan_position(&self, plan: PlanId) -> Option<Position> {
        self.side.plan_origins.get(&plan).copied()
    }
}

/// Brings a block of a statement to its canonical form.
///
/// # Errors
///
/// Why there is no such form, as a fragment: it is too large, or names are bound to what cannot be.
pub fn canonicalize(
    terms: &mut Terms,
    queries: &Queries,
    root: BlockId,
    relations: &dyn Relations,
) -> Result<Canonical, String> {
    let schemas: &dyn Schemas = relations;
    let resolved = resolve(&queries.tree, [root], schemas);
    if resolved.outcome == resolve::Outcome::GivenUp {
        return Err("it is too large".to_owned());
    }
    terms.begin(&resolved, relations);
    let mut lowering = lower::Lowering::new(terms, &queries.tree, &resolved, relations);
    let plan = lowering.block(root);
    let stages = std::mem::take(&mut lowering.stages);
    if let Some(why) = lowering.refused {
        return Err(why);
    }
    if terms.effort.is_spent() {
        return Err("it is too large".to_owned());
    }
    let columns = resolved.block(root).outputs.iter().map(|column| column.name.clone()).collect();
    let mut side = terms.finish();
    let proofs = std::mem::take(&mut side.proofs);
    Ok(Canonical { plan, columns, proofs, side, stages })
}

/// What a comparison of two texts says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextComparison {
    /// The same bytes.
    Identical,
    /// The same query in another layout.
    SameTokens,
    /// Not shown to be the same.
    Different,
}

/// Compares two texts of one dialect.
#[must_use]
pub fn compare_texts(base: &str, head: &str, dialect: Dialect) -> TextComparison {
    if base == head {
        return TextComparison::Identical;
    }
    match (tokens(base, dialect), tokens(head, dialect)) {
        (Ok(base), Ok(head)) if same_tokens(&base, &head, dialect) => TextComparison::SameTokens,
        // A text that cannot be tokenized is different from any other: nothing is known of it.
        _ => TextComparison::Different,
    }
}

fn same_tokens(base: &[Token], head: &[Token], dialect: Dialect) -> bool {
    let (base, head) = (without_closing_semicolons(base), without_closing_semicolons(head));
    base.len() == head.len() && base.iter().zip(head).all(|(base, head)| same_token(base, head, dialect))
}

/// A statement at the end of a file means the same with and without its semicolon.
fn without_closing_semicolons(tokens: &[Token]) -> &[Token] {
    let end = tokens
        .iter()
        .rposition(|token| token.kind != TokenKind::Punctuation || &*token.text != ";")
        .map_or(0, |last| last + 1);
    &tokens[..end]
}

/// Quoted names, strings and hints are compared to the letter: spaces and case inside them matter.
fn same_token(base: &Token, head: &Token, dialect: Dialect) -> bool {
    if base.kind != head.kind {
        return false;
    }
    match base.kind {
        TokenKind::Keyword => base.text.eq_ignore_ascii_case(&head.text),
        TokenKind::Word => match dialect.relation_case() {
            CaseRule::FoldUpper | CaseRule::FoldLower | CaseRule::Insensitive => {
                base.text.to_lowercase() == head.text.to_lowercase()
            }
            // A bare word may be the name of a table, whose case matters here.
            CaseRule::Sensitive => base.text == head.text,
        },
        TokenKind::Quoted | TokenKind::String | TokenKind::Number | TokenKind::Punctuation | TokenKind::Hint => {
            base.text == head.text
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;

#[cfg(test)]
mod text_tests {
    use super::*;

    fn same(dialect: Dialect, base: &str, head: &str) -> bool {
        compare_texts(base, head, dialect) != TextComparison::Different
    }

    #[test]
    fn layout_comments_and_keyword_case_do_not_matter() {
        for dialect in Dialect::ALL {
            let tidy = "SELECT a, b -- the two\nFROM t /* all\nof it */ WHERE a > 1;\n";
            assert!(same(dialect, "select a,b from t where a>1", tidy), "{dialect}");
        }
    }

    #[test]
    fn what_stands_inside_quotes_matters() {
        for dialect in Dialect::ALL {
            assert!(!same(dialect, "select 'a b'", "select 'a  b'"), "{dialect}");
            assert!(!same(dialect, "select 'a -- b'", "select 'a'"), "{dialect}");
            assert!(!same(dialect, "select 'a'", "select 'A'"), "{dialect}");
        }
        assert!(!same(Dialect::Postgres, "select \"a\" from t", "select \"A\" from t"));
        assert!(!same(Dialect::BigQuery, "select 1 from `t`", "select 1 from `T`"));
    }

    #[test]
    fn the_case_of_a_bare_name_matters_where_the_dialect_says_so() {
        assert!(same(Dialect::Snowflake, "select A from T", "select a from t"));
        assert!(!same(Dialect::BigQuery, "select a from T", "select a from t"));
        assert!(!same(Dialect::ClickHouse, "select A from t", "select a from t"));
    }

    #[test]
    fn signs_are_no_comment() {
        assert!(!same(Dialect::Postgres, "select 1 - -1", "select 1 --1"));
    }

    #[test]
    fn a_closing_semicolon_does_not_matter_but_one_inside_does() {
        assert!(same(Dialect::Postgres, "select 1", "select 1;;\n"));
        assert!(!same(Dialect::Postgres, "delete from t; select 1", "delete from t select 1"));
    }

    #[test]
    fn a_text_that_cannot_be_read_is_only_itself() {
        let torn = "select 'torn";
        assert_eq!(compare_texts(torn, torn, Dialect::Postgres), TextComparison::Identical);
        assert!(!same(Dialect::Postgres, torn, "select  'torn"));
    }
}
