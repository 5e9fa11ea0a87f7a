//! Policies that decide which rows of a table are shown, and which values of a column: what they are, and which tables they
//! are set on. They are found in the tokens of a file; where a table says that one is set on it, what that is counts as
//! written there. It must not know who reads the table.

use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{Quoting, RelationName};
use headsup_lineage::parse::{Token, TokenKind, tokens};
use headsup_lineage::query::{Clause, ClauseKind, TableSchema};

use headsup_lineage::diagnostic::Position;

/// What a file says of policies.
#[derive(Debug, Default)]
pub(super) struct Policies {
    /// Those that it makes, each with what it is.
    pub(super) made: Vec<(RelationName, String)>,
    /// The tables that statements about policies name, each with what is set on it.
    pub(super) set: Vec<(RelationName, Position, TableSchema)>,
}

impl Policies {
    /// Those of a text.
    pub(super) fn of(text: &str, dialect: Dialect) -> Self {
        let mut found = Self::default();
        let is_named = |text: &str| text.as_bytes().windows(6).any(|word| word.eq_ignore_ascii_case(b"policy"));
        if !is_named(text) {
            return found;
        }
        let Ok(tokens) = tokens(text, dialect) else { return found };
        for statement in tokens.split(|token| &*token.text == ";") {
            found.read(statement, dialect);
        }
        found
    }

    fn read(&mut self, statement: &[Token], dialect: Dialect) {
        const OF_STATEMENTS: [&str; 4] = ["CREATE", "ALTER", "DROP", "ATTACH"];
        // What stands before POLICY: `OR REPLACE`, `ROW ACCESS`, `MASKING`, `SECURITY`, `RLS` and the like.
        const MOST_BEFORE: usize = 6;
        let Some(first) = statement.first() else { return };
        let is = |token: &Token, word: &str| token.text.eq_ignore_ascii_case(word);
        if !OF_STATEMENTS.iter().any(|word| is(first, word)) {
            return;
        }
        let head = statement.iter().take(MOST_BEFORE);
        // In `ALTER TABLE … ADD ROW ACCESS POLICY` and `CREATE TABLE` the table says it, but where a query fills it.
        if let Some(at) = head.clone().position(|token| is(token, "TABLE") || is(token, "VIEW") || is(token, "TAG")) {
            if is(first, "CREATE") {
                self.set_by_query(statement, at, dialect);
            }
            return;
        }
        let Some(at) = head.clone().position(|token| is(token, "POLICY")) else { return };
        let Some((name, rest)) = name(behind_if(&statement[at + 1..]), dialect) else { return };
        let text = spelled(statement);
        let mut set_on = None;
        for (place, token) in rest.iter().enumerate() {
            // Of T-SQL the predicate comes first: `ADD FILTER PREDICATE f(c) ON t`.
            let is_early = place == 0 || dialect == Dialect::TSql;
            if is(token, "ON") && is_early {
                let rest = rest[place + 1..].strip_prefix_word("TABLE");
                set_on = self::name(rest, dialect).map(|(table, _)| table);
                if let Some(table) = &set_on {
                    let clause = Clause { column: None, does: ClauseKind::Other, text: text.clone() };
                    let schema = TableSchema { clauses: vec![clause], ..TableSchema::default() };
                    self.set.push((table.clone(), first.position, schema));
                }
            }
        }
        let makes = is(first, "CREATE") || is(first, "ALTER");
        if set_on.is_none() && makes {
            self.made.push((name, text));
        }
    }

    /// What CREATE VIEW and CREATE TABLE AS set on what they build, before their query.
    fn set_by_query(&mut self, statement: &[Token], at: usize, dialect: Dialect) {
        let Some((target, rest)) = name(behind_if(&statement[at + 1..]), dialect) else { return };
        let Some(end) = rest.iter().position(|token| token.text.eq_ignore_ascii_case("AS")) else { return };
        let named = rest[..end].iter().enumerate().filter(|(_, token)| names_policy(token));
        let clause = |(place, _): (usize, &Token)| {
            let (_, behind) = name(&rest[place + 1..end], dialect)?;
            let text = spelled(&rest[place..end - behind.len()]);
            Some(Clause { column: None, does: ClauseKind::Other, text })
        };
        let clauses: Vec<Clause> = named.filter_map(clause).collect();
        if let (false, Some(first)) = (clauses.is_empty(), statement.first()) {
            self.set.push((target, first.position, TableSchema { clauses, ..TableSchema::default() }));
        }
    }
}

/// A word behind which a policy is named, or the function that is one.
fn names_policy(token: &Token) -> bool {
    ["POLICY", "FILTER", "MASK", "PREDICATE"].iter().any(|word| token.text.eq_ignore_ascii_case(word))
}

fn behind_if(mut tokens: &[Token]) -> &[Token] {
    while let [word, more @ ..] = tokens
        && ["IF", "NOT", "EXISTS"].iter().any(|known| word.text.eq_ignore_ascii_case(known))
    {
        tokens = more;
    }
    tokens
}

/// Whether a clause may say that a policy is set.
pub(super) fn may_be_set(clause: &Clause) -> bool {
    let text = clause.text.to_lowercase();
    ["policy", "filter", "mask", "predicate"].iter().any(|word| text.contains(word))
}

/// A text as its tokens, one space apart.
pub(super) fn folded(text: &str, dialect: Dialect) -> String {
    tokens(text, dialect).map_or_else(|_| text.to_owned(), |tokens| spelled(&tokens))
}

