//! Names of relations and columns: the only case folding and quoting. It must not know what a
//! name refers to.
//!
//! Each part of a name keeps how it was written, for people, and a *key*, for comparison. Two
//! names are equal when their keys are; the keys of all dialects share one space, so that one
//! graph can hold a Snowflake project beside a DuckDB one: an unquoted name has its lower-case
//! form as key in every dialect that ignores its case.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use foldhash::quality::RandomState;
use serde::{Serialize, Serializer};

use crate::dialect::{CaseRule, Dialect, QuotedDots};
use crate::hashing::HashMap;

/// How a part of a name was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quoting {
    /// `orders`
    Bare,
    /// `"orders"`, `` `orders` ``, `[orders]`
    Quoted,
}

/// By which keys are hashed; another one in every run.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// One part of a name as written, without its quotes, and its key.
#[derive(Debug, Clone)]
struct Part {
    text: Arc<str>,
    key: Arc<str>,
    /// What it takes to read the printed part back as the same one.
    printed: Quoting,
    /// The hash of the key: names are looked up far more often than they are made.
    hash: u64,
}

impl Part {
    fn new(text: &str, quoting: Quoting, rule: CaseRule) -> Self {
        let key = fold(text, quoting, rule);
        let is_read_back_bare = || quoting == Quoting::Bare || fold(text, Quoting::Bare, rule) == key;
        let printed = if is_plain(text) && is_read_back_bare() { Quoting::Bare } else { Quoting::Quoted };
        let text: Arc<str> = Arc::from(text);
        let key = if *key == *text { Arc::clone(&text) } else { Arc::from(key) };
        let hash = SEED.hash_one(&*key);
        Self { text, key, printed, hash }
    }
}

/// The key of a part under a rule.
///
/// In a dialect that folds to upper case, a quoted name in upper case is what a bare one folds to,
/// and any other quoted name is one that no bare name can mean: its key starts with a quotation mark.
fn fold(text: &str, quoting: Quoting, rule: CaseRule) -> String {
    match (rule, quoting) {
        (CaseRule::Insensitive, _) | (CaseRule::FoldUpper | CaseRule::FoldLower, Quoting::Bare) => text.to_lowercase(),
        (CaseRule::Sensitive, _) | (CaseRule::FoldLower, Quoting::Quoted) => text.to_owned(),
        (CaseRule::FoldUpper, Quoting::Quoted) => {
            if text.chars().any(char::is_lowercase) {
                format!("\"{text}")
            } else {
                text.to_lowercase()
            }
        }
    }
}

/// Whether a part can be printed without quotes and read back as the same part.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | '*' | '@' | '#'))
}

/// The name of a relation: one to four parts, outermost first, such as `analytics.core.orders`.
///
/// Equality, order and hash are those of the keys; the spelling does not take part.
#[derive(Clone)]
pub struct RelationName {
    parts: Arc<[Part]>,
    /// That of the parts.
    hash: u64,
}

