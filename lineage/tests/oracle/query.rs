//! Random queries. What SQL leaves open, such as which of several rows a LIMIT
//! keeps, is left out: the order of everything that is cut is total.

use crate::chance::Chance;
use crate::data::TABLES;

#[derive(Debug, Clone)]
pub(crate) enum Query {
    Select(Box<Select>),
    /// The operator, and branches of as many columns.
    Set(&'static str, Vec<Query>),
}

#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub(crate) sources: Vec<Source>,
    pub(crate) wheres: Vec<String>,
    pub(crate) group: Option<Vec<String>>,
    pub(crate) havings: Vec<String>,
    pub(crate) outputs: Vec<(String, String)>,
    pub(crate) distinct: bool,
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) alias: String,
    pub(crate) what: What,
    pub(crate) join: &'static str,
    pub(crate) on: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Table(usize),
    /// Another model or a CTE, by its name and columns.
    Model(String, Vec<String>),
    Query(Query),
}

/// A column in sight, and whether it holds text.
pub(crate) type Sight = Vec<(String, bool)>;

impl Query {
    pub(crate) fn sql(&self) -> String {
        match self {
            Self::Select(select) => select.sql(),
            Self::Set(operator, branches) => {
                let branches: Vec<String> =
                    branches.iter().map(|branch| format!("select * from ({}) as b", branch.sql())).collect();
                branches.join(&format!(" {operator} "))
            }
        }
    }

    /// The columns: text ends on `s`.
    pub(crate) fn columns(&self) -> Vec<String> {
        match self {
            Self::Select(select) => select.outputs.iter().map(|(name, _)| name.clone()).collect(),
            Self::Set(_, branches) => branches[0].columns(),
        }
    }
}

impl Select {
    fn sql(&self) -> String {
        let mut sql = String::from("select ");
        if self.distinct {
            sql.push_str("distinct ");
        }
        let outputs: Vec<String> = self.outputs.iter().map(|(name, expr)| format!("{expr} as {name}")).collect();
        sql.push_str(&outputs.join(", "));
        for (place, source) in self.sources.iter().enumerate() {
            let what = match &source.what {
                What::Table(table) => TABLES[*table].name.to_owned(),
                What::Model(name, _) => name.clone(),
                What::Query(query) => format!("({})", query.sql()),
            };
            if place == 0 {
                sql.push_str(&format!(" from {what} as {}", source.alias));
            } else {
                sql.push_str(&format!(" {} {what} as {}", source.join, source.alias));
                if !source.on.is_empty() {
                    sql.push_str(&format!(" on {}", source.on.join(" and ")));
                }
            }
        }
        if !self.wheres.is_empty() {
            sql.push_str(&format!(" where {}", self.wheres.join(" and ")));
        }
        if let Some(keys) = &self.group
            && !keys.is_empty()
        {
            sql.push_str(&format!(" group by {}", keys.join(", ")));
        }
        if !self.havings.is_empty() {
            sql.push_str(&format!(" having {}", self.havings.join(" and ")));
        }
        if let Some(limit) = self.limit {
            let order: Vec<String> = (1..=self.outputs.len()).map(|place| place.to_string()).collect();
            sql.push_str(&format!(" order by {} limit {limit}", order.join(", ")));
        }
        sql
    }

    pub(crate) fn sight(&self) -> Sight {
        self.sources.iter().flat_map(sight_of).collect()
    }
}

pub(crate) fn sight_of(source: &Source) -> Sight {
    let columns: Vec<String> = match &source.what {
        What::Table(table) => TABLES[*table].columns.iter().map(|name| (*name).to_owned()).collect(),
        What::Model(_, columns) => columns.clone(),
        What::Query(query) => query.columns(),
    };
    columns
        .into_iter()
        .map(|name| {
            let is_text = name.ends_with('s');
            (format!("{}.{name}", source.alias), is_text)
        })
        .collect()
}

