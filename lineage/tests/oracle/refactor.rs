//! Edits of queries that change nothing, as people make them who tidy up.

use std::collections::BTreeSet;

use crate::data::TABLES;
use crate::query::{Maker, Query, Select, Source, What, sight_of};

/// What these are called.
#[rustfmt::skip]
pub(crate) const REFACTORS: [&str; 44] = [
    "conditions reordered", "comparison mirrored", "equality mirrored", "in as or", "not equal as not", "not as not equal",
    "coalesce as case", "branch never taken", "case as iif", "nullif as case", "sum mirrored", "condition twice",
    "tautology added", "is not null as not", "greater as not", "between", "in of one", "or absorbed",
    "filter into derived table", "on into where", "where into on", "left as right join", "distinct over key",
    "distinct as group by", "keys by place", "count of one", "where into having", "unused left join",
    "unused parent join", "in as exists", "exists as in", "exists as join", "not exists as outer join",
    "branches swapped", "union as distinct", "empty branch", "source in a cte", "unused column below", "min distinct",
    "counted in two steps", "columns reordered", "keys reordered", "rejected outer join", "equality carried",
];

/// The aliases whose columns a text names.
fn aliases_in(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for word in text.split(|letter: char| !letter.is_alphanumeric() && letter != '.' && letter != '_') {
        if let Some((alias, _)) = word.split_once('.')
            && alias.starts_with('q')
        {
            found.insert(alias.to_owned());
        }
    }
    found
}

/// Whether rows of all sources stay what they are in WHERE: no join makes NULL of the left side.
fn is_left_deep(select: &Select) -> bool {
    select.sources.iter().skip(1).all(|source| matches!(source.join, "join" | "left join" | "cross join"))
}

fn is_simple(condition: &str) -> bool {
    !condition.contains("select") && !condition.contains(" or ") && !condition.contains(" and ")
}

fn is_column(text: &str) -> bool {
    text.starts_with('q') && text.contains('.') && !text.contains(' ') && !text.contains('(')
}

