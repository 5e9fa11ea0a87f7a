//! Whether two versions of a script do the same: statement by statement, in order; and where one statement
//! differs that fills a table, what that does to it. It must not know who reads the table.

use crate::canonical::{TextComparison, compare_texts};
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::name::RelationName;
use crate::parse::{TokenKind, tokens};
use crate::query::{Action, Reading, Script, Statement, StatementKind};

use super::Effect;
use super::query::{Compared, Version, unheld};

mod fill;

use fill::{Looks, fills};

/// Words that decide what a statement does with rows, or whether it is run: they must stand in both
/// versions, in one order.
const DECIDING: [&str; 46] = [
    "begin",
    "by",
    "call",
    "commit",
    "conflict",
    "constraint",
    "create",
    "cursor",
    "declare",
    "default",
    "delete",
    "do",
    "duplicate",
    "each",
    "else",
    "elseif",
    "elsif",
    "end",
    "exception",
    "execute",
    "exists",
    "for",
    "if",
    "ignore",
    "insert",
    "into",
    "key",
    "leave",
    "loop",
    "matched",
    "merge",
    "not",
    "nothing",
    "overwrite",
    "raise",
    "replace",
    "return",
    "returning",
    "rollback",
    "set",
    "temporary",
    "then",
    "truncate",
    "update",
    "when",
    "while",
];

/// Compares two versions of a script.
pub(super) fn compare(base: &Version<'_>, head: &Version<'_>, scripts: [&Script; 2], dialect: Dialect) -> Compared {
    let [before, after] = scripts;
    let unclear = |why: &str| Compared::Unclear(why.to_owned());
    if before.reading != Reading::Parsed || after.reading != Reading::Parsed {
        return unclear("it is understood in part only");
    }
    if before.statements.len() != after.statements.len() {
        return unclear("it has more statements in one version");
    }
    let (Some(old), Some(new)) = (texts(base.text, before), texts(head.text, after)) else {
        return unclear("its statements stand in one another");
    };
    let mut effects: Option<(usize, Vec<Effect>)> = None;
    for (place, (was, is)) in before.statements.iter().zip(&after.statements).enumerate() {
        if compare_texts(old[place], new[place], dialect) != TextComparison::Different {
            continue;
        }
        let old = Version { text: old[place], sees: base.sees };
        let new = Version { text: new[place], sees: head.sees };
        match statement((was, &old), (is, &new), dialect) {
            Ok(found) if found.is_empty() => {}
            Ok(found) if effects.is_none() => effects = Some((place, found)),
            Ok(_) => return unclear("several of its statements differ"),
            Err(why) => return Compared::Unclear(why),
        }
    }
    match effects {
        None => Compared::Same,
        Some((_, found)) if before.statements.len() == 1 => Compared::Differ(found, Vec::new()),
        Some((place, found))
            if [before, after].into_iter().all(|script| is_last(script, place))
                && [base, head].into_iter().all(|version| !goes_on(version.text, dialect)) =>
        {
            Compared::Differ(found, Vec::new())
        }
        Some(_) => unclear("one of its statements differs, and others go on with what it gives"),
    }
}

/// Whether what a statement does to its table is what becomes of the table: all others are about the same one, and
/// those behind it only add rows to it, without looking at it.
fn is_last(script: &Script, place: usize) -> bool {
    let Some([target]) = script.statements.get(place).map(|statement| statement.targets.as_slice()) else {
        return false;
    };
    let adds = |statement: &Statement| {
        let queries = statement.queries.as_deref();
        queries.is_some_and(|queries| queries.outputs.iter().all(|output| output.action == Action::Append))
            && statement.reads.iter().all(|read| read.name.table_key() != target.table_key())
    };
    script.statements.iter().enumerate().all(|(at, statement)| {
        let is_other = matches!(statement.kind, StatementKind::Other);
        let is_about_it = matches!(statement.kind, StatementKind::Fill | StatementKind::Empty)
            && statement.targets.as_slice() == std::slice::from_ref(target);
        is_other || (is_about_it && (at <= place || adds(statement)))
    })
}

/// Whether statements may be run more often than they stand there, or go by what those before them did: by how many
/// rows there were, by rows that are in their way, by variables, by what somebody else does.
fn goes_on(text: &str, dialect: Dialect) -> bool {
    const WORDS: [&str; 31] = [
        "call",
        "changes",
        "conflict",
        "currval",
        "cursor",
        "duplicate",
        "exec",
        "execute",
        "for",
        "found",
        "goto",
        "identity",
        "ignore",
        "iterate",
        "last_insert_id",
        "last_query_id",
        "lastval",
        "loop",
        "matched",
        "merge",
        "notfound",
        "rename",
        "repeat",
        "replace",
        "result_scan",
        "row_count",
        "rowcount",
        "scope_identity",
        "sqlfound",
        "sqlrowcount",
        "while",
    ];
    has_token(text, dialect, |token| token.starts_with('@') || is_among(token, &WORDS))
}

