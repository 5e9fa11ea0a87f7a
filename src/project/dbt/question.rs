//! What a template can find when it asks the warehouse for its tables: those of the schemas that
//! its query names. It must not know what is done with the answer.

use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::RelationName;
use headsup_lineage::parse::{Token, TokenKind, parse, tokens};
use headsup_lineage::query::StatementKind;

/// A pattern as LIKE has them, in lower case; without `%` and `_`, a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern(String);

impl Pattern {
    /// Whether a name fits; case never matters in a catalogue's answer.
    pub(super) fn fits(&self, name: &str) -> bool {
        like(&name.to_lowercase().chars().collect::<Vec<_>>(), &self.0.chars().collect::<Vec<_>>())
    }

    /// Whether the pattern has a text in it.
    pub(super) fn has(&self, text: &str) -> bool {
        self.0.contains(&text.to_lowercase())
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

/// The tables that one branch of a query of the catalogue can find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sought {
    /// Their schema.
    pub(super) schema: Pattern,
    /// Their names: any of these, or any name at all.
    pub(super) tables: Option<Vec<Pattern>>,
}

/// The tables that a query of the catalogue can find; `None` if it may find any.
///
/// The query has to read nothing but the catalogue, and each of its branches to narrow `table_schema` to a
/// literal on every way through its condition: with an OR or a negated bracket in it, nothing is sure.
pub(super) fn tables_sought(query: &str, dialect: Dialect) -> Option<Vec<Sought>> {
    let script = parse(query, dialect);
    let [statement] = script.statements.as_slice() else { return None };
    let of_catalogue = |name: &RelationName| {
        let keys: Vec<String> = name.keys().map(str::to_lowercase).collect();
        keys.len() > 1 && keys[keys.len() - 2] == "information_schema"
    };
    let only_catalogue = statement.reads.iter().all(|read| of_catalogue(&read.name));
    if statement.kind != StatementKind::Query || statement.reads.is_empty() || !only_catalogue {
        return None;
    }
    let tokens = tokens(query, dialect).ok()?;
    let words: Vec<String> = tokens.iter().map(word).collect();
    let mut branches = Vec::new();
    let mut start = 0;
    for union in words.iter().enumerate().filter(|(_, word)| *word == "union").map(|(index, _)| index) {
        branches.push(start..union);
        start = union + 1;
    }
    branches.push(start..tokens.len());
    let mut sought = Vec::new();
    for range in branches {
        sought.extend(Branch { tokens: &tokens[range.clone()], words: &words[range] }.sought()?);
    }
    Some(sought)
}

/// What a statement that gives nothing back reads, if all that it changes is a table of this name; `None`
/// of any other text. What it gives back then names no table.
pub(super) fn read_to_change(table: &str, text: &str, dialect: Dialect) -> Option<Vec<Vec<String>>> {
    let script = parse(text, dialect);
    let is_own = |name: &RelationName| name.keys().last().is_some_and(|key| key.eq_ignore_ascii_case(table));
    let mut reads = Vec::new();
    for statement in &script.statements {
        let changes = match statement.kind {
            StatementKind::Fill | StatementKind::Empty => {
                !statement.targets.is_empty() && statement.targets.iter().all(is_own)
            }
            StatementKind::Other | StatementKind::Alter(_) => true,
            _ => false,
        };
        if !changes || statement.incomplete.is_some() {
            return None;
        }
        reads.extend(statement.reads.iter().map(|read| read.name.keys().map(str::to_owned).collect()));
    }
    (!script.statements.is_empty()).then_some(reads)
}

/// Whether a query gives one row of aggregates: the least and the largest value, sums and counts, which
/// are not put together from several texts.
pub(super) fn gives_aggregates(query: &str, dialect: Dialect) -> bool {
    const AGGREGATES: [&str; 9] =
        ["max", "min", "count", "sum", "avg", "median", "stddev", "count_if", "approx_count_distinct"];
    let Ok(tokens) = tokens(query, dialect) else { return false };
    let words: Vec<String> = tokens.iter().map(word).collect();
    let [first, rest @ ..] = words.as_slice() else { return false };
    let others = ["group", "union", "intersect", "except", "minus", "over", "with", "distinct"];
    if first != "select" || rest.iter().any(|word| others.contains(&word.as_str())) {
        return false;
    }
    let mut depth = 0_i32;
    let mut has_aggregate = false;
    for (index, word) in rest.iter().enumerate() {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            "select" => return false,
            "," | "from" if depth == 0 => {
                if !has_aggregate {
                    return false;
                }
                if word == "from" {
                    return true;
                }
                has_aggregate = false;
            }
            word => {
                let is_call = rest.get(index + 1).is_some_and(|next| next == "(");
                has_aggregate |= is_call && AGGREGATES.contains(&word);
            }
        }
    }
    false
}

