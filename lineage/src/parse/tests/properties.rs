//! What holds for every text.

use proptest::prelude::*;

use super::*;
use crate::parse::script::Words;
use crate::parse::{lexer, scan};

fn dialects() -> impl Strategy<Value = Dialect> {
    proptest::sample::select(Dialect::ALL.to_vec())
}

/// Words, operators and broken pieces, in any order.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "select",
        "from",
        "where",
        "with",
        "as",
        "(",
        ")",
        ",",
        ";",
        "t",
        "raw.orders",
        "join",
        "on",
        "union all",
        "case",
        "when",
        "then",
        "end",
        "begin",
        "if",
        "loop",
        "while",
        "do",
        "for",
        "in",
        "create",
        "table",
        "view",
        "function",
        "procedure",
        "returns",
        "language",
        "insert",
        "into",
        "merge",
        "using",
        "update",
        "set",
        "delete",
        "'a'",
        "'",
        "\"q\"",
        "\"",
        "`b.c`",
        "`",
        "[",
        "]",
        "{",
        "}",
        "$$",
        "$x",
        "@s",
        "#t",
        "--c\n",
        "/*",
        "*/",
        "/*+ h */",
        "1",
        "1.5e3",
        ".",
        "..",
        "::",
        "->",
        "<",
        ">",
        "=",
        "!",
        "*",
        "execute",
        "immediate",
        "declare",
        "default",
        "exception",
        "lateral",
        "unnest",
        "table(",
        "model",
        "cast(",
        "go",
        "\n",
        "é",
        "\u{feff}",
        "0x",
        "\\",
        "e'\\''",
        "json_query(",
        "array<",
        "else",
        "until",
        "repeat",
        "recursive",
        "not",
        "exists",
        "values",
        "limit",
        "alter",
        "drop",
        "return",
        "task",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.join(" "))
}

/// Simple queries, with the relations that they read.
fn query() -> impl Strategy<Value = String> {
    let relation = proptest::sample::select(vec!["a", "b", "s.c", "x.y.z", "\"Q\"", "s.\"d\""]);
    let leaf = (relation.clone(), proptest::option::of(relation.clone())).prop_map(|(first, second)| match second {
        Some(second) => format!("select 1 from {first} join {second} on true"),
        None => format!("select extract(year from d) from {first}"),
    });
    leaf.prop_recursive(4, 24, 3, move |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left}) union all ({right})")),
            inner.clone().prop_map(|query| format!("select 1 from ({query}) t")),
            (inner.clone(), relation.clone()).prop_map(|(query, name)| format!("select 1 from {name}, ({query}) t, b")),
            (inner.clone(), inner.clone())
                .prop_map(|(query, rest)| format!("with k as ({query}) select 1 from k where x in ({rest})")),
            (inner, relation.clone())
                .prop_map(|(query, name)| format!("select (select 1 from ({query}) s) from {name} where f(x) > 1")),
        ]
    })
}

fn spelling(text: &str, dialect: Dialect) -> Vec<(TokenKind, String)> {
    tokens(text, dialect).unwrap().into_iter().map(|token| (token.kind, token.text.to_lowercase())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_panics(text in ".{0,80}", dialect in dialects()) {
        let _ = parse(&text, dialect);
        let _ = tokens(&text, dialect);
    }

    #[test]
    fn no_soup_panics(text in soup(), dialect in dialects()) {
        check_trees(&text, &parse(&text, dialect));
        let _ = tokens(&text, dialect);
    }

    #[test]
    fn the_scan_finds_what_the_parser_finds(text in query()) {
        let script = parse(&text, Dialect::Ansi);
        prop_assert_eq!(script.reading, Reading::Parsed);
        check_trees(&text, &script);
        prop_assert!(script.statements[0].queries.is_some());
        let lexed = lexer::lex(&text, Dialect::Ansi);
        let scanned = scan::scan(Words { text: &text, lexemes: &lexed.lexemes }, Dialect::Ansi);
        let tables = |statement: &Statement| -> Vec<String> {
            let reads = statement.reads.iter().filter(|read| read.role == ReadRole::Table);
            reads.map(|read| format!("{} {}", read.name, read.position)).collect()
        };
        prop_assert_eq!(tables(&script.statements[0]), tables(&scanned));
    }

    #[test]
    fn reformatting_leaves_the_tokens(text in query(), dialect in dialects(), comments in any::<bool>()) {
        let gap = if comments { " /* c ' */\n-- it's\n\t" } else { "\n  " };
        let reformatted = text.replace(' ', gap).replace("select", "SELECT").replace(',', " , ");
        prop_assert_eq!(spelling(&text, dialect), spelling(&reformatted, dialect));
    }

    #[test]
    fn every_lexeme_is_a_piece_of_the_text_in_order(text in soup(), dialect in dialects()) {
        let lexed = lexer::lex(&text, dialect);
        let mut end = 0;
        for lexeme in &lexed.lexemes {
            let range = lexeme.range();
            prop_assert!(range.start >= end && range.end > range.start && text.get(range.clone()).is_some());
            end = range.end;
        }
    }
}

#[test]
fn different_meanings_have_different_tokens() {
    let differ = |dialect, left: &str, right: &str| {
        assert_ne!(spelling(left, dialect), spelling(right, dialect), "{dialect}: {left} / {right}");
    };
    differ(Dialect::Postgres, "select 'a b'", "select 'a  b'");
    differ(Dialect::Postgres, "select 'a -- b'", "select 'a'");
    differ(Dialect::Postgres, "select 'a' 'b'", "select 'a'\n'b'");
    differ(Dialect::Postgres, "select 'a''b'", "select 'a' 'b'");
    differ(Dialect::Postgres, "select - -1", "select --1\n");
    differ(Dialect::MySql, "select /*!50001 x, */ y", "select y");
    differ(Dialect::MySql, "select /*+ a */ y", "select /*+ b */ y");
    differ(Dialect::Postgres, "select \"a\"", "select 'a'");
    differ(Dialect::Postgres, "select \"a\"", "select a");
    differ(Dialect::BigQuery, "select r'\\n'", "select '\\n'");
    differ(Dialect::Snowflake, "select $$a$$", "select $$a $$");
    differ(Dialect::Postgres, "select a <@ b", "select a < @ b");
    differ(Dialect::TSql, "select [a b]", "select [a  b]");
    differ(Dialect::BigQuery, "select 'a' # x\n, b", "select 'a'");
    let same = |dialect, left: &str, right: &str| {
        assert_eq!(spelling(left, dialect), spelling(right, dialect), "{dialect}: {left} / {right}");
    };
    same(Dialect::Postgres, "select a,b/* x /* y */ z */from t", "SELECT a , b\nFROM t -- end");
    same(Dialect::MySql, "select --1", "select - -1");
    same(Dialect::BigQuery, "select 1 # it's\n", "select 1");
    same(Dialect::Snowflake, "select 1 // it's\n", "select 1");
    assert!(tokens("select 'a", Dialect::Postgres).is_err());
    assert!(tokens("select /* a", Dialect::Postgres).is_err());
}
