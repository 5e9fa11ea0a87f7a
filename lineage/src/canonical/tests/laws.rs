//! Laws on random queries: what only writes a query differently gives the same form, whichever of the
//! two is read first; reading it twice gives the same form; and a form brought to its form stays.

use proptest::prelude::*;

use super::super::plan::{Plan, PlanId};
use super::super::{Terms, canonicalize};
use super::{SCHEMA, are_same, form, known};
use crate::dialect::Dialect;
use crate::parse::parse;

/// A query as parts, to be written in several ways.
#[derive(Debug, Clone)]
struct Query {
    /// Relations with the join that leads to each.
    items: Vec<(Relation, Join)>,
    conditions: Vec<Condition>,
    outputs: Vec<Value>,
    shape: Shape,
}

#[derive(Debug, Clone, Copy)]
enum Relation {
    T,
    U,
    V,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Join {
    Inner,
    Left,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Plain,
    Distinct,
    Grouped,
    Windowed,
}

/// A column of an item; both counted anew by what there is.
#[derive(Debug, Clone, Copy)]
struct Column(usize, usize);

#[derive(Debug, Clone)]
enum Value {
    Column(Column),
    Sum(Column, Column),
    Coalesce(Column, u8),
    Choice(Column, u8, Column),
}

#[derive(Debug, Clone)]
enum Condition {
    Compared(Column, &'static str, u8),
    Columns(Column, Column),
    Null(Column),
    Either(Column, u8, Column, u8),
    Listed(Column, Vec<u8>),
    Exists(Column),
}

/// How a query is written.
#[derive(Debug, Clone)]
struct Style {
    /// What aliases begin with.
    prefix: &'static str,
    /// Which relations stand in a CTE of their own.
    ctes: u8,
    /// Whether the whole query stands in one.
    whole: bool,
    /// Whether inner joins are commas, their conditions in WHERE.
    commas: bool,
    /// By how much conditions are rotated.
    rotated: usize,
    /// Whether comparisons stand the other way round.
    mirrored: bool,
}

fn columns(relation: Relation) -> (&'static str, [&'static str; 3]) {
    match relation {
        Relation::T => ("t", ["id", "a", "b"]),
        Relation::U => ("u", ["id", "a", "d"]),
        Relation::V => ("v", ["k", "x", "y"]),
    }
}

impl Query {
    fn column(&self, column: Column, style: &Style) -> String {
        let item = column.0 % self.items.len();
        let names = columns(self.items[item].0).1;
        format!("{}{item}.{}", style.prefix, names[column.1 % names.len()])
    }

    fn condition(&self, condition: &Condition, style: &Style) -> String {
        let of = |column: &Column| self.column(*column, style);
        let compared = |left: String, operator: &str, right: String| {
            let mirror = match operator {
                "<" => ">",
                ">=" => "<=",
                other => other,
            };
            if style.mirrored { format!("{right} {mirror} {left}") } else { format!("{left} {operator} {right}") }
        };
        match condition {
            Condition::Compared(column, operator, number) => compared(of(column), operator, number.to_string()),
            Condition::Columns(one, other) => compared(of(one), "=", of(other)),
            Condition::Null(column) => format!("{} is null", of(column)),
            Condition::Either(one, first, other, second) => {
                let (one, other) = (format!("{} = {first}", of(one)), format!("{} > {second}", of(other)));
                if style.mirrored { format!("({other} or {one})") } else { format!("({one} or {other})") }
            }
            Condition::Listed(column, numbers) => {
                let mut numbers: Vec<String> = numbers.iter().map(u8::to_string).collect();
                if style.mirrored {
                    numbers.reverse();
                    let each: Vec<String> = numbers.iter().map(|number| format!("{} = {number}", of(column))).collect();
                    return format!("({})", each.join(" or "));
                }
                format!("{} in ({})", of(column), numbers.join(", "))
            }
            Condition::Exists(column) => {
                if style.mirrored {
                    format!("{} in (select e.a from u as e where e.d > 1)", of(column))
                } else {
                    format!("exists (select 1 from u as inner_u where inner_u.d > 1 and inner_u.a = {})", of(column))
                }
            }
        }
    }

    fn value(&self, value: &Value, style: &Style) -> String {
        let of = |column: &Column| self.column(*column, style);
        match value {
            Value::Column(column) => of(column),
            Value::Sum(one, other) if style.mirrored => format!("{} + {}", of(other), of(one)),
            Value::Sum(one, other) => format!("{} + {}", of(one), of(other)),
            Value::Coalesce(column, number) if style.mirrored => {
                format!("case when {0} is null then {number} else {0} end", of(column))
            }
            Value::Coalesce(column, number) => format!("coalesce({}, {number})", of(column)),
            Value::Choice(one, number, other) => format!("case when {} = {number} then {} end", of(one), of(other)),
        }
    }