/// One SELECT of a query.
struct Branch<'a> {
    tokens: &'a [Token],
    /// The tokens in lower case; a literal is no word.
    words: &'a [String],
}

impl Branch<'_> {
    fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    fn sought(&self) -> Option<Vec<Sought>> {
        let wheres: Vec<usize> = (0..self.words.len()).filter(|index| self.word(*index) == "where").collect();
        let [condition] = wheres.as_slice() else { return None };
        let doubtful = (*condition..self.words.len()).any(|index| {
            matches!(self.word(index), "or" | "case") || (self.word(index) == "not" && self.word(index + 1) == "(")
        });
        if doubtful {
            return None;
        }
        let tables = self.narrowed("table_name");
        let sought = |schema| Sought { schema, tables: tables.clone() };
        Some(self.narrowed("table_schema")?.into_iter().map(sought).collect())
    }

    /// The values that a column is narrowed to: `column = 'x'`, `column like 'x'`, `column in ('x', 'y')`, also
    /// with LOWER or UPPER around either side, and AND before it.
    fn narrowed(&self, column: &str) -> Option<Vec<Pattern>> {
        (0..self.words.len()).filter(|index| self.word(*index) == column).find_map(|index| {
            let in_call = index >= 2 && self.folds(index - 2) && self.word(index + 1) == ")";
            let (before, operator) =
                if in_call { (index.checked_sub(3), index + 2) } else { (index.checked_sub(1), index + 1) };
            if !before.is_some_and(|before| matches!(self.word(before), "where" | "and")) {
                return None;
            }
            match self.word(operator) {
                "in" => self.listed(operator + 1),
                "=" | "like" | "ilike" => {
                    let value = if self.folds(operator + 1) { operator + 3 } else { operator + 1 };
                    self.literal(value).map(|pattern| vec![pattern])
                }
                _ => None,
            }
        })
    }

    /// `('x', 'y')`.
    fn listed(&self, open: usize) -> Option<Vec<Pattern>> {
        let mut values = Vec::new();
        let mut index = open;
        if self.word(index) != "(" {
            return None;
        }
        loop {
            values.push(self.literal(index + 1)?);
            index += 2;
            match self.word(index) {
                "," => {}
                ")" => return Some(values),
                _ => return None,
            }
        }
    }

    fn folds(&self, name: usize) -> bool {
        matches!(self.word(name), "lower" | "upper") && self.word(name + 1) == "("
    }

    /// A literal. Under `=` and IN its `_` and `%` are letters; as a pattern it fits more than that, which errs
    /// on the safe side.
    fn literal(&self, index: usize) -> Option<Pattern> {
        let literal = self.tokens.get(index).filter(|token| token.kind == TokenKind::String)?;
        let text = literal.text.strip_prefix('\'')?.strip_suffix('\'')?.to_lowercase();
        (!text.contains('\'')).then_some(Pattern(text))
    }
}

