//! Laws that hold for every query, on random ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use headsup_lineage::columns::lineage;
use headsup_lineage::dependency::{EdgeKind, Extent, QueryLineage, Schemas, Shape, Slot};
use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::{ColumnName, Quoting, RelationName};
use headsup_lineage::parse::parse;
use headsup_lineage::query::ReadRole;
use proptest::prelude::*;

/// A random query. Columns are chosen by number among those in sight, modulo how many there are.
#[derive(Debug, Clone)]
enum Query {
    Select(Box<Select>),
    Set(&'static str, Box<Query>, Box<Query>),
}

#[derive(Debug, Clone)]
struct Select {
    first: From,
    joined: Vec<(&'static str, From, [u8; 2])>,
    columns: Vec<Column>,
    filter: Option<Filter>,
    grouped: bool,
    distinct: bool,
    limited: bool,
    /// Whether derived tables stand in WITH instead.
    with: bool,
}

#[derive(Debug, Clone)]
enum From {
    Table(u8),
    Hole,
    Query(Query),
}

#[derive(Debug, Clone)]
enum Column {
    Plain(u8),
    Sum(u8, u8),
    Case(u8, u8, u8),
    Window(u8, u8),
    Scalar(u8, u8),
}

#[derive(Debug, Clone)]
enum Filter {
    Above(u8),
    Exists(u8, u8),
    In(u8, u8),
}

const TABLES: [(&str, [&str; 3]); 4] =
    [("t0", ["a", "b", "c"]), ("t1", ["a", "d", "e"]), ("s.t2", ["f", "b", "g"]), ("t3", ["h", "i", "j"])];

fn column() -> impl Strategy<Value = Column> {
    prop_oneof![
        4 => any::<u8>().prop_map(Column::Plain),
        2 => any::<(u8, u8)>().prop_map(|(a, b)| Column::Sum(a, b)),
        1 => any::<(u8, u8, u8)>().prop_map(|(a, b, c)| Column::Case(a, b, c)),
        1 => any::<(u8, u8)>().prop_map(|(a, b)| Column::Window(a, b)),
        1 => any::<(u8, u8)>().prop_map(|(a, b)| Column::Scalar(a, b)),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        any::<u8>().prop_map(Filter::Above),
        any::<(u8, u8)>().prop_map(|(a, b)| Filter::Exists(a, b)),
        any::<(u8, u8)>().prop_map(|(a, b)| Filter::In(a, b)),
    ]
}

fn select(from: impl Strategy<Value = From> + Clone + 'static) -> impl Strategy<Value = Query> {
    let joins = prop_oneof![Just("join"), Just("left join"), Just("right join"), Just("full join"), Just("cross join")];
    let joined = prop::collection::vec((joins, from.clone(), any::<[u8; 2]>()), 0..3);
    let columns = prop::collection::vec(column(), 1..4);
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.2), prop::bool::weighted(0.1), any::<bool>());
    (from, joined, columns, prop::option::of(filter()), flags).prop_map(
        |(first, joined, columns, filter, (grouped, distinct, limited, with))| {
            Query::Select(Box::new(Select { first, joined, columns, filter, grouped, distinct, limited, with }))
        },
    )
}

fn query() -> impl Strategy<Value = Query> {
    let table = (0..4_u8).prop_map(From::Table);
    let leaf = select(table.clone()).boxed();
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let from = prop_oneof![2 => table.clone(), 3 => inner.clone().prop_map(From::Query)].boxed();
        let sets = prop_oneof![Just("union all"), Just("union"), Just("except"), Just("intersect")];
        prop_oneof![
            4 => select(from),
            1 => (sets, inner.clone(), inner).prop_map(|(set, a, b)| Query::Set(set, Box::new(a), Box::new(b))),
        ]
    })
}

/// A query with a hole in FROM.
fn query_with_hole() -> impl Strategy<Value = Query> {
    let from = prop_oneof![3 => Just(From::Hole), 1 => (0..4_u8).prop_map(From::Table)];
    select(from)
}

/// How a query is spelled: what derived tables and their columns are called, what fills a hole.
struct Spelling<'a> {
    prefix: &'a str,
    hole: (&'a str, Vec<String>),
    count: std::cell::Cell<usize>,
}

impl<'a> Spelling<'a> {
    fn new(prefix: &'a str) -> Self {
        Self { prefix, hole: ("", Vec::new()), count: std::cell::Cell::new(0) }
    }

