//! Columns and models that have another name: who follows is silent, and nobody else.

use super::*;

const RAW: (&str, &str) = ("raw", "source");
const OTHER: (&str, &str) = ("other", "source");

/// The model `refunds` in both versions, and readers of it.
fn renamed(base: &[(&str, &str)], head: &[(&str, &str)], expected: &str) {
    check(&[&[RAW, OTHER], base].concat(), &[&[RAW, OTHER], head].concat(), expected);
}

const OLD: (&str, &str) = ("refunds", "select r.id, coalesce(r.why, '-') as reason, r.amount from raw r");
const NEW: (&str, &str) = ("refunds", "select r.id, coalesce(r.why, '-') as refund_reason, r.amount from raw r");
const ITSELF: &str = "refunds: reached added refund_reason + removed reason (refunds)";

fn read(base: &str, head: &str, expected: &str) {
    let expected = format!("{expected}\n{ITSELF}");
    renamed(&[OLD, ("fct", base)], &[NEW, ("fct", head)], &expected);
}

#[test]
fn a_reader_that_follows_a_renamed_column_is_silent() {
    for (base, head) in [
        ("select f.reason from refunds f", "select f.refund_reason as reason from refunds f"),
        (
            "select f.reason, count(*) as n from refunds f group by f.reason",
            "select f.refund_reason as reason, count(*) as n from refunds f group by f.refund_reason",
        ),
        (
            "select f.id from refunds f where f.reason = 'x' order by f.reason limit 3",
            "select f.id from refunds f where f.refund_reason = 'x' order by 1 limit 3",
        ),
        ("select distinct reason from refunds", "select distinct refund_reason as reason from refunds"),
        (
            "select x.reason from (select * from refunds) x",
            "select x.refund_reason as reason from (select * from refunds) x",
        ),
        (
            "select reason as r, id from refunds union all select 'a', 1",
            "select refund_reason as r, id from refunds union all select 'a', 1",
        ),
        (
            "select f.id from refunds f where exists (select 1 from other o where o.why = f.reason)",
            "select f.id from refunds f where exists (select 1 from other o where o.why = f.refund_reason)",
        ),
    ] {
        // Which row a limit keeps goes by the order that is written.
        let expected = if head.contains("order by 1") { "fct: reached rows_added + rows_removed (fct)" } else { "" };
        read(base, head, expected);
    }
}

#[test]
fn what_a_follower_changes_beside_that_is_told() {
    read(
        "select f.reason, f.amount from refunds f",
        "select upper(f.refund_reason) as reason, f.amount from refunds f",
        "fct: reached revalued reason (fct)",
    );
    read(
        "select f.reason, f.amount from refunds f",
        "select f.refund_reason as reason, f.amount from refunds f where f.refund_reason <> 'x'",
        "fct: reached rows_removed (fct)",
    );
    // The other column in its place.
    read(
        "select f.reason, f.id from refunds f",
        "select f.amount as reason, f.id from refunds f",
        "fct: reached revalued reason (fct)",
    );
}

#[test]
fn who_still_asks_for_the_old_name_is_broken() {
    for (base, head) in [
        ("select f.reason from refunds f", "select f.reason from refunds f"),
        (
            "select f.reason as a, f.id from refunds f",
            "select f.reason as a, f.id from refunds f where f.refund_reason is not null",
        ),
        ("select f.id from refunds f where f.reason = 'x'", "select f.id from refunds f where f.reason in ('x')"),
    ] {
        let (base, head, comparison) = compared(&[RAW, OLD, ("fct", base)], &[RAW, NEW, ("fct", head)]);
        let spread = spread(&base, &head, &comparison);
        let arrival = &spread.arrivals()[&RelationId::new("fct")];
        assert!(arrival.effects.iter().any(|effect| effect.kind.to_string() == "broken"), "{arrival:?}");
    }
}

#[test]
fn a_star_passes_a_renamed_column_on_to_those_who_follow() {
    let star = ("mirror", "select * from refunds");
    renamed(
        &[OLD, star, ("fct", "select m.reason from mirror m")],
        &[NEW, star, ("fct", "select m.refund_reason as reason from mirror m")],
        &format!("mirror: reached added refund_reason + removed reason (refunds → mirror)\n{ITSELF}"),
    );
    renamed(
        &[OLD, star, ("fct", "select m.reason from mirror m")],
        &[NEW, star, ("fct", "select m.reason from mirror m")],
        &format!(
            "fct: reached broken + unspecified reason (refunds → mirror → fct)
             mirror: reached added refund_reason + removed reason + unspecified reason (refunds → mirror)\n{ITSELF}"
        ),
    );
    // By place, and by a list of names, the name does not matter.
    for unchanged in [
        "select why as reason, id, 1 as amount from other union all select * from refunds",
        "with r (a, b, c) as (select * from refunds) select a, b from r",
    ] {
        let first = unchanged.replace("why as reason, id", "id, why");
        renamed(&[OLD, ("fct", &first)], &[NEW, ("fct", &first)], ITSELF);
    }
}

