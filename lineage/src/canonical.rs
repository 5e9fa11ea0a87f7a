//! When two texts are the same query. Today the form that is compared is the token stream: layout,
//! comments, and the case of keywords and of names that the dialect folds are gone from it; the
//! rewrite rules of the design's section 5 start from here. It must not know what differs.

use crate::dialect::{CaseRule, Dialect};
use crate::parse::{Token, TokenKind, tokens};

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
mod tests {
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
