//! What templates print of property files: descriptions, columns, `meta`, of the model itself and of others.

use super::columns::arrives;

const SAID: &str = "models:
- {name: m, description: foo, columns: [{name: a, description: cd, data_type: int, meta: {expr: v}, config: {meta: {e: v}}, tags: [q]}]}
- {name: other, description: bar, config: {meta: {lim: 1}}}
sources: [{name: raw, description: of raw, meta: {s: 1}, tables: [{name: t, description: of t, meta: {lim: 2}, columns: [{name: id}]}]}]
exposures: [{name: board, type: dashboard, label: shown}]
";

/// Whether a model notices an edit of the property file.
fn notices(template: &str, edit: (&str, &str)) -> bool {
    assert!(SAID.contains(edit.0));
    let head = SAID.replace(edit.0, edit.1);
    let files = |said| [("models/m.sql", template), ("models/other.sql", "select 1 as a"), ("models/p.yml", said)];
    let (base, head) = (files(SAID), files(&head));
    arrives(&base, &head).iter().any(|line| line.starts_with("model.shop.m: "))
}

#[test]
fn what_is_printed_of_the_model_itself_is_noticed() {
    for (told, edit) in [
        ("'{{ model.description }}'", ("foo", "fou")),
        ("'{{ model['description'] }}'", ("foo", "fou")),
        ("'{{ model.columns['a'].description }}'", ("cd", "ce")),
        ("'{{ model.columns.a.tags | join }}'", ("[q]", "[z]")),
        ("{{ model.columns.a.meta.expr }}", ("expr: v", "expr: w")),
        ("{{ model.columns.get('a').config.meta.e }}", ("{e: v}", "{e: w}")),
        ("{% for name, one in model.columns.items() %}v::{{ one.data_type }}{% endfor %}", ("int", "text")),
        ("{{ model.columns | length }}", ("{name: a, ", "{name: b}, {name: a, ")),
    ] {
        assert!(notices(&format!("select {told} as x from t"), edit), "{told}");
    }
}

#[test]
fn what_is_printed_of_others_is_noticed() {
    let source = "graph.sources['source.shop.raw.t']";
    for (told, edit) in [
        ("graph.nodes['model.shop.other'].description".to_owned(), ("bar", "baz")),
        ("graph.nodes['model.shop.m'].columns.a.description".to_owned(), ("cd", "ce")),
        ("graph.nodes['model.shop.other'].config.meta.lim".to_owned(), ("lim: 1", "lim: 3")),
        (format!("{source}.description"), ("of t", "of u")),
        (format!("{source}.source_description"), ("of raw", "of row")),
        (format!("{source}.source_meta.s"), ("{s: 1}", "{s: 2}")),
        (format!("{source}.meta.lim"), ("lim: 2", "lim: 3")),
        (format!("{source}.columns | length"), ("[{name: id}]", "[{name: id}, {name: v}]")),
        ("graph.exposures['exposure.shop.board'].label".to_owned(), ("shown", "hidden")),
    ] {
        let template = format!("select '{{% if execute %}}{{{{ {told} }}}}{{% endif %}}' as x from t");
        assert!(notices(&template, edit), "{told}");
    }
}

/// Who reads columns by name only, or prints what is configured, hears nothing of descriptions.
#[test]
fn who_prints_no_description_hears_of_none() {
    for template in ["select v as x from t", "select '{{ model.name }}{{ model.config.materialized }}' as x from t"] {
        for edit in [("foo", "fou"), ("cd", "ce"), ("bar", "baz"), ("of t", "of u")] {
            assert!(!notices(template, edit), "{template}: {edit:?}");
        }
    }
}

#[test]
fn what_is_told_decides_elsewhere_too() {
    let asking = "select {% if target.name == 'prod' %}'{{ model.description }}'{% else %}'x'{% endif %} as x from t";
    assert!(notices(asking, ("foo", "fou")));
    assert!(!notices(asking, ("bar", "baz")));
    let broken = "select '{{ model.description }}' {{ no_such_macro() }} as x from t";
    assert!(notices(broken, ("foo", "fou")));
}

#[test]
fn what_a_python_model_asks_of_its_configuration_is_noticed() {
    let said = |meta: u32, tag: &str| {
        format!("models: [{{name: m, config: {{meta: {{lim: {meta}}}, tags: [{tag}], docs: {{show: true}}}}}}]")
    };
    let notices = |text: &str, head: &str| {
        let body = format!("def model(dbt, session):\n    dbt.config(materialized='table')\n    {text}\n");
        let base = said(1, "a");
        let files = |said| [("models/m.py", body.as_str()), ("models/p.yml", said)];
        let lines = arrives(&files(&base), &files(head));
        lines.iter().any(|line| line.starts_with("model.shop.m: unknown"))
    };
    for text in
        ["l = dbt.config.get('meta')['lim']", "l = dbt.config.meta_get('lim')", "c = dbt.config\n    c.get('x')"]
    {
        assert!(notices(text, &said(2, "a")), "{text}");
    }
    assert!(!notices("l = dbt.config.get('lim')", &said(1, "b")));
    assert!(!notices("return dbt.ref('a')", &said(2, "b")));
}

#[test]
fn where_the_files_of_a_source_lie_is_noticed() {
    let files = |table: &str| {
        [
            ("models/m.sql", "select * from {{ source('raw', 't') }}".to_owned()),
            ("models/p.yml", format!("sources: [{{name: raw, tables: [{{name: t, {table}}}]}}]")),
        ]
    };
    let notices = |base: &str, head: &str| {
        let (base, head) = (files(base), files(head));
        let lines = arrives(
            &base.each_ref().map(|(path, text)| (*path, text.as_str())),
            &head.each_ref().map(|(path, text)| (*path, text.as_str())),
        );
        lines.iter().any(|line| line.starts_with("model.shop.m: reached"))
    };
    assert!(notices("meta: {external_location: 'a.parquet'}", "meta: {external_location: 'b.parquet'}"));
    assert!(notices("config: {external_location: 'a'}", "config: {meta: {external_location: 'b'}}"));
    assert!(notices("external: {location: '@s/a'}", "external: {location: '@s/b'}"));
    assert!(!notices("meta: {external_location: 'a'}", "config: {external_location: 'a'}"));
    assert!(!notices("external: {location: '@s/a'}", "external: {location: '@s/a', auto_refresh: true}"));
}