/// Whether any token of a text is such a one; a text that cannot be read may have it.
fn has_token(text: &str, dialect: Dialect, is_one: impl Fn(&str) -> bool) -> bool {
    tokens(text, dialect).map_or(true, |tokens| tokens.iter().any(|token| is_one(&token.text)))
}

fn is_among(token: &str, words: &[&str]) -> bool {
    words.iter().any(|word| token.eq_ignore_ascii_case(word))
}

/// Whether a statement says what becomes of rows that stand in the way of others. Which rows these are nobody knows who
/// does not know all keys of the table, and which of two comes first decides.
pub(super) fn resolves_conflicts(text: &str, dialect: Dialect) -> bool {
    const PAIRS: [[&str; 2]; 6] = [
        ["insert", "ignore"],
        ["insert", "or"],
        ["update", "ignore"],
        ["update", "or"],
        ["on", "conflict"],
        ["on", "duplicate"],
    ];
    let Ok(tokens) = tokens(text, dialect) else { return true };
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.text.eq_ignore_ascii_case(word));
    is(0, "replace") || (0..tokens.len()).any(|at| PAIRS.iter().any(|[one, two]| is(at, one) && is(at + 1, two)))
}

/// The texts of the statements of a script, with all that stands before the next; none where one stands
/// in another.
fn texts<'t>(text: &'t str, script: &Script) -> Option<Vec<&'t str>> {
    let starts: Vec<Position> = script.statements.iter().map(|statement| statement.position).collect();
    if !starts.windows(2).all(|pair| pair[0] < pair[1]) {
        return None;
    }
    let mut places: Vec<usize> = Vec::with_capacity(starts.len() + 1);
    let mut ahead = starts.iter().skip(1).peekable();
    places.push(0);
    let (mut line, mut column) = (1_u32, 1_u32);
    for (at, letter) in text.char_indices() {
        if ahead.next_if(|start| (start.line, start.column) == (line, column)).is_some() {
            places.push(at);
        }
        if letter == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    if places.len() != starts.len().max(1) {
        return None;
    }
    places.push(text.len());
    Some(places.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect())
}

