//! What a template can find when it asks the warehouse for its tables: those of the schemas that
//! its query names. It must not know what is done with the answer.

use headsup_lineage::dialect::Dialect;
use headsup_lineage::parse::{Token, TokenKind, parse, tokens};
use headsup_lineage::query::StatementKind;

/// A pattern as LIKE has them, in lower case; without `%` and `_`, a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SchemaPattern(String);

impl SchemaPattern {
    /// Whether a schema fits; case never matters in a catalogue's answer.
    pub(super) fn fits(&self, schema: &str) -> bool {
        like(&schema.to_lowercase().chars().collect::<Vec<_>>(), &self.0.chars().collect::<Vec<_>>())
    }
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['%', rest @ ..], _) => (0..=text.len()).any(|skipped| like(&text[skipped..], rest)),
        (['_', rest @ ..], [_, more @ ..]) => like(more, rest),
        ([wanted, rest @ ..], [found, more @ ..]) => wanted == found && like(more, rest),
        _ => false,
    }
}

/// The schema whose tables a query of the catalogue can find; `None` if it may find any.
///
/// The query has to read nothing but the catalogue, and to narrow `table_schema` to a literal on
/// every way through its condition: with an OR or a negated bracket in it, nothing is sure.
pub(super) fn schema_asked(query: &str, dialect: Dialect) -> Option<SchemaPattern> {
    let script = parse(query, dialect);
    let [statement] = script.statements.as_slice() else { return None };
    let of_catalogue = |name: &headsup_lineage::name::RelationName| {
        let keys: Vec<String> = name.keys().map(str::to_lowercase).collect();
        keys.len() > 1 && keys[keys.len() - 2] == "information_schema"
    };
    let only_catalogue = statement.reads.iter().all(|read| of_catalogue(&read.name));
    if statement.kind != StatementKind::Query || statement.reads.is_empty() || !only_catalogue {
        return None;
    }
    let tokens = tokens(query, dialect).ok()?;
    let word = |index: usize| tokens.get(index).map(word).unwrap_or_default();
    let wheres: Vec<usize> = (0..tokens.len()).filter(|index| word(*index) == "where").collect();
    let [condition] = wheres.as_slice() else { return None };
    let doubtful = (*condition..tokens.len())
        .any(|index| matches!(word(index).as_str(), "or" | "case") || (word(index) == "not" && word(index + 1) == "("));
    if doubtful || (0..tokens.len()).any(|index| word(index) == "union") {
        return None;
    }
    (0..tokens.len()).filter(|index| word(*index) == "table_schema").find_map(|index| {
        // `table_schema = 'x'`, also with LOWER or UPPER around either side.
        let folded = |name: usize| matches!(word(name).as_str(), "lower" | "upper") && word(name + 1) == "(";
        let in_call = index >= 2 && folded(index - 2) && word(index + 1) == ")";
        let (before, operator) =
            if in_call { (index.checked_sub(3), index + 2) } else { (index.checked_sub(1), index + 1) };
        let joined = before.is_some_and(|before| matches!(word(before).as_str(), "where" | "and"));
        if !joined || !matches!(word(operator).as_str(), "=" | "like" | "ilike") {
            return None;
        }
        let value = if folded(operator + 1) { operator + 3 } else { operator + 1 };
        let literal = tokens.get(value).filter(|token| token.kind == TokenKind::String)?;
        let text = literal.text.strip_prefix('\'')?.strip_suffix('\'')?.to_lowercase();
        let escaped = word(operator) == "=" && text.contains(['%', '_', '\'']);
        // Under `=` a `_` is a letter; as a pattern it fits more than that, which errs on the safe side.
        (!escaped || !text.contains('%')).then_some(SchemaPattern(text))
    })
}

fn word(token: &Token) -> String {
    match token.kind {
        TokenKind::String => String::new(),
        _ => token.text.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(condition: &str) -> Option<String> {
        let query = format!(
            "select distinct table_schema as s, table_name from db.information_schema.tables where {condition}"
        );
        schema_asked(&query, Dialect::Snowflake).map(|pattern| pattern.0)
    }

    #[test]
    fn a_query_that_narrows_the_schema_finds_its_tables_only() {
        assert_eq!(asked("table_schema ILIKE 'MM_prod' and row_count >= 100").as_deref(), Some("mm_prod"));
        assert_eq!(asked("lower(table_schema) = lower('Raw') and table_name not in ('x')").as_deref(), Some("raw"));
        let query = "select case table_type when 'x' then 1 else 2 end from information_schema.tables where table_schema = 'raw'";
        assert!(schema_asked(query, Dialect::Postgres).is_some());
        assert_eq!(asked("row_count > 1 and table_schema = 'raw'").as_deref(), Some("raw"));
    }

    #[test]
    fn a_query_that_does_not_may_find_any() {
        for condition in [
            "table_name like 'x'",
            "table_schema = 'raw' or row_count > 1",
            "not (table_schema = 'raw')",
            "table_schema <> 'raw'",
            "table_schema = other",
            "not table_schema = 'raw'",
        ] {
            assert_eq!(asked(condition), None, "{condition}");
        }
        assert_eq!(schema_asked("select name from raw.tables where table_schema = 'raw'", Dialect::Snowflake), None);
    }

    #[test]
    fn patterns_fit_as_in_like() {
        let fits = |pattern: &str, schema: &str| SchemaPattern(pattern.to_owned()).fits(schema);
        assert!(fits("mm_%", "MM_Telemetry") && fits("raw", "RAW") && fits("a_c", "abc"));
        assert!(!fits("mm_%", "m") && !fits("raw", "raw2"));
    }
}