    fn name(&self) -> String {
        self.count.set(self.count.get() + 1);
        format!("{}{}", self.prefix, self.count.get())
    }

    /// The text of a query, and its columns.
    fn query(&self, query: &Query, names: &str) -> (String, Vec<String>) {
        match query {
            Query::Set(operator, left, right) => {
                let (left, mine) = self.query(left, names);
                let (right, theirs) = self.query(right, names);
                // Branches are cut to the same width by a projection of their first columns.
                let width = mine.len().min(theirs.len());
                let cut = |text: &str, columns: &[String]| {
                    let (alias, list) = (self.name(), columns[..width].join(", "));
                    format!("select {list} from ({text}) as {alias}")
                };
                let text = format!("{} {operator} {}", cut(&left, &mine), cut(&right, &theirs));
                (text, mine[..width].to_vec())
            }
            Query::Select(select) => self.select(select, names),
        }
    }

    fn from(&self, from: &From, with: &mut Vec<String>, is_with: bool) -> (String, Vec<String>) {
        let alias = self.name();
        let qualified = |columns: Vec<String>| columns.iter().map(|column| format!("{alias}.{column}")).collect();
        match from {
            From::Table(number) => {
                let (table, columns) = TABLES[usize::from(*number) % TABLES.len()];
                (format!("{table} as {alias}"), qualified(columns.map(str::to_owned).to_vec()))
            }
            From::Hole => (format!("{} as {alias}", self.hole.0), qualified(self.hole.1.clone())),
            From::Query(query) => {
                let (text, columns) = self.query(query, &format!("{}c", self.prefix));
                if is_with {
                    let cte = self.name();
                    with.push(format!("{cte} as ({text})"));
                    (format!("{cte} as {alias}"), qualified(columns))
                } else {
                    (format!("({text}) as {alias}"), qualified(columns))
                }
            }
        }
    }

    fn select(&self, select: &Select, names: &str) -> (String, Vec<String>) {
        let mut with = Vec::new();
        let (mut from, mut sight) = self.from(&select.first, &mut with, select.with);
        for (join, item, [left, right]) in &select.joined {
            let (text, columns) = self.from(item, &mut with, select.with);
            let on = match *join {
                "cross join" => String::new(),
                _ => format!(" on {} = {}", pick(&sight, *left), pick(&columns, *right)),
            };
            write!(from, " {join} {text}{on}").expect("a string takes all");
            sight.extend(columns);
        }
        let filter =
            select.filter.as_ref().map_or_else(String::new, |filter| format!(" where {}", self.filter(filter, &sight)));
        let mut projected = Vec::new();
        let mut keys = Vec::new();
        for (place, column) in select.columns.iter().enumerate() {
            let text = self.column(column, &sight);
            let aggregated = select.grouped && place > 0;
            match column {
                _ if aggregated => {
                    projected.push(format!("sum({}) as {names}{place}", pick(&sight, u8::try_from(place).unwrap_or(0))))
                }
                _ if select.grouped => {
                    let key = pick(&sight, 0);
                    keys.push(key.clone());
                    projected.push(format!("{key} as {names}{place}"));
                }
                _ => projected.push(format!("{text} as {names}{place}")),
            }
        }
        let columns = (0..projected.len()).map(|place| format!("{names}{place}")).collect();
        let with = if with.is_empty() { String::new() } else { format!("with {} ", with.join(", ")) };
        let distinct = if select.distinct { "distinct " } else { "" };
        let group = if keys.is_empty() { String::new() } else { format!(" group by {}", keys.join(", ")) };
        let limit = if select.limited { " order by 1 limit 3" } else { "" };
        let text = format!("{with}select {distinct}{} from {from}{filter}{group}", projected.join(", "));
        match limit {
            "" => (text, columns),
            limit => (format!("select * from ({text}{limit}) as {}", self.name()), columns),
        }
    }

    fn filter(&self, filter: &Filter, sight: &[String]) -> String {
        let inner = self.name();
        let table = |number: u8| TABLES[usize::from(number) % TABLES.len()];
        match filter {
            Filter::Above(column) => format!("{} > 1", pick(sight, *column)),
            Filter::Exists(number, column) => {
                let (table, columns) = table(*number);
                format!(
                    "exists (select 1 from {table} as {inner} where {inner}.{} = {})",
                    columns[0],
                    pick(sight, *column)
                )
            }
            Filter::In(number, column) => {
                let (table, columns) = table(*number);
                format!("{} in (select {inner}.{} from {table} as {inner})", pick(sight, *column), columns[1])
            }
        }
    }