/// What is set on a table, with what each policy is that it names.
pub(super) fn with_policies(schema: &mut TableSchema, made: &[(RelationName, String)], dialect: Dialect) {
    for clause in &mut schema.clauses {
        let Ok(tokens) = tokens(&clause.text, dialect) else { continue };
        let named = tokens.iter().enumerate().filter(|(_, token)| names_policy(token));
        let names: Vec<RelationName> = named.filter_map(|(at, _)| Some(name(&tokens[at + 1..], dialect)?.0)).collect();
        for (_, what) in made.iter().filter(|(known, _)| names.iter().any(|name| known.agreement(name).is_some())) {
            clause.text.push_str(": ");
            clause.text.push_str(what);
        }
    }
}

/// A name at the beginning of some tokens, and what is behind it.
fn name(tokens: &[Token], dialect: Dialect) -> Option<(RelationName, &[Token])> {
    let mut parts: Vec<(String, Quoting)> = Vec::new();
    let mut rest = tokens;
    while let [token, more @ ..] = rest {
        let part = match token.kind {
            TokenKind::Quoted => {
                let inner = token.text.get(1..token.text.len().saturating_sub(1)).unwrap_or_default();
                (inner.to_owned(), Quoting::Quoted)
            }
            TokenKind::Word | TokenKind::Keyword => (token.text.to_string(), Quoting::Bare),
            _ => break,
        };
        parts.push(part);
        rest = more;
        match rest {
            [dot, more @ ..] if &*dot.text == "." => rest = more,
            _ => break,
        }
    }
    let name = || RelationName::new(dialect, parts.iter().map(|(part, quoting)| (part.as_str(), *quoting)));
    (!parts.is_empty()).then(|| (name(), rest))
}

fn spelled(statement: &[Token]) -> String {
    const WORDS: [&str; 16] = [
        "access",
        "boolean",
        "filter",
        "for",
        "grant",
        "masking",
        "permissive",
        "policy",
        "replace",
        "restrictive",
        "returns",
        "row",
        "security",
        "to",
        "using",
        "with",
    ];
    let word = |token: &Token| match token.kind {
        TokenKind::Word if WORDS.iter().any(|word| token.text.eq_ignore_ascii_case(word)) => token.text.to_lowercase(),
        TokenKind::Keyword => token.text.to_lowercase(),
        _ => token.text.to_string(),
    };
    statement.iter().map(word).collect::<Vec<_>>().join(" ")
}

trait StripWord {
    fn strip_prefix_word(&self, word: &str) -> &[Token];
}

impl StripWord for [Token] {
    fn strip_prefix_word(&self, word: &str) -> &[Token] {
        match self {
            [first, rest @ ..] if first.text.eq_ignore_ascii_case(word) => rest,
            all => all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, dialect: Dialect) -> (Vec<String>, Vec<String>) {
        let found = Policies::of(text, dialect);
        let made = found.made.iter().map(|(name, _)| name.to_string()).collect();
        (made, found.set.iter().map(|(name, ..)| name.to_string()).collect())
    }

    #[test]
    fn policies_are_made_or_set_on_a_table() {
        let made = |text: &str| found(text, Dialect::Snowflake).0.join(" ");
        assert_eq!(made("create row access policy s.p as (r varchar) returns boolean -> r = 'x';"), "s.p");
        assert_eq!(made("create or replace masking policy if not exists m as (v text) returns text -> '*'"), "m");
        assert_eq!(made("alter masking policy m set body -> v"), "m");
        assert_eq!(made("alter table t add row access policy p on (r)"), "");
        assert_eq!(made("select policy from t"), "");
        let set = |text: &str, dialect| found(text, dialect).1.join(" ");
        for (text, dialect) in [
            ("create row access policy p on d.t grant to ('group:x') filter using (r = 'US')", Dialect::BigQuery),
            ("drop row access policy p on d.t", Dialect::BigQuery),
            ("create policy p on d.t for select using (r = 'US')", Dialect::Postgres),
            ("alter policy p on d.t using (true)", Dialect::Postgres),
            ("attach rls policy p on d.t to role x", Dialect::Redshift),
            ("create security policy p add filter predicate s.f(r) on d.t", Dialect::TSql),
        ] {
            assert_eq!(set(text, dialect), "d.t", "{text}");
        }
    }

    /// An edited body shows where the policy is set, in another file or in the same one.
    #[test]
    fn what_a_policy_is_counts_where_it_is_set() {
        let told = |policy: &str, clause: &str| {
            let made = Policies::of(policy, Dialect::Snowflake).made;
            let clause = Clause { column: None, does: ClauseKind::Other, text: clause.to_owned() };
            let mut schema = TableSchema { clauses: vec![clause], ..TableSchema::default() };
            with_policies(&mut schema, &made, Dialect::Snowflake);
            schema.clauses.remove(0).text
        };
        let policy = "create row access policy s.p as (r text) returns boolean -> r = 'x'";
        let set = "ADD ROW ACCESS POLICY p ON (r)";
        assert_ne!(told(policy, set), told(&policy.replace("'x'", "'y'"), set));
        assert_eq!(told(policy, set), told(&policy.replace("policy", "POLICY -- all\n"), set));
        assert_eq!(told(policy, "ADD ROW ACCESS POLICY q ON (r)"), "ADD ROW ACCESS POLICY q ON (r)");
    }
}