fn word(token: &Token) -> String {
    match token.kind {
        TokenKind::String => String::new(),
        _ => token.text.to_lowercase(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sought(query: &str) -> Option<String> {
        let found = tables_sought(query, Dialect::Snowflake)?;
        let spelled = |sought: &Sought| match &sought.tables {
            Some(tables) => {
                let names: Vec<&str> = tables.iter().map(|table| table.0.as_str()).collect();
                format!("{}: {}", sought.schema.0, names.join(", "))
            }
            None => sought.schema.0.clone(),
        };
        Some(found.iter().map(spelled).collect::<Vec<_>>().join("; "))
    }

    fn asked(condition: &str) -> Option<String> {
        sought(&format!(
            "select distinct table_schema as s, table_name from db.information_schema.tables where {condition}"
        ))
    }

    #[test]
    fn a_query_that_narrows_the_schema_finds_its_tables_only() {
        assert_eq!(asked("table_schema ILIKE 'MM_prod' and row_count >= 100").as_deref(), Some("mm_prod"));
        assert_eq!(asked("lower(table_schema) = lower('Raw') and table_name not in ('x')").as_deref(), Some("raw"));
        let query = "select case table_type when 'x' then 1 else 2 end from information_schema.tables where table_schema = 'raw'";
        assert!(tables_sought(query, Dialect::Postgres).is_some());
        assert_eq!(asked("row_count > 1 and table_schema = 'raw'").as_deref(), Some("raw"));
    }

    #[test]
    fn a_query_that_narrows_the_names_as_well_finds_those_only() {
        assert_eq!(asked("table_schema = 'raw' and table_name ilike 'Event_%'").as_deref(), Some("raw: event_%"));
        assert_eq!(asked("table_schema in ('a', 'b') and table_name = 't'").as_deref(), Some("a: t; b: t"));
        assert_eq!(asked("table_schema = 'raw' and lower(table_name) in ('a', 'b')").as_deref(), Some("raw: a, b"));
        for condition in
            ["table_name in (select 1)", "table_name in ('a', b)", "table_name <> 'a'", "table_name = 'it''s'"]
        {
            assert_eq!(asked(&format!("table_schema = 'raw' and {condition}")).as_deref(), Some("raw"), "{condition}");
        }
    }

    #[test]
    fn each_branch_finds_its_own() {
        let branch = |condition: &str| format!("select table_name from information_schema.tables where {condition}");
        let both = |one: &str, other: &str| sought(&format!("{} union all {}", branch(one), branch(other)));
        assert_eq!(both("table_schema = 'a'", "table_schema = 'b' and table_name = 't'").as_deref(), Some("a; b: t"));
        assert_eq!(both("table_schema = 'a'", "table_name = 'b'"), None);
        assert_eq!(both("table_schema = 'a' or 1 = 1", "table_schema = 'b'"), None);
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
        assert_eq!(tables_sought("select name from raw.tables where table_schema = 'raw'", Dialect::Snowflake), None);
    }

    #[test]
    fn what_changes_its_own_table_reads_what_it_names() {
        let read = |text: &str| {
            let reads = read_to_change("licences", text, Dialect::Snowflake)?;
            Some(reads.iter().map(|read| read.join(".")).collect::<Vec<_>>().join(" "))
        };
        let delete = "delete from shop.Licences using (select id from shop.old) o where licences.id = o.id";
        assert!(read(delete).unwrap().contains("shop.old"), "{:?}", read(delete));
        assert_eq!(read("alter table licences add column x int").as_deref(), Some(""));
        for text in ["select 1 from a", "delete from other where x = 1", "", "create table licences as select 1 as x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn one_row_of_aggregates_is_told_from_other_answers() {
        let gives = |query: &str| gives_aggregates(query, Dialect::Snowflake);
        for query in [
            "select max(x) from a",
            "select coalesce(max(x)::date, '2020-01-01') as a, count(*) from a where x in (1, 2)",
            "select dateadd(day, -3, min(x)) from a",
        ] {
            assert!(gives(query), "{query}");
        }
        for query in [
            "select x from a",
            "select max(x), x from a group by 2",
            "select listagg(x, ',') from a",
            "select max(x) over () from a",
            "select (select x from b), max(y) from a",
            "select 'max' from a",
            "with b as (select 1) select max(x) from b",
            "select max(x) from a union all select y from b",
            "select 1",
        ] {
            assert!(!gives(query), "{query}");
        }
    }

    #[test]
    fn patterns_fit_as_in_like() {
        let fits = |pattern: &str, schema: &str| Pattern(pattern.to_owned()).fits(schema);
        assert!(fits("mm_%", "MM_Telemetry") && fits("raw", "RAW") && fits("a_c", "abc"));
        assert!(!fits("mm_%", "m") && !fits("raw", "raw2"));
    }
}
