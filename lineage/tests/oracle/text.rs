//! Edits of the text of a query that change nothing, whatever the query is.

use crate::query::{Query, Select, What};

/// What these are called.
pub(crate) const DRESSES: [&str; 10] = [
    "layout",
    "comments",
    "aliases renamed",
    "query in a cte",
    "dead cte",
    "star wrapper",
    "derived tables as ctes",
    "two star wrappers",
    "columns renamed and back",
    "order below",
];

/// A query in another dress.
pub(crate) fn dressed(kind: &str, query: &Query) -> String {
    let sql = query.sql();
    match kind {
        "layout" => spaced(&sql),
        "comments" => sql.replacen("select ", "select /* all that counts */ ", 1) + " -- the end",
        "aliases renamed" => aliases(&sql),
        "query in a cte" => format!("with final as ({sql}) select * from final"),
        "dead cte" => format!("with dead as (select id, a from t where a = 1) {sql}"),
        "star wrapper" => format!("select * from ({sql}) as wrapped"),
        "two star wrappers" => format!("with one as ({sql}), two as (select * from one) select * from two"),
        "columns renamed and back" => {
            let columns = query.columns();
            let there: Vec<String> = columns.iter().map(|name| format!("{name} as to_{name}")).collect();
            let back: Vec<String> = columns.iter().map(|name| format!("to_{name} as {name}")).collect();
            format!("select {} from (select {} from ({sql}) as x) as y", back.join(", "), there.join(", "))
        }
        "order below" => format!("select * from (select * from ({sql}) as x order by 1) as y"),
        _ => with_ctes(query),
    }
}

/// Keywords in upper case, a line each.
fn spaced(sql: &str) -> String {
    let mut text = sql.to_owned();
    for word in ["select", "from", "left join", "full join", "right join", "where", "group by", "having", "and", "as"] {
        text = text.replace(&format!(" {word} "), &format!("\n  {} ", word.to_uppercase()));
    }
    text
}

/// Other aliases: those that the maker gives are `q` and a number.
fn aliases(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut before = ' ';
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        let begins = letter == 'q' && !before.is_alphanumeric() && before != '_';
        if begins && letters.peek().is_some_and(char::is_ascii_digit) {
            text.push_str("other_");
        } else {
            text.push(letter);
        }
        before = letter;
    }
    text
}

/// Each derived table as a CTE, innermost first.
fn with_ctes(query: &Query) -> String {
    let mut ctes: Vec<(String, String)> = Vec::new();
    let mut query = query.clone();
    lift(&mut query, &mut ctes);
    if ctes.is_empty() {
        return query.sql();
    }
    let list: Vec<String> = ctes.iter().map(|(name, sql)| format!("{name} as ({sql})")).collect();
    format!("with {} {}", list.join(", "), query.sql())
}

fn lift(query: &mut Query, ctes: &mut Vec<(String, String)>) {
    match query {
        Query::Set(_, branches) => branches.iter_mut().for_each(|branch| lift(branch, ctes)),
        Query::Select(select) => lift_select(select, ctes),
    }
}

fn lift_select(select: &mut Select, ctes: &mut Vec<(String, String)>) {
    for source in &mut select.sources {
        if let What::Query(inner) = &mut source.what {
            lift(inner, ctes);
            let name = format!("cte_{}", ctes.len() + 1);
            ctes.push((name.clone(), inner.sql()));
            source.what = What::Model(name, inner.columns());
        }
    }
}