impl RelationName {
    /// A name from its parts as written, without their quotes, outermost first.
    ///
    /// An empty part in the middle (`db..orders`) is the dialect's default schema, where it has one;
    /// any other empty part says nothing and is left out.
    pub fn new<'a>(dialect: Dialect, parts: impl IntoIterator<Item = (&'a str, Quoting)>) -> Self {
        let rule = dialect.relation_case();
        let mut read = Vec::new();
        for (text, quoting) in parts {
            if let ("", false, Some(schema)) = (text, read.is_empty(), dialect.default_schema()) {
                read.push(Part::new(schema, Quoting::Bare, rule));
                continue;
            }
            let pieces: Vec<&str> = match (dialect.quoted_dots(), quoting) {
                (QuotedDots::Split, Quoting::Quoted) => text.split('.').collect(),
                _ => vec![text],
            };
            read.extend(
                pieces.into_iter().filter(|piece| !piece.is_empty()).map(|piece| Part::new(piece, quoting, rule)),
            );
        }
        Self::of(read)
    }

    fn of(parts: Vec<Part>) -> Self {
        let hash = parts.iter().fold(0, |hash: u64, part| hash.rotate_left(5) ^ part.hash);
        Self { parts: parts.into(), hash }
    }

    /// A name as people type it on a command line or in a settings file: parts between dots, each
    /// bare or between `"`, `` ` `` or `[` `]`. A quote that is never closed is a character.
    #[must_use]
    pub fn parse(dialect: Dialect, text: &str) -> Self {
        let pieces = split_typed(text.trim());
        Self::new(dialect, pieces.iter().map(|(piece, quoting)| (piece.as_str(), *quoting)))
    }

    /// A name as people type it whose last parts, so many, are a column and fields inside it:
    /// `core.orders.amount`. `None` if that leaves no part for the relation.
    #[must_use]
    pub fn parse_with_column(dialect: Dialect, text: &str, columns: usize) -> Option<(Self, Vec<ColumnName>)> {
        let pieces = split_typed(text.trim());
        let (relation, columns) = pieces.split_at_checked(pieces.len().checked_sub(columns)?)?;
        let relation = Self::new(dialect, relation.iter().map(|(piece, quoting)| (piece.as_str(), *quoting)));
        let columns = columns.iter().map(|(piece, quoting)| ColumnName::new(dialect, piece, *quoting)).collect();
        (!relation.is_empty()).then_some((relation, columns))
    }

    /// A name of bare parts.
    pub fn bare<'a>(dialect: Dialect, parts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(dialect, parts.into_iter().map(|part| (part, Quoting::Bare)))
    }

    /// What reports call something that stands among relations and is none: printed as it is.
    #[must_use]
    pub fn label(text: &str) -> Self {
        Self::of(vec![Part { printed: Quoting::Bare, ..Part::new(text, Quoting::Quoted, CaseRule::Sensitive) }])
    }

    /// How many parts it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether it has no part at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The innermost part as written: the table's own name.
    #[must_use]
    pub fn table(&self) -> &str {
        self.parts.last().map_or("", |part| &part.text)
    }

    /// The keys, outermost first.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.parts.iter().map(|part| &*part.key)
    }

    /// The key of the innermost part.
    #[must_use]
    pub fn table_key(&self) -> &str {
        self.parts.last().map_or("", |part| &part.key)
    }

    /// The innermost part as the name that qualifies columns where no alias is given.
    #[must_use]
    pub fn qualifier(&self, dialect: Dialect) -> Option<ColumnName> {
        self.parts.last().map(|part| ColumnName::new(dialect, &part.text, part.printed))
    }

    /// How many innermost parts it shares with another name, and whether one of the two names ends
    /// there, so that nothing contradicts: `core.orders` and `shop.core.orders` share two.
    #[must_use]
    pub fn agreement(&self, other: &Self) -> Option<usize> {
        let shared = self.keys().rev().zip(other.keys().rev()).take_while(|(mine, theirs)| mine == theirs).count();
        (shared > 0 && shared == self.len().min(other.len())).then_some(shared)
    }

    /// What every table begins with that a wildcard of BigQuery stands for: `events_` of `ds.events_*`.
    #[must_use]
    pub fn wildcard(&self) -> Option<&str> {
        self.table_key().strip_suffix('*')
    }

    /// Whether a wildcard stands for a relation, among others: both say in which schema they are, it is the
    /// same, and the relation begins like the wildcard.
    #[must_use]
    pub fn stands_for(&self, other: &Self) -> bool {
        let begins = self.wildcard().is_some_and(|beginning| other.table_key().starts_with(beginning));
        let outer = |name: &Self| name.keys().rev().skip(1).map(str::to_owned).collect::<Vec<_>>();
        begins && {
            let (mine, theirs) = (outer(self), outer(other));
            !mine.is_empty() && !theirs.is_empty() && mine.iter().zip(&theirs).all(|(mine, theirs)| mine == theirs)
        }
    }

    /// The innermost parts whose keys are wanted, up to the first that is not; `None` if that leaves
    /// nothing.
    #[must_use]
    pub fn innermost_while(&self, wanted: impl Fn(&str) -> bool) -> Option<Self> {
        let kept = self.parts.iter().rev().take_while(|part| wanted(&part.key)).count();
        (kept > 0).then(|| Self::of(self.parts[self.parts.len() - kept..].to_vec()))
    }

    /// The same name with a part in front, bare.
    #[must_use]
    pub fn within(&self, dialect: Dialect, outer: &str) -> Self {
        let first = Part::new(outer, Quoting::Bare, dialect.relation_case());
        Self::of(std::iter::once(first).chain(self.parts.iter().cloned()).collect())
    }
}