#[test]
fn a_rename_is_handed_on_from_model_to_model() {
    renamed(
        &[OLD, ("mid", "select f.id, f.reason as why from refunds f"), ("fct", "select why from mid")],
        &[
            NEW,
            ("mid", "select f.id, f.refund_reason as cause from refunds f"),
            ("fct", "select cause as why from mid"),
        ],
        &format!("mid: reached added cause + removed why (mid)\n{ITSELF}"),
    );
}

#[test]
fn a_distinct_over_a_renamed_column_keeps_its_rows() {
    renamed(
        &[("refunds", "select distinct r.id, r.why as reason from raw r"), ("fct", "select reason from refunds")],
        &[
            ("refunds", "select distinct r.id, r.why as refund_reason from raw r"),
            ("fct", "select refund_reason as reason from refunds"),
        ],
        ITSELF,
    );
    renamed(
        &[
            ("refunds", "select r.id, r.why as reason from raw r union select o.id, o.why from other o"),
            ("fct", "select reason from refunds"),
        ],
        &[
            ("refunds", "select r.id, r.why as refund_reason from raw r union select o.id, o.why from other o"),
            ("fct", "select refund_reason as reason from refunds"),
        ],
        ITSELF,
    );
}

#[test]
fn another_value_under_another_name_is_no_rename() {
    renamed(
        &[OLD, ("fct", "select f.reason from refunds f")],
        &[
            ("refunds", "select r.id, lower(r.why) as refund_reason, r.amount from raw r"),
            ("fct", "select f.refund_reason as reason from refunds f"),
        ],
        &format!("fct: reached revalued reason (fct)\n{ITSELF}"),
    );
    // Which row of several is kept decides what it holds.
    renamed(
        &[
            ("refunds", "select distinct on (r.id) r.id, r.why as reason from raw r order by r.id, r.day"),
            ("fct", "select f.reason from refunds f"),
        ],
        &[
            ("refunds", "select distinct on (r.id) r.id, r.why as refund_reason from raw r order by r.id, r.day desc"),
            ("fct", "select f.refund_reason as reason from refunds f"),
        ],
        &format!("fct: reached revalued reason (fct)\n{ITSELF}"),
    );
    // So do the rows that are counted.
    renamed(
        &[
            ("refunds", "select r.why, count(*) as reason from raw r group by r.why"),
            ("fct", "select f.reason from refunds f"),
        ],
        &[
            ("refunds", "select r.why, count(*) as refund_reason from raw r where r.day > 3 group by r.why"),
            ("fct", "select f.refund_reason as reason from refunds f"),
        ],
        "fct: reached revalued reason + rows_removed (fct)
         refunds: reached added refund_reason + removed reason + rows_removed (refunds)",
    );
}

#[test]
fn columns_that_swap_their_names_have_other_values() {
    renamed(
        &[("refunds", "select r.a as x, r.b as y from raw r"), ("fct", "select f.x from refunds f")],
        &[("refunds", "select r.a as y, r.b as x from raw r"), ("fct", "select f.y as x from refunds f")],
        "fct: reached revalued x (fct)
         refunds: reached revalued x + revalued y (refunds)",
    );
    // The old name is another column now.
    renamed(
        &[("refunds", "select r.a as x, r.b as y from raw r"), ("fct", "select f.x from refunds f")],
        &[("refunds", "select r.a as z, r.b as x from raw r"), ("fct", "select f.x from refunds f")],
        "fct: reached revalued x (refunds → fct)
         refunds: reached added z + removed y + revalued x (refunds)",
    );
}

#[test]
fn case_and_quotes_make_another_name() {
    renamed(
        &[("refunds", "select r.why as reason from raw r"), ("fct", "select f.reason from refunds f")],
        &[("refunds", "select r.why as \"Reason\" from raw r"), ("fct", "select f.reason from refunds f")],
        "fct: reached broken + revalued reason (refunds → fct)
         refunds: reached added Reason + removed reason + revalued reason (refunds)",
    );
    renamed(
        &[("refunds", "select r.why as reason from raw r"), ("fct", "select f.reason from refunds f")],
        &[
            ("refunds", "select r.why as \"Reason\" from raw r"),
            ("fct", "select f.\"Reason\" as reason from refunds f"),
        ],
        "refunds: reached added Reason + removed reason (refunds)",
    );
}