/// What differs in what two statements do to the table that they are about; an error, if that cannot be told.
fn statement(
    (was, old): (&Statement, &Version<'_>),
    (is, new): (&Statement, &Version<'_>),
    dialect: Dialect,
) -> Result<Vec<Effect>, String> {
    let differs = || Err("one of its statements differs".to_owned());
    if was.kind != is.kind || was.targets != is.targets || was.incomplete.is_some() || is.incomplete.is_some() {
        return differs();
    }
    let (Some(before), Some(after)) = (was.queries.as_deref(), is.queries.as_deref()) else { return differs() };
    if before.outputs.is_empty() || before.outputs.len() != after.outputs.len() {
        return differs();
    }
    let words = (deciding(old.text, dialect), deciding(new.text, dialect));
    let is_same_kind = words.0 == words.1;
    if !is_same_kind && outside(words.0.as_deref()) != outside(words.1.as_deref()) {
        return differs();
    }
    if let Some(word) = unheld(old.text, new.text, dialect, [was, is]) {
        return Err(format!("`{word}` is in one version only, and is not understood"));
    }
    let asks = |statement: &Statement| {
        let is_target = |name: &RelationName| statement.targets.iter().any(|one| one.table_key() == name.table_key());
        statement.reads.iter().any(|read| is_target(&read.name))
    };
    let looks = if asks(was) || asks(is) { Looks::AtTarget } else { Looks::Elsewhere };
    let mut effects = Vec::new();
    for (from, to) in before.outputs.iter().zip(&after.outputs) {
        effects.extend(fills((before, from, old), (after, to, new), looks, dialect)?);
    }
    // Rows of one partition are taken out for those that come, and of which partition that is not told.
    let overwrites = words.0.iter().flatten().any(|word| word == "overwrite");
    let is_known = was.kind == StatementKind::Fill || was.kind == StatementKind::Empty;
    let is_about_one = was.targets.len() == 1 && before.outputs.iter().all(|output| output.target.is_some());
    if !effects.is_empty() && (overwrites || !is_known || !is_about_one) {
        return differs();
    }
    // Of rows that are in each other's way the first counts, or the last.
    let resolves = [old, new].into_iter().any(|version| resolves_conflicts(version.text, dialect));
    let is_in_order = [old, new].into_iter().any(|version| has_order(version.text, dialect));
    if resolves && (!effects.is_empty() || is_in_order) {
        return differs();
    }
    effects.sort();
    effects.dedup();
    if effects.is_empty() && !is_same_kind { differs() } else { Ok(effects) }
}

/// Whether rows are put in by an order that is written down.
fn has_order(text: &str, dialect: Dialect) -> bool {
    const WORDS: [&str; 3] = ["limit", "order", "values"];
    has_token(text, dialect, |token| is_among(token, &WORDS))
}

/// Whether a text puts its rows into a table that has its own columns, as INSERT OVERWRITE does.
pub(super) fn is_put_in(text: &str, dialect: Dialect) -> bool {
    let Ok(tokens) = tokens(text, dialect) else { return false };
    tokens
        .windows(2)
        .any(|two| two[0].text.eq_ignore_ascii_case("insert") && two[1].text.eq_ignore_ascii_case("overwrite"))
}

/// Those of the deciding words that queries do not use.
fn outside(words: Option<&[String]>) -> Option<Vec<&String>> {
    const OF_QUERIES: [&str; 11] = ["by", "each", "else", "end", "exists", "for", "if", "not", "set", "then", "when"];
    words.map(|words| words.iter().filter(|word| !OF_QUERIES.contains(&word.as_str())).collect())
}

/// The deciding words of a text, in order; none where it cannot be read.
fn deciding(text: &str, dialect: Dialect) -> Option<Vec<String>> {
    let tokens = tokens(text, dialect).ok()?;
    let words = tokens.iter().filter(|token| matches!(token.kind, TokenKind::Keyword | TokenKind::Word));
    Some(words.map(|token| token.text.to_lowercase()).filter(|word| DECIDING.contains(&word.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependency::NoSchemas;
    use crate::parse::parse;

    fn is_same(dialect: Dialect, base: &str, head: &str) -> bool {
        let (before, after) = (parse(base, dialect), parse(head, dialect));
        let (old, new) = (Version { text: base, sees: &NoSchemas }, Version { text: head, sees: &NoSchemas });
        matches!(compare(&old, &new, [&before, &after], dialect), Compared::Same)
    }

    const MERGE: &str = "merge into m using (select o.id, o.a from o where o.a > 1 and o.b) s on m.id = s.id \
                         when matched and s.a > 2 then update set a = s.a \
                         when not matched then insert (id, a) values (s.id, s.a)";

    #[test]
    fn statements_that_are_written_otherwise_are_the_same() {
        let pairs = [
            (
                "create temp table x as select o.a from o where b and c; insert into t (a) select x.a from x;",
                "create temp table x as select q.a from o as q where q.c and q.b;\n-- then\ninsert into t (a) select y.a from x y;",
            ),
            ("insert into t (a) select o.a from o where b and c", "insert into t (a) select o.a from o where c and b"),
            ("delete from t where a = 1 and b = 2", "delete from t where b = 2 and 1 = a"),
            ("update t set a = b + 1 where c and d", "update t set a = 1 + b where d and c"),
        ];
        for (base, head) in pairs {
            assert!(is_same(Dialect::Postgres, base, head), "{base} | {head}");
        }
        let aliased = MERGE.replace(
            "select o.id, o.a from o where o.a > 1 and o.b",
            "select q.id, q.a from o q where q.b and 1 < q.a",
        );
        assert!(is_same(Dialect::Snowflake, MERGE, &aliased));
    }

    #[test]
    fn what_a_statement_does_with_its_rows_counts() {
        let pairs = [
            ("insert into t (a) select a from o", "insert into t (b) select a from o"),
            ("insert into t (a) select a from o", "insert into u (a) select a from o"),
            ("insert into t select a from o", "insert into t select a from o on conflict do nothing"),
            ("insert into t (a, b) select a, b from o", "insert into t (a, b) select b, a from o"),
            ("delete from t where a = 1", "delete from t where a = 2"),
            ("delete from t where a = 1", "delete from t"),
            ("update t set a = 1 where c", "update t set b = 1 where c"),
            ("update t set a = 1 where c", "update t set a = 2 where c"),
            ("update t set a = 1 where c", "update t set a = 1"),
            (
                "delete from t where a; insert into t select b from o",
                "insert into t select b from o; delete from t where a",
            ),
            (
                "create temp table x as select a from o; select a from x",
                "create temp table x as select b as a from o; select a from x",
            ),
            ("select 1; select 2", "select 1"),
            ("truncate t; insert into t select b from o", "truncate u; insert into t select b from o"),
        ];
        for (base, head) in pairs {
            assert!(!is_same(Dialect::Postgres, base, head), "{base} | {head}");
            assert!(!is_same(Dialect::Postgres, head, base), "{head} | {base}");
        }
        for (from, to) in [
            ("s.a > 2", "s.a > 3"),
            ("when matched and s.a > 2 then update set a = s.a", "when matched and s.a > 2 then delete"),
            ("when not matched then insert", "when not matched and s.a > 2 then insert"),
            ("m.id = s.id", "m.id = s.a"),
            ("set a = s.a", "set a = s.id"),
            ("o.a > 1", "o.a > 2"),
            ("(id, a) values", "(a, id) values"),
            ("values (s.id, s.a)", "values (s.id, 0)"),
            ("merge into m", "merge into n"),
        ] {
            let head = MERGE.replace(from, to);
            assert_ne!(head, MERGE);
            for dialect in [Dialect::Snowflake, Dialect::BigQuery, Dialect::TSql, Dialect::Databricks] {
                assert!(!is_same(dialect, MERGE, &head), "{dialect}: {head}");
            }
        }
        let by_source =
            MERGE.replace("when not matched then", "when not matched by source then delete when not matched then");
        let source = by_source.replace("by source then delete", "by target then delete");
        assert!(!is_same(Dialect::BigQuery, &by_source, &source));
    }
}
