//! What T-SQL renames by `sp_rename`, which is no statement of its own but a call. It must not know what is built under the
//! names.

use headsup_lineage::diagnostic::Position;
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::parse::{Token, TokenKind, tokens};
use headsup_lineage::query::{Clause, ClauseKind, TableSchema};

/// The tables that a text renames, or of which it renames a column, with what that is to them.
pub(super) fn renamed(text: &str, dialect: Dialect) -> Vec<(RelationName, Position, TableSchema)> {
    let is_named = |text: &str| text.as_bytes().windows(9).any(|word| word.eq_ignore_ascii_case(b"sp_rename"));
    if dialect != Dialect::TSql || !is_named(text) {
        return Vec::new();
    }
    let Ok(tokens) = tokens(text, dialect) else { return Vec::new() };
    let calls = tokens.iter().enumerate().filter(|(_, token)| token.text.eq_ignore_ascii_case("sp_rename"));
    calls.flat_map(|(at, token)| of_call(&tokens[at + 1..], token.position, dialect)).collect()
}

fn of_call(behind: &[Token], position: Position, dialect: Dialect) -> Vec<(RelationName, Position, TableSchema)> {
    // Arguments may have their names before them.
    let is_argument = |token: &&Token| {
        matches!(token.kind, TokenKind::String | TokenKind::Word)
            || ["=", ","].contains(&&*token.text)
            || token.text.starts_with('@')
    };
    let texts = behind.iter().take_while(is_argument).filter(|token| token.kind == TokenKind::String);
    let texts: Vec<String> = texts.take(3).map(|token| unquoted(&token.text)).collect();
    let (Some(old), Some(new)) = (texts.first(), texts.get(1)) else { return Vec::new() };
    let with = |clause: Clause| TableSchema { clauses: vec![clause], ..TableSchema::default() };
    let text = format!("sp_rename {}", texts.join(", "));
    match texts.get(2).map(|kind| kind.to_uppercase()).as_deref() {
        Some("COLUMN") => {
            let Some((table, columns)) = RelationName::parse_with_column(dialect, old, 1) else { return Vec::new() };
            let does = ClauseKind::Renames(ColumnName::new(dialect, new, Quoting::Bare));
            vec![(table, position, with(Clause { column: columns.into_iter().next(), does, text }))]
        }
        None | Some("OBJECT") => {
            let old = RelationName::parse(dialect, old);
            let outer: Vec<String> = old.keys().take(old.len() - 1).map(str::to_owned).collect();
            let new = RelationName::bare(dialect, outer.iter().map(String::as_str).chain([new.as_str()]));
            let other = || with(Clause { column: None, does: ClauseKind::Other, text: text.clone() });
            [old, new].map(|name| (name, position, other())).into()
        }
        _ => Vec::new(),
    }
}

fn unquoted(text: &str) -> String {
    text.trim_start_matches(['N', 'n']).trim_matches('\'').replace("''", "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_columns_are_renamed() {
        let told = |text: &str| {
            let found = renamed(text, Dialect::TSql);
            let of = |(name, _, schema): &(RelationName, Position, TableSchema)| {
                let clause = &schema.clauses[0];
                match (&clause.column, &clause.does) {
                    (Some(column), ClauseKind::Renames(to)) => format!("{name}: {column} to {to}"),
                    _ => format!("{name}"),
                }
            };
            found.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(told("exec sp_rename 'dbo.orders', 'orders2';"), ["dbo.orders", "dbo.orders2"]);
        assert_eq!(told("EXEC dbo.sp_rename N'orders_new', N'orders', N'OBJECT'"), ["orders_new", "orders"]);
        assert_eq!(told("exec sp_rename 'dbo.orders.amount', 'total', 'COLUMN'"), ["dbo.orders: amount to total"]);
        assert_eq!(told("exec sp_rename @objname = 'a.b', @newname = 'c'"), ["a.b", "a.c"]);
        assert_eq!(told("exec sp_rename 'dbo.orders.ix', 'ix2', 'INDEX'"), [""; 0]);
        assert!(renamed("exec sp_rename 'a', 'b'", Dialect::Snowflake).is_empty());
    }
}
