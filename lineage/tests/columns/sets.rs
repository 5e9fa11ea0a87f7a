//! Set operations, CTEs and recursion.

use headsup_lineage::dialect::Dialect::{Ansi, DuckDb, Postgres};

use crate::support::check;

const SHOP: &str = "a(x, y); b(y, x); tree(id!, parent, name)";

#[test]
fn branches_are_matched_by_position() {
    let sql = "select x, y from a union all select y, x from b";
    let expected = "
        x <- a.x identity, b.y identity
        y <- a.y identity, b.x identity
        rows <- a rows, b rows";
    check(Ansi, SHOP, sql, expected);
    let sql = "select * from a union all select * from b";
    check(
        Ansi,
        SHOP,
        sql,
        &expected
            .replace("b.y", "b.Y")
            .replace("b.x", "b.y")
            .replace("b.Y", "b.y")
            .replace("y <- a.y identity, b.y", "y <- a.y identity, b.x"),
    );
}

#[test]
fn branches_are_matched_by_name_where_said() {
    let sql = "select * from a union all by name select * from b";
    let expected = "
        x <- a.x identity, b.x identity
        y <- a.y identity, b.y identity
        rows <- a rows, b rows";
    check(DuckDb, SHOP, sql, expected);
}

#[test]
fn a_union_that_drops_duplicates_compares_every_column() {
    let sql = "select x from a union select x from b";
    let expected = "
        x <- a.x identity, b.x identity
        rows <- a rows, a.x distinct, b rows, b.x distinct
        key (x)";
    check(Ansi, SHOP, sql, expected);
}

#[test]
fn except_depends_on_which_rows_the_other_branch_has() {
    let sql = "select id from tree except select x from a";
    let expected = "
        id <- tree.id identity
        rows <- tree rows, tree.id distinct, a distinct, a.x distinct
        key (id)";
    check(Ansi, SHOP, sql, expected);
    let expected = "
        * <- raw.a identity except ()
        rows <- raw.a rows, raw.a.* distinct, raw.b distinct, raw.b.* distinct";
    check(Ansi, SHOP, "select * from raw.a except all select * from raw.b", expected);
}

#[test]
fn an_inner_cte_hides_an_outer_one_and_both_hide_tables() {
    let sql = "with a as (select 1 as x) select x from (with a as (select id as x from tree) select x from a) as q";
    check(Ansi, SHOP, sql, "x <- tree.id identity\nrows <- tree rows\nkey (x)");
    let sql = "with a as (select id as x from tree) select x from a";
    check(Ansi, SHOP, sql, "x <- tree.id identity\nrows <- tree rows\nkey (x)");
}

#[test]
fn a_cte_names_its_columns() {
    let sql = "with c (p, q) as (select x, y from a) select q from c";
    check(Ansi, SHOP, sql, "q <- a.y identity\nrows <- a rows, a.x named");
}

#[test]
fn a_recursive_cte_depends_on_its_anchor_and_its_step() {
    let sql = "
        with recursive up as (
            select id, parent, name from tree where parent is null
            union all
            select t.id, t.parent, up.name || t.name from tree t join up on t.parent = up.id
        ) select id, name from up";
    let expected = "
        id <- tree.id identity
        name <- tree.name identity, tree.name transformation
        rows <- tree rows, tree.id join, tree.parent join, tree.parent filter";
    check(Postgres, SHOP, sql, expected);
}

#[test]
fn branches_of_open_relations_may_mean_any_column() {
    let sql = "select * from raw.a union all select * from raw.b";
    let expected = "
        * <- raw.a identity except () also <- raw.b.* transformation
        rows <- raw.a rows, raw.b rows
        open: a set operation over `*` of relations whose columns are not all known";
    check(Ansi, "", sql, expected);
}

#[test]
fn corresponding_keeps_the_columns_that_all_branches_have() {
    let schema = "t(a, b, c); u(b, a, d)";
    let both = "
        a <- t.a identity, u.a identity
        b <- t.b identity, u.b identity
        rows <- t rows, t.c named, u rows, u.d named";
    check(Ansi, schema, "select a, b, c from t union all corresponding select b, a, d from u", both);
    let one = "
        a <- t.a identity, u.a identity
        rows <- t rows, t.a distinct, t.b named, u rows, u.a distinct, u.b named
        key (a)";
    check(Ansi, schema, "select a, b from t union corresponding by (a) select b, a from u", one);
    let first = "
        a <- t.a identity
        rows <- t rows, t.a distinct, t.b named, u distinct, u.a distinct, u.b named
        key (a)";
    check(Ansi, schema, "select a, b from t except corresponding by (a) select b, a from u", first);
}