impl Maker<'_> {
    /// An edit of one kind somewhere in a query; whether there was a place for it.
    pub(crate) fn refactor(&mut self, name: &str, query: &mut Query) -> bool {
        // Branches are matched by place.
        if name == "columns reordered" && matches!(query, Query::Set(..)) {
            return false;
        }
        let done = match query {
            Query::Set(operator, branches) => self.refactor_set(name, operator, branches),
            Query::Select(select) => self.refactor_select(name, select).is_some(),
        };
        if done {
            return true;
        }
        match query {
            Query::Set(_, branches) => branches.iter_mut().any(|branch| self.refactor(name, branch)),
            Query::Select(select) => select.sources.iter_mut().any(|source| match &mut source.what {
                What::Query(inner) => self.refactor(name, inner),
                _ => false,
            }),
        }
    }

    fn refactor_set(&mut self, name: &str, operator: &mut &'static str, branches: &mut Vec<Query>) -> bool {
        match name {
            // The first branch names the columns.
            "branches swapped" if branches.len() > 2 && *operator != "except" => {
                let last = branches.len() - 1;
                branches.swap(1, last);
                true
            }
            "branches swapped" if *operator == "except" && branches.len() > 2 => {
                branches.swap(1, 2);
                true
            }
            "empty branch" if *operator == "union all" => {
                let mut copy = branches[branches.len() - 1].clone();
                let Query::Select(select) = &mut copy else { return false };
                if select.group.is_some() || select.limit.is_some() {
                    return false;
                }
                select.wheres.push("1 = 0".to_owned());
                branches.push(copy);
                true
            }
            "union as distinct" if *operator == "union" => {
                let whole = Query::Set("union all", std::mem::take(branches));
                let mut select = self.over(whole);
                select.distinct = true;
                *operator = "union all";
                *branches = vec![Query::Select(Box::new(select))];
                true
            }
            _ => false,
        }
    }

    /// A SELECT of all columns of a query.
    fn over(&mut self, query: Query) -> Select {
        let alias = self.alias();
        let outputs = query.columns().into_iter().map(|name| (name.clone(), format!("{alias}.{name}"))).collect();
        let source = Source { alias, what: What::Query(query), join: "join", on: Vec::new() };
        Select {
            sources: vec![source],
            wheres: Vec::new(),
            group: None,
            havings: Vec::new(),
            outputs,
            distinct: false,
            limit: None,
        }
    }

    /// All columns of a table or model, under their names.
    fn all_of(&mut self, what: What) -> Select {
        let alias = self.alias();
        let source = Source { alias, what, join: "join", on: Vec::new() };
        let outputs = sight_of(&source)
            .into_iter()
            .map(|(column, _)| (column.split('.').nth(1).unwrap_or_default().to_owned(), column))
            .collect();
        Select {
            sources: vec![source],
            wheres: Vec::new(),
            group: None,
            havings: Vec::new(),
            outputs,
            distinct: false,
            limit: None,
        }
    }

    fn refactor_select(&mut self, name: &str, select: &mut Select) -> Option<()> {
        match name {
            "condition twice" | "tautology added" | "conditions reordered" | "or absorbed" => {
                rearranged(name, &mut select.wheres)
            }
            "coalesce as case" | "branch never taken" | "case as iif" | "nullif as case" | "sum mirrored"
            | "count of one" | "min distinct" => select.outputs.iter_mut().find_map(|(_, expr)| {
                *expr = rewritten(name, expr)?;
                Some(())
            }),
            "filter into derived table" | "source in a cte" | "unused column below" => {
                self.refactor_source(name, select)
            }
            "on into where" | "where into on" | "left as right join" | "rejected outer join" | "equality carried" => {
                joins(name, select)
            }
            "distinct over key"
            | "distinct as group by"
            | "keys by place"
            | "where into having"
            | "keys reordered"
            | "counted in two steps" => self.groups(name, select),
            "columns reordered" => {
                (select.outputs.len() > 1 && select.limit.is_none()).then(|| select.outputs.reverse())
            }
            "unused left join" | "unused parent join" => self.unused(name, select),
            "in as exists" | "exists as in" | "exists as join" | "not exists as outer join" => {
                self.matches(name, select)
            }
            _ => select.wheres.iter_mut().find_map(|condition| {
                *condition = rewritten_condition(name, condition)?;
                Some(())
            }),
        }
    }

    fn refactor_source(&mut self, name: &str, select: &mut Select) -> Option<()> {
        match name {
            "source in a cte" => {
                let source = select.sources.iter_mut().find(|source| !matches!(source.what, What::Query(_)))?;
                let what = source.what.clone();
                source.what = What::Query(Query::Select(Box::new(self.all_of(what))));
            }
            "unused column below" => {
                let inner = select.sources.iter_mut().find_map(|source| match &mut source.what {
                    What::Query(Query::Select(inner))
                        if inner.group.is_none() && !inner.distinct && inner.limit.is_none() =>
                    {
                        Some(inner)
                    }
                    _ => None,
                })?;
                let sight = inner.sight();
                let name = self.name(false);
                let column = self.column(&sight, false);
                inner.outputs.push((name, format!("{column} + 1")));
            }
            _ => {
                if !is_left_deep(select) {
                    return None;
                }
                let place = select.wheres.iter().position(|condition| {
                    is_simple(condition) && aliases_in(condition).len() == 1 && kept_source(select, condition).is_some()
                })?;
                let condition = select.wheres[place].clone();
                let at = kept_source(select, &condition)?;
                select.wheres.remove(place);
                let source = &mut select.sources[at];
                let mut inner = self.all_of(source.what.clone());
                let own = inner.sources[0].alias.clone();
                inner.wheres.push(condition.replace(&format!("{}.", source.alias), &format!("{own}.")));
                source.what = What::Query(Query::Select(Box::new(inner)));
            }
        }
        Some(())
    }

    fn groups(&mut self, name: &str, select: &mut Select) -> Option<()> {
        match name {
            "distinct over key" => {
                let [source] = select.sources.as_slice() else { return None };
                let What::Table(table) = source.what else { return None };
                let key = format!("{}.{}", source.alias, TABLES[table].columns[0]);
                let has_key = TABLES[table].has_key && select.outputs.iter().any(|(_, expr)| *expr == key);
                let plain = select.group.is_none() && select.limit.is_none() && !select.distinct;
                (has_key && plain).then(|| select.distinct = true)
            }
            "distinct as group by" => {
                let plain = |expr: &String| is_column(expr);
                let fits = select.distinct && select.group.is_none() && select.limit.is_none();
                if !fits || !select.outputs.iter().all(|(_, expr)| plain(expr)) {
                    return None;
                }
                select.distinct = false;
                select.group = Some(select.outputs.iter().map(|(_, expr)| expr.clone()).collect());
                Some(())
            }
            "keys by place" => {
                let keys = select.group.as_mut().filter(|keys| !keys.is_empty())?;
                for key in keys.iter_mut() {
                    let place = select.outputs.iter().position(|(_, expr)| expr == key)?;
                    *key = (place + 1).to_string();
                }
                Some(())
            }
            "keys reordered" => {
                let keys = select.group.as_mut().filter(|keys| keys.len() > 1)?;
                keys.reverse();
                Some(())
            }
            "where into having" => {
                let keys = select.group.clone().filter(|keys| !keys.is_empty())?;
                let place = select.wheres.iter().position(|condition| {
                    is_simple(condition)
                        && keys.iter().any(|key| condition.starts_with(&format!("{key} ")) && only(condition, key))
                })?;
                let condition = select.wheres.remove(place);
                select.havings.push(condition);
                Some(())
            }
            _ => self.counted(select),
        }
    }

    /// Counts of counts: grouped more finely below, and put together above.
    fn counted(&mut self, select: &mut Select) -> Option<()> {
        let keys = select.group.clone().filter(|keys| !keys.is_empty())?;
        let decomposes = |expr: &str| {
            keys.iter().any(|key| key == expr)
                || expr == "count(*)"
                || expr.starts_with("min(")
                || expr.starts_with("max(")
                || (expr.starts_with("count(q") && is_column(expr[6..].trim_end_matches(')')))
        };
        if !select.havings.is_empty() || select.limit.is_some() || !keys.iter().all(|key| is_column(key)) {
            return None;
        }
        if !select.outputs.iter().all(|(_, expr)| decomposes(expr)) {
            return None;
        }
        let sight = select.sight();
        let finer = self.column(&sight, false);
        if !is_column(&finer) {
            return None;
        }
        let mut inner = select.clone();
        inner.group.as_mut()?.push(finer);
        let outputs = inner.outputs.clone();
        let mut outer = self.over(Query::Select(Box::new(inner)));
        let mut outer_keys = Vec::new();
        for ((_, expr), (_, output)) in outputs.iter().zip(&mut outer.outputs) {
            if keys.contains(expr) {
                outer_keys.push(output.clone());
            } else if expr.starts_with("count(") {
                *output = format!("sum({output})");
            } else {
                *output = format!("{}({output})", &expr[..3]);
            }
        }
        // Every key must be there to group by.
        if keys.iter().any(|key| !outputs.iter().any(|(_, expr)| expr == key)) {
            return None;
        }
        outer.group = Some(outer_keys);
        *select = outer;
        Some(())
    }

    /// A join of which nothing is used, along a key.
    fn unused(&mut self, name: &str, select: &mut Select) -> Option<()> {
        let is_parent = name == "unused parent join";
        let sight = select.sight();
        let alias = self.alias();
        let (table, column) = if is_parent {
            let child = select.sources.iter().enumerate().find(|(place, source)| {
                matches!(source.what, What::Table(1)) && is_left_deep(select) && (*place == 0 || source.join == "join")
            })?;
            (0, format!("{}.t_id", child.1.alias))
        } else {
            (*self.chance.pick(&[0, 1, 3]), self.column(&sight, false))
        };
        let on = vec![format!("{alias}.id = {column}")];
        let join = if is_parent { "join" } else { "left join" };
        select.sources.push(Source { alias, what: What::Table(table), join, on });
        Some(())
    }

    /// Queries in conditions, and the joins that mean the same.
    fn matches(&mut self, name: &str, select: &mut Select) -> Option<()> {
        let place = select.wheres.iter().position(|condition| match name {
            "in as exists" => condition.contains(" in (select ") && !condition.contains(" not in "),
            "not exists as outer join" => condition.starts_with("not exists ("),
            _ => condition.starts_with("exists ("),
        })?;
        let condition = select.wheres[place].clone();
        match name {
            "in as exists" => {
                let (outer, rest) = condition.split_once(" in (select ")?;
                let (inner, rest) = rest.split_once(" from ")?;
                let (from, filter) = rest.strip_suffix(')')?.split_once(" where ")?;
                select.wheres[place] = format!("exists (select 1 from {from} where {inner} = {outer} and {filter})");
                return Some(());
            }
            _ => {
                let (_, rest) = condition.split_once(" from ")?;
                let (from, filter) = rest.strip_suffix(')')?.split_once(" where ")?;
                let (inner, rest) = filter.split_once(" = ")?;
                let (outer, more) = match rest.split_once(" and ") {
                    Some((outer, more)) => (outer, format!(" where {more}")),
                    None => (rest, String::new()),
                };
                let alone = more.is_empty() || aliases_in(&more).len() <= 1;
                if !is_column(outer) || !is_column(inner) || !alone || outer == inner {
                    return None;
                }
                if name == "exists as in" {
                    select.wheres[place] = format!("{outer} in (select {inner} from {from}{more})");
                    return Some(());
                }
                if !is_left_deep(select) {
                    return None;
                }
                let column = inner.split('.').nth(1)?.to_owned();
                let own = inner.split('.').next()?.to_owned();
                let table = TABLES.iter().position(|table| from.starts_with(&format!("{} as", table.name)))?;
                let source = Source { alias: own, what: What::Table(table), join: "join", on: Vec::new() };
                let wheres = more.strip_prefix(" where ").map(str::to_owned).into_iter().collect();
                let below = Select {
                    sources: vec![source],
                    wheres,
                    group: None,
                    havings: Vec::new(),
                    outputs: vec![(column.clone(), inner.to_owned())],
                    distinct: true,
                    limit: None,
                };
                let alias = self.alias();
                let on = vec![format!("{alias}.{column} = {outer}")];
                select.wheres.remove(place);
                let join = if name == "exists as join" { "join" } else { "left join" };
                if join == "left join" {
                    select.wheres.push(format!("{alias}.{column} is null"));
                }
                let what = What::Query(Query::Select(Box::new(below)));
                select.sources.push(Source { alias, what, join, on });
            }
        }
        Some(())
    }
}

