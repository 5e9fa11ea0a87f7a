//! Tables that are another one by another name, and names that may be another table's.

use super::columns::arrives;

const SOURCES: &str = "sources: [{name: raw, schema: lake, tables: [{name: orders}, {name: people, identifier: p}]}]";
const STG: &str = "select id, amount from {{ source('raw', 'orders') }}";

fn with<'a>(mart: &'a str, stg: &'a str, sources: &'a str) -> [(&'a str, &'a str); 3] {
    [("models/mart.sql", mart), ("models/stg.sql", stg), ("models/sources.yml", sources)]
}

/// What arrives at the models.
fn models(base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<String> {
    arrives(base, head).into_iter().filter(|line| line.starts_with("model.")).collect()
}

#[test]
fn a_source_that_is_another_table_reaches_its_readers() {
    let mart = "select sum(amount) as total from {{ ref('stg') }}";
    let base = with(mart, STG, SOURCES);
    let of = |sources: &str| models(&base, &with(mart, STG, sources));
    for sources in [
        SOURCES.replace("schema: lake", "schema: pond"),
        SOURCES.replace("schema: lake", "schema: lake, database: other"),
        SOURCES.replace("name: orders", "name: orders, identifier: orders_new"),
    ] {
        assert_eq!(of(&sources), ["model.shop.mart: reached unspecified total", "model.shop.stg: reached unspecified"]);
    }
    assert!(of(&SOURCES.replace("name: orders", "name: orders, identifier: orders")).is_empty());
    assert!(of(&SOURCES.replace("identifier: p", "identifier: q")).is_empty(), "nobody reads it");
}

#[test]
fn a_name_that_may_be_another_table_is_not_taken_for_the_model() {
    let read = |table: &str| format!("select sum(amount) as total from {table}");
    let stg = format!("{{{{ config(schema='core') }}}}{STG}");
    let of = |base: &str, head: &str| {
        let (base, head) = (read(base), read(head));
        models(&with(&base, &stg, SOURCES), &with(&head, &stg, SOURCES))
    };
    let reached = ["model.shop.mart: reached unspecified"];
    assert_eq!(of("{{ ref('stg') }}", "legacy.stg"), reached);
    assert_eq!(of("legacy.stg", "{{ ref('stg') }}"), reached);
    assert_eq!(of("legacy.stg", "older.stg"), reached);
    // The model is there, by whatever name.
    assert!(of("{{ ref('stg') }}", "core.stg").is_empty());
    assert!(of("legacy.stg", "legacy.stg").is_empty());
}

#[test]
fn who_reads_a_model_by_the_name_that_it_had_reads_what_stays_behind() {
    let stg = |config: &str| format!("{{{{ config({config}) }}}}{STG}");
    let of = |read: &str, config: &str| {
        let mart = format!("select sum(amount) as total from {read}");
        let (base, head) = (stg("schema='core'"), stg(config));
        models(&with(&mart, &base, SOURCES), &with(&mart, &head, SOURCES))
    };
    let moved = "model.shop.stg: reached moved";
    for read in ["core.stg", "stg"] {
        let told = of(read, "schema='core', alias='stg_x'");
        assert_eq!(told, ["model.shop.mart: reached unspecified", moved], "{read}");
    }
    assert_eq!(of("core.stg", "schema='other'"), ["model.shop.mart: reached unspecified", moved]);
    assert_eq!(of("{{ ref('stg') }}", "schema='other', alias='stg_x'"), [moved]);
}

#[test]
fn what_keeps_what_earlier_runs_gave_starts_anew_under_another_name() {
    let mart = "select sum(amount) as total from {{ ref('stg') }}";
    let stg = |config: &str| format!("{{{{ config({config}) }}}}{STG}");
    let of = |config: &str, more: &str| {
        let (base, head) = (stg(config), stg(&format!("{config}, {more}")));
        models(&with(mart, &base, SOURCES), &with(mart, &head, SOURCES))
    };
    let told = of("materialized='incremental', unique_key='id'", "alias='stg_v2'");
    assert!(told.iter().any(|line| line.starts_with("model.shop.mart: reached revalued total")), "{told:?}");
    assert_eq!(of("materialized='table'", "alias='stg_v2'"), ["model.shop.stg: reached moved"]);
}

/// Where no profile and no setting says the schema, the project's own SQL still finds its tables.
#[test]
fn a_model_that_reads_itself_in_the_schema_of_the_target() {
    let incremental = "{{ config(materialized='incremental', unique_key='id') }}
        select id, amount, day from {{ source('raw', 'orders') }}
        {% if is_incremental() %} where day > (select max(day) from {{ this }}) {% endif %}";
    let mart = "select sum(amount) as total from {{ ref('stg') }}";
    let more = incremental.replace("amount, day", "amount, amount * 2 as twice, day");
    let told = models(&with(mart, incremental, SOURCES), &with(mart, &more, SOURCES));
    assert_eq!(told, ["model.shop.stg: reached added twice"]);
}

/// dbt does not read what a project has it ignore.
#[test]
fn what_dbt_is_to_ignore() {
    let mart = "select sum(amount) as total from {{ ref('stg') }}";
    let base = with(mart, STG, SOURCES);
    let mut head = base.to_vec();
    head.push((".dbtignore", "# old ones\nmodels/st*.sql\n!models/mart.sql\n"));
    let told = models(&base, &head);
    assert!(told.iter().any(|line| line.starts_with("model.shop.stg: reached removed")), "{told:?}");
    let others = ["seeds/", "stg", "models/stg.sql.txt"].map(|pattern| {
        let mut head = base.to_vec();
        head.push((".dbtignore", pattern));
        models(&base, &head)
    });
    assert_eq!(others, [const { Vec::<String>::new() }; 3]);
}