/// Splits at dots outside quotes.
fn split_typed(text: &str) -> Vec<(String, Quoting)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let closing = match rest.chars().next() {
            Some('"') => Some('"'),
            Some('`') => Some('`'),
            Some('[') => Some(']'),
            _ => None,
        };
        let quoted = closing.and_then(|closing| {
            let end = rest[1..].find(closing)? + 1;
            let after = &rest[end + 1..];
            (after.is_empty() || after.starts_with('.')).then(|| (rest[1..end].to_owned(), after))
        });
        let after = if let Some((piece, after)) = quoted {
            pieces.push((piece, Quoting::Quoted));
            after
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            pieces.push((rest[..end].to_owned(), Quoting::Bare));
            &rest[end..]
        };
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None => return pieces,
        }
    }
}

impl PartialEq for RelationName {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts) || self.hash == other.hash && self.keys().eq(other.keys())
    }
}

impl Eq for RelationName {}

impl PartialOrd for RelationName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RelationName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.keys().cmp(other.keys())
    }
}

impl Hash for RelationName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

impl fmt::Display for RelationName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                out.write_str(".")?;
            }
            match part.printed {
                Quoting::Bare => out.write_str(&part.text)?,
                Quoting::Quoted => write!(out, "\"{}\"", part.text)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for RelationName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl Serialize for RelationName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The names of columns that a thread made, by how they were written.
type Made = HashMap<(CaseRule, Quoting), HashMap<Box<str>, ColumnName>>;

/// So many are kept of each kind before all are let go of.
const MOST_MADE: usize = 1 << 14;

thread_local! {
    static MADE: RefCell<Made> = RefCell::default();
}

/// The name of a column; equality, order and hash are those of its key. A copy costs a pointer.
#[derive(Clone)]
pub struct ColumnName {
    part: Arc<Part>,
}

impl ColumnName {
    /// A name as written, without its quotes.
    ///
    /// Columns of one name are in most tables, and a thread that made a name makes it of the same memory again.
    #[must_use]
    pub fn new(dialect: Dialect, text: &str, quoting: Quoting) -> Self {
        let rule = dialect.column_case();
        MADE.with_borrow_mut(|made| {
            let made = made.entry((rule, quoting)).or_default();
            if let Some(known) = made.get(text) {
                return known.clone();
            }
            if made.len() >= MOST_MADE {
                made.clear();
            }
            let name = Self { part: Arc::new(Part::new(text, quoting, rule)) };
            made.insert(Box::from(text), name.clone());
            name
        })
    }

    /// As written, without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.part.text
    }

    /// What it is compared by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.part.key
    }
}

impl PartialEq for ColumnName {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.part, &other.part) || self.part.hash == other.part.hash && self.key() == other.key()
    }
}

impl Eq for ColumnName {}

impl PartialOrd for ColumnName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ColumnName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key())
    }
}