/// Whether a condition names no other column than one.
fn only(condition: &str, key: &str) -> bool {
    condition.matches('.').count() == 1 && condition.contains(key)
}

/// The source that a condition is about, if what it drops there it drops in the end.
fn kept_source(select: &Select, condition: &str) -> Option<usize> {
    let alias = aliases_in(condition).into_iter().next()?;
    let place = select.sources.iter().position(|source| source.alias == alias)?;
    let kept = place == 0 || matches!(select.sources[place].join, "join" | "cross join");
    (kept && matches!(select.sources[place].what, What::Table(_) | What::Model(..))).then_some(place)
}

fn rearranged(name: &str, wheres: &mut Vec<String>) -> Option<()> {
    match name {
        "tautology added" => wheres.push("1 = 1".to_owned()),
        "conditions reordered" if wheres.len() > 1 => wheres.reverse(),
        "condition twice" => wheres.push(wheres.first()?.clone()),
        "or absorbed" => {
            let (first, other) = (wheres.first()?.clone(), wheres.get(1)?.clone());
            wheres.push(format!("({first} or {other})"));
        }
        _ => return None,
    }
    Some(())
}

/// The parts of a call of a function with so many arguments that hold no brackets.
fn arguments<'a>(expr: &'a str, function: &str) -> Option<Vec<&'a str>> {
    let inner = expr.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')')?;
    (!inner.contains('(')).then(|| inner.split(", ").collect())
}

