//! Texts that nobody writes get an answer too, and soon.

use super::*;

fn answers(sql: &str) -> Script {
    parse(sql, Dialect::Ansi)
}

#[test]
fn deep_nesting_is_scanned() {
    for depth in [30, 300, 10_000] {
        let brackets = format!("select {}1{} from t", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(summaries(&answers(&brackets)), "query <- t", "{depth} brackets");
        let subqueries = format!("{}select 1 from t{}", "select 1 from (".repeat(depth), ") x".repeat(depth));
        assert_eq!(summaries(&answers(&subqueries)), "query <- t", "{depth} subqueries");
        let cases = format!("select {}1{} from t", "case when x then ".repeat(depth), " end".repeat(depth));
        assert_eq!(summaries(&answers(&cases)), "query <- t", "{depth} cases");
        let calls = format!("select {}1{} from t", "abs(".repeat(depth), ")".repeat(depth));
        assert_eq!(summaries(&answers(&calls)), "query <- t", "{depth} calls");
        let nots = format!("select {} x from t", "not ".repeat(depth));
        assert_eq!(summaries(&answers(&nots)), "query <- t", "{depth} nots");
        let tables = format!("select 1 from {}t{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(summaries(&answers(&tables)), "query <- t", "{depth} brackets around a table");
    }
}

#[test]
fn unclosed_nesting_ends() {
    for text in
        ["(", "[", "case when ", "select 1 from (", "begin ", "if x then ", "$$", "'", "/*", "array<", "not ", "- "]
    {
        let _ = answers(&text.repeat(5_000));
        let _ = answers(&format!("select {} from t", text.repeat(5_000)));
    }
}

#[test]
fn long_chains_are_read() {
    for length in [1_000, 30_000] {
        let unions = vec!["select 1 from t"; length].join(" union all ");
        assert_eq!(summaries(&answers(&unions)), "query <- t");
        let ands = format!("select 1 from t where {}", vec!["x = 1"; length].join(" and "));
        assert_eq!(summaries(&answers(&ands)), "query <- t");
        let columns = format!("select {} from t", vec!["x"; length].join(", "));
        assert_eq!(summaries(&answers(&columns)), "query <- t");
        let list = format!("select 1 from t where x in ({})", vec!["1"; length].join(", "));
        assert_eq!(summaries(&answers(&list)), "query <- t");
    }
}

#[test]
fn repeated_words_end() {
    let pieces = [
        "struct<a ",
        "array<",
        "map<int, ",
        "interval ",
        "explain ",
        "prepare a as ",
        "prior ",
        "x collate ",
        "x is null ",
        "x at time zone 'u' ",
        "x::int",
        "x[1]",
        "a.",
        "x in (1) ",
        "x like 'a' ",
        "x between 1 and ",
        "x -> ",
        "cast(x as ",
        "a join ",
        "lateral ",
        "with a as ",
        "case x ",
        "distinct ",
        "all ",
        "exists ",
        "any ",
        "|> where x ",
        "nested(",
        "row(",
        "decimal ",
        "x ? ",
        "x : ",
        "{a: ",
        "[",
        "not exists ",
        "x is distinct from ",
        "union select ",
        "table ",
        "setof ",
        "nullable(",
        "x or not ",
        "left join b ",
        "a join (",
        "values ",
        "from a ",
        "select ",
        "begin ",
    ];
    for dialect in [Dialect::Ansi, Dialect::BigQuery, Dialect::TSql] {
        for piece in pieces {
            for length in [50, 500] {
                let repeated = piece.repeat(length);
                let _ = parse(&repeated, dialect);
                let _ = parse(&format!("select {repeated} from t"), dialect);
                let _ = parse(&format!("select 1 from t where x = {repeated}"), dialect);
                let _ = parse(&format!("select cast(x as {repeated}) from {repeated}"), dialect);
                let _ = parse(&format!("create table t (x {repeated})"), dialect);
            }
        }
    }
}

#[test]
fn what_no_tokenizer_reads_is_scanned() {
    let script = parse("select 'it from raw.orders", Dialect::Postgres);
    assert_eq!(summaries(&script), "query <- raw.orders");
    assert_eq!(script.diagnostics[0].code, "sql-not-tokenized");
    assert_eq!(summaries(&parse("select 1 /* from raw.orders", Dialect::Postgres)), "query <- raw.orders");
    assert_eq!(summaries(&parse("", Dialect::Postgres)), "");
    assert_eq!(summaries(&parse(";;  ;-- x\n", Dialect::Postgres)), "");
}
