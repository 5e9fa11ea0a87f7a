//! Lists as warehouses write them, and such as are none.

use headsup_lineage::dependency::{Extent, Schemas};

use super::*;

/// The columns of a table as text, with their types.
fn columns(tables: &Tables, dialect: Dialect, name: &str) -> String {
    let shape = tables.shape(&RelationName::parse(dialect, name));
    let open = if shape.extent == Extent::Open { " ..." } else { "" };
    shape.columns.iter().map(ColumnName::as_str).collect::<Vec<_>>().join(" ") + open
}

fn read(reader: Reader, dialect: Dialect, text: &str) -> Tables {
    let mut tables = Tables::default();
    reader(text, "list", dialect, &mut tables).unwrap();
    tables
}

#[track_caller]
fn refused(reader: Reader, text: &str) -> String {
    let found = reader(text, "list", Dialect::Ansi, &mut Tables::default()).unwrap_err();
    format!("{} {}", found.position.unwrap(), found.message)
}

#[test]
fn a_catalog_gives_the_tables_of_models_and_sources() {
    let text = r#"{
        "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json"},
        "nodes": {"model.shop.orders": {
            "metadata": {"type": "BASE TABLE", "schema": "CORE", "name": "ORDERS", "database": "DWH"},
            "columns": {
                "AMOUNT": {"type": "NUMBER", "index": 2, "name": "AMOUNT"},
                "ID": {"type": "NUMBER", "index": 1, "name": "ID"}
            }
        }},
        "sources": {"source.shop.raw.people": {
            "metadata": {"schema": "RAW", "name": "PEOPLE", "database": null},
            "columns": {"mail": {"type": "TEXT", "index": 1, "name": "mail"}}
        }},
        "errors": null
    }"#;
    let tables = self::read(read_catalog, Dialect::Snowflake, text);
    assert_eq!(columns(&tables, Dialect::Snowflake, "dwh.core.orders"), "ID AMOUNT");
    assert_eq!(columns(&tables, Dialect::Snowflake, "core.orders"), "ID AMOUNT");
    assert_eq!(columns(&tables, Dialect::Snowflake, "raw.people"), "mail");
    assert_eq!(columns(&tables, Dialect::Snowflake, "raw.orders"), " ...");
    let quoted = ColumnName::new(Dialect::Snowflake, "mail", Quoting::Quoted);
    let shape = tables.shape(&RelationName::parse(Dialect::Snowflake, "raw.people"));
    assert_eq!(*shape.columns, [quoted], "the warehouse keeps it in lower case, so only quotes find it");
}

#[test]
fn an_information_schema_gives_tables_in_any_order_and_spelling() {
    let text = "Table_Schema,TABLE_NAME,column_name,Ordinal_Position,data_type,is_nullable\n\
                core,orders,amount,2,\"numeric(10, 2)\",YES\n\
                raw,\"odd, name\",x,1,text,NO\n\
                core,orders,id,1,bigint,NO\n";
    let tables = self::read(read_information_schema, Dialect::Postgres, text);
    assert_eq!(columns(&tables, Dialect::Postgres, "dwh.core.orders"), "id amount");
    assert_eq!(columns(&tables, Dialect::Postgres, "raw.\"odd, name\""), "x");
}

#[test]
fn the_fewest_columns_and_other_separators_will_do() {
    for text in [
        "table_name;column_name\norders;id\norders;amount\n",
        "\u{feff}TABLE_NAME\tCOLUMN_NAME\norders\tid\norders\tamount",
    ] {
        let tables = self::read(read_information_schema, Dialect::Ansi, text);
        assert_eq!(columns(&tables, Dialect::Ansi, "orders"), "id amount");
    }
}

#[test]
fn what_is_no_list_is_told_with_its_place() {
    assert_eq!(refused(read_catalog, "{\n  \"nodes\": [}"), "2:13 the file is not valid JSON");
    assert_eq!(
        refused(read_catalog, "{\"a\": 1}"),
        "1:1 the file has neither `nodes` nor `sources`, as a catalog of dbt has"
    );
    let header = "table_name,column_name,ordinal_position\n";
    assert_eq!(refused(read_information_schema, ""), "1:1 the file does not say its `table_name` and `column_name`");
    assert_eq!(
        refused(read_information_schema, "name,column_name\n"),
        "1:1 the file does not say its `table_name` and `column_name`"
    );
    assert_eq!(
        refused(read_information_schema, &format!("{header}orders,id,1\norders,id\n")),
        "3:1 the line has 2 fields, and the first line has 3"
    );
    assert_eq!(
        refused(read_information_schema, &format!("{header}orders,id,1\n\"or,ders\",id,one\n")),
        "3:14 `one` is no number of a place in a table"
    );
    assert_eq!(refused(read_information_schema, &format!("{header}orders,,1\n")), "2:8 the column has no name");
}