    fn column(&self, column: &Column, sight: &[String]) -> String {
        let at = |number: u8| pick(sight, number);
        match column {
            Column::Plain(a) => at(*a),
            Column::Sum(a, b) => format!("{} + {}", at(*a), at(*b)),
            Column::Case(a, b, c) => format!("case when {} > 1 then {} else {} end", at(*a), at(*b), at(*c)),
            Column::Window(a, b) => format!("sum({}) over (partition by {})", at(*a), at(*b)),
            Column::Scalar(number, a) => {
                let (table, columns) = TABLES[usize::from(*number) % TABLES.len()];
                let inner = self.name();
                format!(
                    "(select max({inner}.{}) from {table} as {inner} where {inner}.{} = {})",
                    columns[2],
                    columns[0],
                    at(*a)
                )
            }
        }
    }
}

fn pick(sight: &[String], number: u8) -> String {
    sight[usize::from(number) % sight.len()].clone()
}

/// An edge without its place: of which column (or the rows), on what, how. What is only named is left
/// out: a composed query names what its parts do.
type Edge = (Option<usize>, RelationName, Slot, EdgeKind);

fn edges(lineage: &QueryLineage) -> BTreeSet<Edge> {
    let columns = lineage.columns.iter().enumerate().map(|(place, column)| (Some(place), &column.sources));
    let all = columns.chain(std::iter::once((None, &lineage.rows)));
    all.flat_map(|(place, sources)| {
        sources.iter().filter(|source| source.kind != EdgeKind::Named).map(move |source| {
            (place, lineage.inputs[source.input.index()].name.clone(), source.on.clone(), source.kind)
        })
    })
    .collect()
}

fn lineage_of(sql: &str, schemas: &dyn Schemas) -> QueryLineage {
    let script = parse(sql, Dialect::Ansi);
    assert!(script.diagnostics.is_empty(), "{sql}\n{:?}", script.diagnostics);
    let queries = script.statements[0].queries.as_ref().expect("a query");
    lineage(queries, schemas).remove(0).lineage
}

fn name(text: &str) -> ColumnName {
    ColumnName::new(Dialect::Ansi, text, Quoting::Bare)
}