impl Hash for ColumnName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.part.hash.hash(state);
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for ColumnName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl Serialize for ColumnName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(dialect: Dialect, text: &str) -> RelationName {
        RelationName::new(dialect, [(text, Quoting::Quoted)])
    }

    fn bare(dialect: Dialect, text: &str) -> RelationName {
        RelationName::bare(dialect, [text])
    }

    #[test]
    fn snowflake_folds_bare_names_to_upper_case() {
        assert_eq!(bare(Dialect::Snowflake, "Orders"), quoted(Dialect::Snowflake, "ORDERS"));
        assert_ne!(bare(Dialect::Snowflake, "orders"), quoted(Dialect::Snowflake, "orders"));
        assert_ne!(quoted(Dialect::Snowflake, "Orders"), quoted(Dialect::Snowflake, "orders"));
    }

    #[test]
    fn postgres_folds_bare_names_to_lower_case() {
        assert_eq!(bare(Dialect::Postgres, "Orders"), quoted(Dialect::Postgres, "orders"));
        assert_ne!(bare(Dialect::Postgres, "ORDERS"), quoted(Dialect::Postgres, "ORDERS"));
    }

    #[test]
    fn case_matters_in_bigquery_for_tables_and_not_for_columns() {
        assert_ne!(bare(Dialect::BigQuery, "Orders"), bare(Dialect::BigQuery, "orders"));
        let column = |text| ColumnName::new(Dialect::BigQuery, text, Quoting::Bare);
        assert_eq!(column("Amount"), column("amount"));
    }

    #[test]
    fn case_never_matters_where_the_dialect_ignores_it() {
        for dialect in [Dialect::DuckDb, Dialect::Trino, Dialect::TSql, Dialect::Redshift, Dialect::Databricks] {
            assert_eq!(bare(dialect, "Orders"), quoted(dialect, "ORDERS"), "{dialect}");
        }
    }

    #[test]
    fn a_bare_name_is_the_same_in_every_dialect_that_ignores_its_case() {
        assert_eq!(bare(Dialect::Snowflake, "ORDERS"), bare(Dialect::DuckDb, "orders"));
        assert_eq!(bare(Dialect::Snowflake, "orders"), bare(Dialect::BigQuery, "orders"));
    }

    #[test]
    fn a_quoted_dot_separates_in_bigquery_only() {
        let name = quoted(Dialect::BigQuery, "my-project.shop.orders");
        assert_eq!(name.len(), 3);
        assert_eq!(name.to_string(), "my-project.shop.orders");
        let name = quoted(Dialect::Postgres, "shop.orders");
        assert_eq!(name.len(), 1);
        assert_eq!(name.to_string(), "\"shop.orders\"");
    }

    #[test]
    fn typed_names_are_split_outside_quotes() {
        let name = RelationName::parse(Dialect::Postgres, r#"shop."a.b".[c d].`e`"#);
        assert_eq!(name.len(), 4);
        assert_eq!(name.to_string(), r#"shop."a.b"."c d".e"#);
        assert_eq!(RelationName::parse(Dialect::Postgres, "\"open").table(), "\"open");
    }

    #[test]
    fn the_last_parts_of_a_typed_name_can_be_a_column() {
        let parsed = |text, columns| {
            RelationName::parse_with_column(Dialect::Postgres, text, columns).map(|(relation, columns)| {
                (relation.to_string(), columns.iter().map(ToString::to_string).collect::<Vec<_>>().join("."))
            })
        };
        let both = |relation: &str, column: &str| Some((relation.to_owned(), column.to_owned()));
        assert_eq!(parsed("core.orders.amount", 1), both("core.orders", "amount"));
        assert_eq!(parsed("orders.\"a.b\".c", 2), both("orders", "a.b.c"));
        assert_eq!(parsed("orders", 1), None);
        assert_eq!(parsed("orders", 2), None);
    }

    #[test]
    fn an_empty_middle_part_is_the_default_schema() {
        let name = |dialect, text| RelationName::parse(dialect, text);
        assert_eq!(name(Dialect::TSql, "db..orders"), name(Dialect::TSql, "db.dbo.orders"));
        assert_eq!(name(Dialect::Snowflake, "db..orders"), name(Dialect::Snowflake, "db.public.orders"));
        assert_eq!(name(Dialect::Postgres, "db..orders"), name(Dialect::Postgres, "db.orders"));
    }

    #[test]
    fn names_agree_on_their_innermost_parts() {
        let name = |text| RelationName::parse(Dialect::Ansi, text);
        assert_eq!(name("core.orders").agreement(&name("shop.core.orders")), Some(2));
        assert_eq!(name("orders").agreement(&name("shop.core.orders")), Some(1));
        assert_eq!(name("raw.orders").agreement(&name("core.orders")), None);
        assert_eq!(name("orders").agreement(&name("customers")), None);
    }

    #[test]
    fn a_printed_name_reads_back_as_itself() {
        for text in ["orders", "core.orders", "\"Core\".orders", "\"a.b\".c"] {
            for dialect in Dialect::ALL {
                let name = RelationName::parse(dialect, text);
                assert_eq!(RelationName::parse(dialect, &name.to_string()), name, "{dialect} {text}");
            }
        }
    }
}