fn rewritten(name: &str, expr: &str) -> Option<String> {
    match name {
        "coalesce as case" => {
            let [first, second] = arguments(expr, "coalesce")?[..] else { return None };
            Some(format!("case when {first} is null then {second} else {first} end"))
        }
        "nullif as case" => {
            let [first, second] = arguments(expr, "nullif")?[..] else { return None };
            Some(format!("case when {first} = {second} then null else {first} end"))
        }
        "branch never taken" => {
            let (before, otherwise) = expr.strip_prefix("case when ")?.split_once(" else ")?;
            let (_, then) = before.split_once(" then ")?;
            Some(format!("case when {before} when 1 = 0 then {then} else {otherwise}"))
        }
        "case as iif" => {
            let rest = expr.strip_prefix("case when ")?.strip_suffix(" end")?;
            let (when, rest) = rest.split_once(" then ")?;
            let (then, otherwise) = rest.split_once(" else ")?;
            Some(format!("iif({when}, {then}, {otherwise})"))
        }
        "sum mirrored" => {
            let (left, right) = expr.split_once(" + ")?;
            (is_column(left) && is_column(right)).then(|| format!("{right} + {left}"))
        }
        "count of one" => expr.contains("count(*)").then(|| expr.replace("count(*)", "count(1)")),
        "min distinct" => {
            let found =
                ["min(q", "max(q"].into_iter().find(|start| expr.starts_with(start) && !expr.contains(" over "))?;
            Some(expr.replacen(found, &format!("{}distinct q", &found[..4]), 1))
        }
        _ => None,
    }
}