#[test]
fn joins_that_match_by_name_find_other_columns() {
    let known = ("lookup", "select o.a as refund_reason, o.b as label, o.c as reason from other o");
    for (join, expected) in [
        ("select l.label from refunds f natural join lookup l", "fct: reached"),
        ("select l.label from refunds f join lookup l using (reason)", "fct: reached broken"),
    ] {
        let (base, head, comparison) =
            compared(&[RAW, OTHER, known, OLD, ("fct", join)], &[RAW, OTHER, known, NEW, ("fct", join)]);
        let spread = spread(&base, &head, &comparison);
        let arrival = &spread.arrivals()[&RelationId::new("fct")];
        let effects: Vec<String> = arrival.effects.iter().map(|effect| effect.kind.to_string()).collect();
        let told = format!("fct: {} {}", arrival.reach.name(), effects.join(" + "));
        assert!(told.starts_with(expected), "{join}: {told}");
    }
}

#[test]
fn a_name_that_another_table_has_as_well_is_ambiguous_or_another_column() {
    let known = ("lookup", "select o.id, o.a as refund_reason from other o");
    let reader = ("fct", "select refund_reason from refunds f join lookup l on l.id = f.id");
    let (base, head, comparison) = compared(&[RAW, OTHER, known, OLD, reader], &[RAW, OTHER, known, NEW, reader]);
    let spread = spread(&base, &head, &comparison);
    assert!(spread.arrivals().contains_key(&RelationId::new("fct")));
}

#[test]
fn a_whole_row_shows_the_names_of_its_columns() {
    for row in
        ["select row_to_json(f) as j from refunds f", "select row_to_json(x) as j from (select * from refunds) x"]
    {
        let (base, head, comparison) = compared(&[RAW, OLD, ("fct", row)], &[RAW, NEW, ("fct", row)]);
        let spread = spread(&base, &head, &comparison);
        assert!(spread.arrivals().contains_key(&RelationId::new("fct")), "{row}");
    }
}

#[test]
fn what_reads_two_renamed_columns_crosswise_is_changed() {
    renamed(
        &[("refunds", "select r.a as x, r.b as y from raw r"), ("fct", "select f.x, f.y from refunds f")],
        &[("refunds", "select r.a as v, r.b as w from raw r"), ("fct", "select f.w as x, f.v as y from refunds f")],
        "fct: reached revalued x + revalued y (fct)
         refunds: reached added v + added w + removed x + removed y (refunds)",
    );
}

#[test]
fn a_model_with_another_name_is_the_same_to_those_who_follow() {
    renamed(
        &[OLD, ("fct", "select f.reason from refunds f")],
        &[("returns", OLD.1), ("fct", "select f.reason from returns f")],
        "refunds: reached moved (refunds)
         returns: reached moved (returns)",
    );
    renamed(
        &[OLD, ("fct", "select f.reason from refunds f"), ("old", "select f.id from refunds f")],
        &[("returns", OLD.1), ("fct", "select f.reason from returns f"), ("old", "select f.id from refunds f")],
        "old: reached broken (refunds → old)
         refunds: reached moved (refunds)
         returns: reached moved (returns)",
    );
    // With a column renamed on the way.
    renamed(
        &[OLD, ("fct", "select f.id from refunds f")],
        &[("returns", NEW.1), ("fct", "select f.id from returns f")],
        "refunds: reached moved (refunds)
         returns: reached added refund_reason + moved + removed reason (returns)",
    );
    renamed(
        &[OLD, ("fct", "select f.reason from refunds f")],
        &[("returns", NEW.1), ("fct", "select f.refund_reason as reason from returns f")],
        "refunds: reached moved (refunds)
         returns: reached added refund_reason + moved + removed reason (returns)",
    );
    // With anything else it is another one: it came, and the other went.
    renamed(
        &[OLD, ("fct", "select f.id from refunds f")],
        &[("returns", "select r.id, r.why as reason, r.amount from raw r"), ("fct", "select f.id from returns f")],
        "fct: reached revalued id + rows_added + rows_duplicated + rows_removed (fct)
         refunds: reached removed (refunds)
         returns: reached added (returns)",
    );
}

#[test]
fn a_model_that_is_read_beside_its_old_name_is_not_taken_for_it() {
    // Who reads both read one of them before.
    renamed(
        &[OLD, ("fct", "select f.reason from refunds f union all select f.reason from refunds f")],
        &[("returns", OLD.1), ("fct", "select f.reason from returns f union all select f.reason from refunds f")],
        "fct: reached broken + revalued reason + rows_added + rows_duplicated + rows_removed (fct)
         refunds: reached moved (refunds)
         returns: reached moved (returns)",
    );
}

#[test]
fn chains_of_renamed_models_are_followed() {
    renamed(
        &[OLD, ("mid", "select f.reason as why from refunds f"), ("fct", "select m.why from mid m")],
        &[
            ("returns", OLD.1),
            ("middle", "select f.reason as why from returns f"),
            ("fct", "select m.why from middle m"),
        ],
        "mid: reached moved (mid)
         middle: reached moved (middle)
         refunds: reached moved (refunds)
         returns: reached moved (returns)",
    );
}
