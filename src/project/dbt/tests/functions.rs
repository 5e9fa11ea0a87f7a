//! Functions that dbt builds, and who calls them.

use super::columns::arrives;
use super::given;

const SAID: &str = "functions: [{name: f, arguments: [{name: x, data_type: int}], returns: {data_type: int}}]";

fn project<'p>(body: &'p str, said: &'p str) -> Vec<(&'p str, &'p str)> {
    vec![
        ("functions/f.sql", body),
        ("functions/f.yml", said),
        ("models/rates.sql", "select 1 as r"),
        ("models/m.sql", "select {{ function('f') }}(v) as a, v as b from t"),
        ("models/reader.sql", "select b from {{ ref('m') }}"),
    ]
}

#[test]
fn an_edit_of_a_function_reaches_the_columns_that_call_it() {
    let told = |body: &str, said: &str| arrives(&project("x * 2", SAID), &project(body, said));
    let of = |lines: &[String], id: &str| lines.iter().filter(|line| line.starts_with(id)).cloned().collect::<Vec<_>>();
    let typed = SAID.replace("returns: {data_type: int}", "returns: {data_type: text}");
    for lines in [told("x * 3", SAID), told("x * 2", &typed), told("x * (select r from {{ ref('rates') }})", SAID)] {
        assert_eq!(of(&lines, "model.shop.m"), ["model.shop.m: reached unspecified a"], "{lines:?}");
        assert_eq!(of(&lines, "model.shop.reader"), [""; 0], "{lines:?}");
    }
    assert_eq!(told("x  *  2", SAID), [""; 0]);
    assert_eq!(told("x * 2", &SAID.replace("name: f,", "name: f, description: twice,")), [""; 0]);
}

#[test]
fn a_function_reads_what_its_body_refers_to() {
    let read = given(&project("x * (select max(r) from {{ ref('rates') }})", SAID));
    assert_eq!(read.parents("function.shop.f"), ["model.shop.rates"]);
    assert_eq!(read.parents("model.shop.m").first().map(String::as_str), Some("function.shop.f"));
}

/// Before dbt had functions such a folder was one of plain SQL.
#[test]
fn a_file_of_which_no_property_file_tells_is_no_function() {
    let read = given(&[("functions/f.sql", "create function f() as (1)"), ("models/m.sql", "select 1")]);
    assert_eq!(read.ids(), ["model.shop.m"]);
}