/// Makes and edits queries.
pub(crate) struct Maker<'a> {
    pub(crate) chance: &'a mut Chance,
    /// How many aliases there were.
    pub(crate) count: usize,
    /// The models that can be read, with their columns.
    pub(crate) models: Vec<(String, Vec<String>)>,
}

impl Maker<'_> {
    pub(crate) fn alias(&mut self) -> String {
        self.count += 1;
        format!("q{}", self.count)
    }

    pub(crate) fn query(&mut self, depth: usize) -> Query {
        if depth > 0 && self.chance.percent(15) {
            let first = self.select(depth - 1);
            let second = self.like(&first, depth - 1);
            let operator = *self.chance.pick(&["union all", "union all", "union", "intersect", "except"]);
            return Query::Set(operator, vec![Query::Select(Box::new(first)), Query::Select(Box::new(second))]);
        }
        Query::Select(Box::new(self.select(depth)))
    }

    /// A SELECT of as many columns, of the same types.
    pub(crate) fn like(&mut self, other: &Select, depth: usize) -> Select {
        let mut select = self.select(depth);
        select.group = None;
        select.havings.clear();
        let sight = select.sight();
        select.outputs =
            other.outputs.iter().map(|(name, _)| (name.clone(), self.expr(&sight, name.ends_with('s')))).collect();
        select
    }

    pub(crate) fn source(&mut self, depth: usize, sight: &Sight) -> Source {
        let alias = self.alias();
        let what = if depth > 0 && self.chance.percent(40) {
            What::Query(self.query(depth - 1))
        } else if !self.models.is_empty() && self.chance.percent(60) {
            let (name, columns) = self.chance.pick(&self.models).clone();
            What::Model(name, columns)
        } else {
            What::Table(self.chance.below(TABLES.len()))
        };
        let join = *self.chance.pick(&["join", "join", "left join", "left join", "full join", "right join"]);
        let mut source = Source { alias, what, join, on: Vec::new() };
        if !sight.is_empty() {
            source.on = self.on(sight, &source);
        }
        source
    }

    pub(crate) fn on(&mut self, sight: &Sight, source: &Source) -> Vec<String> {
        let own = sight_of(source);
        let mut on = Vec::new();
        for _ in 0..=usize::from(self.chance.percent(25)) {
            let left: Vec<&(String, bool)> = sight.iter().filter(|(_, text)| !text).collect();
            let right: Vec<&(String, bool)> = own.iter().filter(|(_, text)| !text).collect();
            if left.is_empty() || right.is_empty() {
                on.push("1 = 1".to_owned());
                continue;
            }
            let left = if self.chance.percent(40) { left[0] } else { *self.chance.pick(&left) };
            let right = if self.chance.percent(60) { right[0] } else { *self.chance.pick(&right) };
            on.push(format!("{} = {}", left.0, right.0));
        }
        if self.chance.percent(20) {
            on.push(self.condition(&own, 0));
        }
        on
    }

    fn select(&mut self, depth: usize) -> Select {
        if depth > 0 && self.chance.percent(12) {
            return self.first_of_each();
        }
        let mut sources = vec![self.source(depth, &Sight::new())];
        while sources.len() < 3 && self.chance.percent(40) {
            let sight = sources.iter().flat_map(sight_of).collect();
            sources.push(self.source(depth, &sight));
        }
        let sight: Sight = sources.iter().flat_map(sight_of).collect();
        let mut wheres = Vec::new();
        while wheres.len() < 3 && self.chance.percent(40) {
            wheres.push(self.condition(&sight, 1));
        }
        let mut select = Select {
            sources,
            wheres,
            group: None,
            havings: Vec::new(),
            outputs: Vec::new(),
            distinct: false,
            limit: None,
        };
        if self.chance.percent(30) {
            let keys: Vec<String> = (0..self.chance.below(3)).map(|_| self.key(&sight)).collect();
            for key in &keys {
                let name = self.name(key.ends_with('s'));
                select.outputs.push((name, key.clone()));
            }
            for _ in 0..=self.chance.below(2) {
                let name = self.name(false);
                let aggregate = self.aggregate(&sight);
                select.outputs.push((name, aggregate));
            }
            if self.chance.percent(25) {
                let aggregate = self.aggregate(&sight);
                select.havings.push(format!("{aggregate} > {}", self.chance.below(3)));
            }
            select.group = Some(keys);
        } else {
            for _ in 0..=self.chance.below(3) {
                let text = self.chance.percent(25);
                let name = self.name(text);
                let expr = if !text && self.chance.percent(10) { self.window(&sight) } else { self.expr(&sight, text) };
                select.outputs.push((name, expr));
            }
            select.distinct = self.chance.percent(15);
        }
        if self.chance.percent(5) {
            select.limit = Some(1 + self.chance.below(3));
        }
        select
    }

    pub(crate) fn name(&mut self, text: bool) -> String {
        self.count += 1;
        format!("c{}{}", self.count, if text { "s" } else { "" })
    }

    pub(crate) fn column(&mut self, sight: &Sight, text: bool) -> String {
        let fit: Vec<&String> = sight.iter().filter(|(_, is)| *is == text).map(|(name, _)| name).collect();
        if fit.is_empty() {
            return if text { "'a'".to_owned() } else { "1".to_owned() };
        }
        (*self.chance.pick(&fit)).clone()
    }

    pub(crate) fn key(&mut self, sight: &Sight) -> String {
        let text = self.chance.percent(25);
        let column = self.column(sight, text);
        // A constant as a key is a place.
        if column.contains('.') { column } else { format!("{} + 0", self.column(sight, false)) }
    }

    pub(crate) fn expr(&mut self, sight: &Sight, text: bool) -> String {
        let column = self.column(sight, text);
        if text {
            return match self.chance.below(5) {
                0 => format!("coalesce({column}, 'z')"),
                1 => format!("upper({column})"),
                _ => column,
            };
        }
        let other = self.column(sight, false);
        match self.chance.below(12) {
            0 => format!("{column} + {other}"),
            1 => format!("coalesce({column}, {})", self.chance.below(3)),
            2 => format!("case when {} then {column} else {other} end", self.condition(sight, 0)),
            3 => format!("{column} * {}", self.chance.below(3)),
            4 => format!("coalesce({column}, {other})"),
            5 if self.chance.percent(30) => self.scalar(sight),
            6 => format!("nullif({column}, {})", self.chance.below(3)),
            _ => column,
        }
    }

    /// A scalar subquery.
    fn scalar(&mut self, sight: &Sight) -> String {
        let alias = self.alias();
        let table = &TABLES[self.chance.below(TABLES.len())];
        let own: Sight = table.columns.iter().map(|name| (format!("{alias}.{name}"), name.ends_with('s'))).collect();
        let aggregate = self.aggregate(&own);
        let outer = self.column(sight, false);
        let inner = self.column(&own, false);
        format!("(select {aggregate} from {} as {alias} where {inner} = {outer})", table.name)
    }

    pub(crate) fn aggregate(&mut self, sight: &Sight) -> String {
        let column = self.column(sight, false);
        match self.chance.below(7) {
            0 => "count(*)".to_owned(),
            1 => format!("count({column})"),
            2 => format!("min({column})"),
            3 => format!("max({column})"),
            4 => format!("count(distinct {column})"),
            _ => format!("sum({})", self.expr_without_query(sight)),
        }
    }

    fn expr_without_query(&mut self, sight: &Sight) -> String {
        let column = self.column(sight, false);
        if self.chance.percent(30) { format!("{column} + 1") } else { column }
    }

    fn window(&mut self, sight: &Sight) -> String {
        let (argument, partition) = (self.column(sight, false), self.column(sight, false));
        let function = match self.chance.below(3) {
            0 => "count(*)".to_owned(),
            1 => format!("max({argument})"),
            _ => format!("sum({argument})"),
        };
        if self.chance.percent(20) {
            return format!("rank() over (partition by {partition} order by {argument})");
        }
        format!("{function} over (partition by {partition})")
    }

    pub(crate) fn condition(&mut self, sight: &Sight, depth: usize) -> String {
        let column = self.column(sight, false);
        let other = self.column(sight, false);
        let value = self.chance.below(4);
        match self.chance.below(14) {
            0 => format!("{column} > {value}"),
            1 => format!("{column} <= {value}"),
            2 => format!("{column} <> {value}"),
            3 => format!("{column} in ({value}, {})", self.chance.below(4)),
            4 => format!("{column} is not null"),
            5 => format!("{column} is null"),
            6 => format!("({column} = {value} or {other} = {})", self.chance.below(4)),
            7 => format!("{column} = {other}"),
            8 => format!("{} = '{}'", self.column(sight, true), self.chance.pick(&["a", "b"])),
            9 => format!("coalesce({column}, 0) = {value}"),
            10 | 11 if depth > 0 => self.exists(sight),
            12 => format!("not ({column} = {value})"),
            _ => format!("{column} = {value}"),
        }
    }

    fn exists(&mut self, sight: &Sight) -> String {
        let alias = self.alias();
        let table = &TABLES[self.chance.below(TABLES.len())];
        let own: Sight = table.columns.iter().map(|name| (format!("{alias}.{name}"), name.ends_with('s'))).collect();
        let (inner, outer) = (self.column(&own, false), self.column(sight, false));
        let also = if self.chance.percent(40) { format!(" and {}", self.condition(&own, 0)) } else { String::new() };
        let not = if self.chance.percent(30) { "not " } else { "" };
        match self.chance.below(3) {
            0 => {
                let filter = self.condition(&own, 0);
                format!("{outer} {not}in (select {inner} from {} as {alias} where {filter})", table.name)
            }
            _ => format!("{not}exists (select 1 from {} as {alias} where {inner} = {outer}{also})", table.name),
        }
    }

    /// One row of each kind, by the form that engines without QUALIFY need.
    fn first_of_each(&mut self) -> Select {
        let inner = self.alias();
        let outer = self.alias();
        let table = self.chance.below(TABLES.len());
        let source = Source { alias: inner.clone(), what: What::Table(table), join: "join", on: Vec::new() };
        let sight = sight_of(&source);
        let mut outputs: Vec<(String, String)> =
            sight.iter().map(|(column, text)| (self.name(*text), column.clone())).collect();
        let partition = self.column(&sight, false);
        let order: Vec<&str> = sight.iter().map(|(column, _)| column.as_str()).collect();
        let number = self.name(false);
        let window = format!("row_number() over (partition by {partition} order by {})", order.join(", "));
        outputs.push((number.clone(), window));
        let wheres = if self.chance.percent(30) { vec![self.condition(&sight, 1)] } else { Vec::new() };
        let numbered = Select {
            sources: vec![source],
            wheres,
            group: None,
            havings: Vec::new(),
            outputs,
            distinct: false,
            limit: None,
        };
        let source = Source {
            alias: outer.clone(),
            what: What::Query(Query::Select(Box::new(numbered))),
            join: "join",
            on: Vec::new(),
        };
        let mut outputs: Vec<(String, String)> = sight_of(&source)
            .into_iter()
            .filter(|(column, _)| !column.ends_with(&format!(".{number}")))
            .map(|(column, text)| (self.name(text), column))
            .collect();
        while outputs.len() > 1 && self.chance.percent(30) {
            let place = self.chance.below(outputs.len());
            outputs.remove(place);
        }
        Select {
            sources: vec![source],
            wheres: vec![format!("{outer}.{number} = 1")],
            group: None,
            havings: Vec::new(),
            outputs,
            distinct: false,
            limit: None,
        }
    }
}