fn known() -> BTreeMap<RelationName, Shape> {
    let shape =
        |columns: [&str; 3]| Shape { columns: columns.map(name).into(), extent: Extent::Closed, ..Shape::default() };
    TABLES.map(|(table, columns)| (RelationName::parse(Dialect::Ansi, table), shape(columns))).into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tables_of_the_columns_are_the_tables_of_the_text(query in query()) {
        let (sql, _) = Spelling::new("q").query(&query, "o");
        let script = parse(&sql, Dialect::Ansi);
        let reads = script.statements[0].reads.iter().filter(|read| read.role == ReadRole::Table);
        let reads: BTreeSet<RelationName> = reads.map(|read| read.name.clone()).collect();
        let inputs: BTreeSet<RelationName> =
            lineage_of(&sql, &known()).inputs.into_iter().map(|input| input.name).collect();
        prop_assert_eq!(reads, inputs, "{}", sql);
    }

    #[test]
    fn every_name_is_bound_where_every_column_is_known(query in query()) {
        let (sql, columns) = Spelling::new("q").query(&query, "o");
        let lineage = lineage_of(&sql, &known());
        prop_assert!(lineage.open.is_empty(), "{}\n{:?}", sql, lineage.open);
        prop_assert!(lineage.rest.is_empty(), "{}", sql);
        prop_assert_eq!(lineage.columns.len(), columns.len(), "{}", sql);
        let tables = known();
        for (_, relation, slot, _) in edges(&lineage) {
            if let Slot::Column(path) = slot {
                prop_assert!(tables[&relation].columns.contains(&path.column), "{} {} {}", relation, path, sql);
            }
        }
    }

    #[test]
    fn it_is_the_same_every_time_and_in_every_layout(query in query()) {
        let (sql, _) = Spelling::new("q").query(&query, "o");
        let lineage = lineage_of(&sql, &known());
        prop_assert_eq!(&lineage, &lineage_of(&sql, &known()));
        let spread = sql.replace(' ', "\n  ").replace("select", "SELECT /* all */");
        prop_assert_eq!(edges(&lineage), edges(&lineage_of(&spread, &known())));
    }

    #[test]
    fn renaming_aliases_changes_nothing(query in query()) {
        let (sql, _) = Spelling::new("q").query(&query, "o");
        let (other, _) = Spelling::new("zz_").query(&query, "o");
        prop_assert_eq!(edges(&lineage_of(&sql, &known())), edges(&lineage_of(&other, &known())), "{}\n{}", sql, other);
    }

    #[test]
    fn a_schema_only_takes_edges_to_what_it_rules_out(query in query(), mask in any::<[bool; 4]>()) {
        // Unqualified names, so that there is something to rule out.
        let (sql, _) = Spelling::new("q").query(&query, "o");
        let sql = unqualified(&sql);
        // An outer join hangs its condition on whatever may come through it, so that a candidate that
        // is ruled out takes more than its own edge along.
        let sql = ["left", "right", "full"].iter().fold(sql, |sql, side| sql.replace(&format!("{side} join"), "join"));
        let all = known();
        let some: BTreeMap<RelationName, Shape> = all
            .iter()
            .zip(mask)
            .filter(|(_, known)| *known)
            .map(|((table, shape), _)| (table.clone(), shape.clone()))
            .collect();
        let before = edges(&lineage_of(&sql, &BTreeMap::new()));
        let lineage = lineage_of(&sql, &some);
        let after: BTreeSet<_> = edges(&lineage).into_iter().map(|(place, relation, slot, _)| (place, relation, slot)).collect();
        for (place, relation, slot, kind) in before {
            let Slot::Column(path) = &slot else { continue };
            let has = |table: &RelationName| some.get(table).is_some_and(|shape| shape.columns.contains(&path.column));
            let lacks = some.contains_key(&relation) && !has(&relation);
            let elsewhere = lineage.inputs.iter().any(|input| input.name != relation && has(&input.name));
            prop_assert!(
                lacks || elsewhere || after.contains(&(place, relation.clone(), slot.clone())),
                "{:?} <- {} {:?} {} is gone\n{}", place, relation, slot, kind, sql
            );
        }
    }

    #[test]
    fn the_lineage_of_a_composed_query_is_the_composition_of_lineages(inner in query(), outer in query_with_hole()) {
        let (inner_sql, columns) = Spelling::new("q").query(&inner, "o");
        let inner_lineage = lineage_of(&inner_sql, &known());
        let relation = RelationName::parse(Dialect::Ansi, "hole");
        let mut schemas = known();
        let keys = inner_lineage.keys.as_slice().into();
        schemas.insert(relation.clone(), Shape { columns: columns.iter().map(|column| name(column)).collect(), extent: Extent::Closed, keys });

        let mut apart = Spelling::new("p");
        apart.hole = ("hole", columns.clone());
        let (apart, _) = apart.query(&outer, "o");
        let nested = format!("({inner_sql})");
        let mut together = Spelling::new("p");
        together.hole = (&nested, columns.clone());
        let (together, _) = together.query(&outer, "o");

        let mut composed = BTreeSet::new();
        for (place, input, slot, kind) in edges(&lineage_of(&apart, &schemas)) {
            if input != relation {
                composed.insert((place, input, slot, kind));
                continue;
            }
            let sources = match &slot {
                Slot::Rows => &inner_lineage.rows,
                Slot::Column(path) => {
                    let column = inner_lineage.columns.iter().find(|column| column.name == path.column);
                    &column.expect("a column of the inner query").sources
                }
                Slot::Any => panic!("nothing is open"),
            };
            for source in sources.iter().filter(|source| source.kind != EdgeKind::Named) {
                let input = inner_lineage.inputs[source.input.index()].name.clone();
                composed.insert((place, input, source.on.clone(), source.kind.then(kind)));
            }
        }
        prop_assert_eq!(composed, edges(&lineage_of(&together, &schemas)), "{}\n{}", apart, together);
    }
}

/// The same text with columns that no alias qualifies.
fn unqualified(sql: &str) -> String {
    let mut text = String::new();
    let mut rest = sql;
    while let Some(start) = rest.find('q') {
        let (before, after) = rest.split_at(start);
        let digits = after[1..].chars().take_while(char::is_ascii_digit).count();
        let end = 1 + digits;
        let alone = !before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        text.push_str(before);
        if alone && digits > 0 && after[end..].starts_with('.') {
            rest = &after[end + 1..];
        } else {
            text.push_str(&after[..end]);
            rest = &after[end..];
        }
    }
    text + rest
}