    fn write(&self, style: &Style) -> String {
        let mut ctes: Vec<String> = Vec::new();
        let mut from = String::new();
        let mut conditions: Vec<String> =
            self.conditions.iter().map(|condition| self.condition(condition, style)).collect();
        for (place, (relation, join)) in self.items.iter().enumerate() {
            let name = columns(*relation).0;
            let source = if style.ctes & (1 << place) != 0 {
                ctes.push(format!("{}c{place} as (select * from {name})", style.prefix));
                format!("{}c{place}", style.prefix)
            } else {
                name.to_owned()
            };
            let alias = format!("{}{place}", style.prefix);
            let first = columns(self.items[0].0).1[1];
            let on = format!("{alias}.{} = {}0.{first}", columns(*relation).1[0], style.prefix);
            if place == 0 {
                from = format!("{source} as {alias}");
            } else if *join == Join::Left {
                from.push_str(&format!(" left join {source} as {alias} on {on}"));
            } else if style.commas {
                from.push_str(&format!(" cross join {source} as {alias}"));
                conditions.push(on);
            } else {
                from.push_str(&format!(" join {source} as {alias} on {on}"));
            }
        }
        if !conditions.is_empty() {
            let by = style.rotated % conditions.len();
            conditions.rotate_left(by);
        }
        let outputs: Vec<String> = self.outputs.iter().map(|value| self.value(value, style)).collect();
        let mut listed: Vec<String> =
            outputs.iter().enumerate().map(|(place, output)| format!("{output} as z{place}")).collect();
        let mut behind = String::new();
        let mut distinct = "";
        match self.shape {
            Shape::Plain => {}
            Shape::Distinct => distinct = "distinct ",
            Shape::Grouped => {
                listed.push("count(*) as n".to_owned());
                behind = format!(" group by {}", outputs.join(", "));
            }
            Shape::Windowed => listed.push(format!("max({0}) over (partition by {0}) as n", outputs[0])),
        }
        let conditions =
            if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(" and ")) };
        let body = format!("select {distinct}{} from {from}{conditions}{behind}", listed.join(", "));
        if style.whole {
            ctes.push(format!("{}final as ({body})", style.prefix));
            return format!("with {} select * from {}final", ctes.join(", "), style.prefix);
        }
        if ctes.is_empty() { body } else { format!("with {} {body}", ctes.join(", ")) }
    }
}

fn column() -> impl Strategy<Value = Column> {
    (0..3_usize, 0..3_usize).prop_map(|(item, column)| Column(item, column))
}

fn query() -> impl Strategy<Value = Query> {
    let relation = prop_oneof![Just(Relation::T), Just(Relation::U), Just(Relation::V)];
    let join = prop_oneof![Just(Join::Inner), Just(Join::Left)];
    let operator = prop_oneof![Just("="), Just("<>"), Just("<"), Just(">=")];
    let condition = prop_oneof![
        (column(), operator, 0..4_u8)
            .prop_map(|(column, operator, number)| Condition::Compared(column, operator, number)),
        (column(), column()).prop_map(|(one, other)| Condition::Columns(one, other)),
        column().prop_map(Condition::Null),
        (column(), 0..4_u8, column(), 0..4_u8).prop_map(|(a, b, c, d)| Condition::Either(a, b, c, d)),
        (column(), prop::collection::vec(0..9_u8, 1..4))
            .prop_map(|(column, numbers)| Condition::Listed(column, numbers)),
        column().prop_map(Condition::Exists),
    ];
    let value = prop_oneof![
        column().prop_map(Value::Column),
        (column(), column()).prop_map(|(one, other)| Value::Sum(one, other)),
        (column(), 0..4_u8).prop_map(|(column, number)| Value::Coalesce(column, number)),
        (column(), 0..4_u8, column()).prop_map(|(one, number, other)| Value::Choice(one, number, other)),
    ];
    let shape = prop_oneof![Just(Shape::Plain), Just(Shape::Distinct), Just(Shape::Grouped), Just(Shape::Windowed)];
    (
        prop::collection::vec((relation, join), 1..4),
        prop::collection::vec(condition, 0..5),
        prop::collection::vec(value, 1..4),
        shape,
    )
        .prop_map(|(items, conditions, outputs, shape)| Query { items, conditions, outputs, shape })
}

fn style() -> impl Strategy<Value = Style> {
    let prefix = prop_oneof![Just("x"), Just("y"), Just("longer_")];
    (prefix, any::<u8>(), any::<bool>(), any::<bool>(), 0..6_usize, any::<bool>()).prop_map(
        |(prefix, ctes, whole, commas, rotated, mirrored)| Style { prefix, ctes, whole, commas, rotated, mirrored },
    )
}

/// What a plan comes to if each of its blocks is brought to its form once more.
fn again(terms: &mut Terms, plan: PlanId) -> PlanId {
    match terms.plan(plan).clone() {
        Plan::Block(block) => terms.block(*block),
        Plan::Set(set) => terms.set(set),
        _ => plan,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn how_it_is_written_does_not_matter(query in query(), one in style(), other in style()) {
        let (one, other) = (query.write(&one), query.write(&other));
        prop_assert!(are_same(Dialect::Ansi, &one, &other), "{}\n{}", one, other);
        prop_assert!(are_same(Dialect::Ansi, &other, &one), "{}\n{}", other, one);
    }

    #[test]
    fn a_form_stays(query in query(), style in style()) {
        let known = known(Dialect::Ansi, SCHEMA);
        let mut terms = Terms::new(Dialect::Ansi);
        let sql = query.write(&style);
        let first = form(&mut terms, &sql, &known);
        prop_assert!(first.is_same(&form(&mut terms, &sql, &known)), "{}", sql);
        let second = again(&mut terms, first.plan);
        prop_assert!(second == first.plan, "{}\n{:#?}\n{:#?}", sql, terms.plan(first.plan), terms.plan(second));
    }

    #[test]
    fn nothing_breaks_it(text in "(select|from|where|t|u|a|b|\\*|,|\\(|\\)|join|on|=|1|group by|union all|with| ){1,40}") {
        let script = parse(&text, Dialect::Ansi);
        let known = known(Dialect::Ansi, SCHEMA);
        for queries in script.statements.iter().filter_map(|statement| statement.queries.as_ref()) {
            for output in &queries.outputs {
                let mut terms = Terms::new(Dialect::Ansi);
                let _ = canonicalize(&mut terms, queries, output.block, &known);
            }
        }
    }
}