fn rewritten_condition(name: &str, condition: &str) -> Option<String> {
    if !is_simple(condition) {
        return None;
    }
    let compared = |operator: &str| {
        let (left, right) = condition.split_once(&format!(" {operator} "))?;
        is_column(left).then(|| (left.to_owned(), right.to_owned()))
    };
    match name {
        "comparison mirrored" => compared(">").map(|(left, right)| format!("{right} < {left}")),
        "greater as not" => compared("<=").map(|(left, right)| format!("not ({left} > {right})")),
        "equality mirrored" => compared("=").map(|(left, right)| format!("{right} = {left}")),
        "in of one" => {
            let (left, right) = compared("=")?;
            (!right.contains('.')).then(|| format!("{left} in ({right})"))
        }
        "between" => {
            let (left, right) = compared("=")?;
            right.parse::<u8>().is_ok().then(|| format!("{left} between {right} and {right}"))
        }
        "not equal as not" => compared("<>").map(|(left, right)| format!("not ({left} = {right})")),
        "not as not equal" => {
            let (left, right) = condition.strip_prefix("not (")?.strip_suffix(')')?.split_once(" = ")?;
            Some(format!("{left} <> {right}"))
        }
        "is not null as not" => condition.strip_suffix(" is not null").map(|left| format!("not ({left} is null)")),
        "in as or" => {
            let (left, list) = condition.strip_suffix(')')?.split_once(" in (")?;
            let (first, second) = list.split_once(", ")?;
            is_column(left).then(|| format!("({left} = {second} or {left} = {first})"))
        }
        _ => None,
    }
}

fn joins(name: &str, select: &mut Select) -> Option<()> {
    match name {
        "left as right join" => {
            let [first, second] = select.sources.as_mut_slice() else { return None };
            if second.join != "left join" {
                return None;
            }
            second.join = "join";
            first.join = "right join";
            first.on = std::mem::take(&mut second.on);
            select.sources.swap(0, 1);
        }
        "on into where" => {
            if !is_left_deep(select) {
                return None;
            }
            let source =
                select.sources.iter_mut().skip(1).find(|source| source.join == "join" && !source.on.is_empty())?;
            source.join = "cross join";
            let on = std::mem::take(&mut source.on);
            select.wheres.extend(on);
        }
        "where into on" => {
            if !is_left_deep(select) {
                return None;
            }
            let last = select.sources.len().checked_sub(1).filter(|last| *last > 0)?;
            if select.sources[last].join != "join" {
                return None;
            }
            let condition = select.wheres.pop()?;
            select.sources[last].on.push(condition);
        }
        "rejected outer join" => {
            if !is_left_deep(select) {
                return None;
            }
            let place = select.sources.iter().position(|source| source.join == "left join")?;
            let own = select.sources[place].alias.clone();
            let rejects = |condition: &String| {
                is_simple(condition)
                    && aliases_in(condition).contains(&own)
                    && !condition.contains("coalesce")
                    && !condition.ends_with("is null")
            };
            if !select.wheres.iter().any(rejects) {
                return None;
            }
            select.sources[place].join = "join";
        }
        _ => {
            // What equals a column that is fixed is fixed too.
            if !is_left_deep(select) {
                return None;
            }
            let (fixed, number) = select.wheres.iter().find_map(|condition| {
                let (left, right) = condition.split_once(" = ")?;
                (is_column(left) && right.parse::<u8>().is_ok()).then(|| (left.to_owned(), right.to_owned()))
            })?;
            let equal = select.sources.iter().skip(1).filter(|source| source.join == "join").find_map(|source| {
                source.on.iter().find_map(|on| {
                    let (left, right) = on.split_once(" = ")?;
                    match (left == fixed, right == fixed) {
                        (true, false) if is_column(right) => Some(right.to_owned()),
                        (false, true) if is_column(left) => Some(left.to_owned()),
                        _ => None,
                    }
                })
            })?;
            // Only what no outer join has made NULL is kept equal.
            let place = |text: &str| {
                let alias = text.split('.').next().unwrap_or_default().to_owned();
                select.sources.iter().position(|source| source.alias == alias)
            };
            let kept = |at: usize| at == 0 || select.sources[at].join == "join";
            if !kept(place(&fixed)?) || !kept(place(&equal)?) {
                return None;
            }
            select.wheres.push(format!("{equal} = {number}"));
        }
    }
    Some(())
}
