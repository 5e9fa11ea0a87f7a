//! Random edits of queries, as people make them: some change nothing.

use crate::query::{Maker, Query, Select, Sight, Source, What, sight_of};

impl Maker<'_> {
    /// An edit somewhere in a query; what it is called.
    pub(crate) fn edit(&mut self, query: &mut Query) -> &'static str {
        match query {
            Query::Set(operator, branches) => match self.chance.below(10) {
                0 | 1 => {
                    *operator = *self.chance.pick(&["union all", "union", "intersect", "except"]);
                    "set operator"
                }
                2 if branches.len() > 1 => {
                    let place = self.chance.below(branches.len());
                    branches.remove(place);
                    "branch removed"
                }
                3 => {
                    let Query::Select(first) = &branches[0] else { return "nothing" };
                    let first = (**first).clone();
                    let branch = self.like(&first, 0);
                    branches.push(Query::Select(Box::new(branch)));
                    "branch added"
                }
                4 => {
                    let last = branches.len() - 1;
                    branches.swap(0, last);
                    "branches swapped"
                }
                _ => {
                    let place = self.chance.below(branches.len());
                    self.edit(&mut branches[place])
                }
            },
            Query::Select(select) => {
                let nested: Vec<usize> = (0..select.sources.len())
                    .filter(|place| matches!(select.sources[*place].what, What::Query(_)))
                    .collect();
                if !nested.is_empty() && self.chance.percent(45) {
                    let place = *self.chance.pick(&nested);
                    if let What::Query(inner) = &mut select.sources[place].what {
                        return self.edit(inner);
                    }
                }
                if self.chance.percent(4) {
                    return self.wrap(query);
                }
                self.edit_select(select)
            }
        }
    }

    /// Puts a query into a derived table, with or without a condition.
    fn wrap(&mut self, query: &mut Query) -> &'static str {
        let alias = self.alias();
        let outputs = query.columns().into_iter().map(|name| (name.clone(), format!("{alias}.{name}"))).collect();
        let source = Source { alias, what: What::Query(query.clone()), join: "join", on: Vec::new() };
        let sight = sight_of(&source);
        let wheres = if self.chance.percent(40) { vec![self.condition(&sight, 1)] } else { Vec::new() };
        let named = if wheres.is_empty() { "wrapped" } else { "wrapped and filtered" };
        let select = Select {
            sources: vec![source],
            wheres,
            group: None,
            havings: Vec::new(),
            outputs,
            distinct: false,
            limit: None,
        };
        *query = Query::Select(Box::new(select));
        named
    }

    fn edit_select(&mut self, select: &mut Select) -> &'static str {
        loop {
            if let Some(name) = self.try_edit(select) {
                return name;
            }
        }
    }

    /// One kind of edit; none if it does not fit.
    fn try_edit(&mut self, select: &mut Select) -> Option<&'static str> {
        let sight = select.sight();
        let name = match self.chance.below(29) {
            0 | 1 => {
                let place = self.chance.below(select.outputs.len());
                let text = select.outputs[place].0.ends_with('s');
                select.outputs[place].1 = match &select.group {
                    Some(keys) if place >= keys.len() => self.aggregate(&sight),
                    Some(_) => format!("coalesce({}, {})", select.outputs[place].1, if text { "'z'" } else { "0" }),
                    None => self.expr(&sight, text),
                };
                "expression"
            }
            2 => {
                let name = self.name(false);
                let expr = if select.group.is_some() { self.aggregate(&sight) } else { self.expr(&sight, false) };
                select.outputs.push((name, expr));
                "column added"
            }
            3 if select.outputs.len() > 1 => {
                let place = self.chance.below(select.outputs.len());
                if select.group.as_ref().is_some_and(|keys| place < keys.len()) {
                    select.outputs.pop();
                } else {
                    select.outputs.remove(place);
                }
                "column removed"
            }
            4 => {
                let place = self.chance.below(select.outputs.len());
                let text = select.outputs[place].0.ends_with('s');
                select.outputs[place].0 = self.name(text);
                "column renamed"
            }
            5 | 6 => {
                let condition = self.condition(&sight, 1);
                select.wheres.push(condition);
                "condition added"
            }
            7 | 8 if !select.wheres.is_empty() => {
                let place = self.chance.below(select.wheres.len());
                select.wheres.remove(place);
                "condition removed"
            }
            9 if !select.wheres.is_empty() => {
                let place = self.chance.below(select.wheres.len());
                select.wheres[place] = self.condition(&sight, 1);
                "condition changed"
            }
            10 | 11 if select.sources.len() > 1 => {
                let place = 1 + self.chance.below(select.sources.len() - 1);
                select.sources[place].join = *self.chance.pick(&["join", "left join", "full join", "right join"]);
                "join kind"
            }
            12 if select.sources.len() > 1 => {
                let place = 1 + self.chance.below(select.sources.len() - 1);
                let before: Sight = select.sources[..place].iter().flat_map(sight_of).collect();
                if select.sources[place].on.len() > 1 && self.chance.percent(50) {
                    select.sources[place].on.pop();
                } else {
                    select.sources[place].on = self.on(&before, &select.sources[place].clone());
                }
                "join condition"
            }
            13 | 14 => {
                let source = self.source(1, &sight);
                select.sources.push(source);
                "join added"
            }
            15 if select.sources.len() > 1 => {
                select.sources.pop();
                "join removed"
            }
            16 if select.group.is_none() => {
                select.distinct = !select.distinct;
                "distinct"
            }
            17 if select.group.is_some() => {
                let key = self.key(&sight);
                if let Some(keys) = &mut select.group {
                    let name = self.name(key.ends_with('s'));
                    if self.chance.percent(70) {
                        let place = keys.len().min(select.outputs.len());
                        select.outputs.insert(place, (name, key.clone()));
                    }
                    keys.push(key);
                }
                "key added"
            }
            18 if select.group.as_ref().is_some_and(|keys| !keys.is_empty()) => {
                if let Some(keys) = &mut select.group {
                    let key = keys.pop();
                    select.outputs.retain(|(_, expr)| Some(expr) != key.as_ref());
                }
                if select.outputs.is_empty() {
                    select.outputs.push(("n".to_owned(), "count(*)".to_owned()));
                }
                "key removed"
            }
            19 if select.group.is_some() => {
                if select.havings.pop().is_none() {
                    let aggregate = self.aggregate(&sight);
                    select.havings.push(format!("{aggregate} > {}", self.chance.below(3)));
                }
                "having"
            }
            20 if select.limit.is_some() || self.chance.percent(30) => {
                select.limit = match select.limit {
                    Some(_) if self.chance.percent(60) => None,
                    _ => Some(1 + self.chance.below(4)),
                };
                "limit"
            }
            21 if select.wheres.len() > 1 => {
                select.wheres.reverse();
                "conditions swapped"
            }
            22 | 23 => {
                let found = select.outputs.iter_mut().find(|(_, expr)| expr.starts_with("row_number"))?;
                let kept = found.1.split_once(" order by ").map(|(_, order)| order.to_owned())?;
                let (first, second) = (self.column(&sight, false), self.column(&sight, false));
                let also = if self.chance.percent(40) { format!(", {second}") } else { String::new() };
                found.1 = format!("row_number() over (partition by {first}{also} order by {kept}");
                "partition"
            }
            24 if select.sources.len() > 2 => {
                // Inner joins alone may change places.
                let inner = select.sources.iter().skip(1).all(|source| source.join == "join");
                if !inner {
                    return None;
                }
                let on: Vec<String> = select.sources.iter_mut().flat_map(|source| source.on.drain(..)).collect();
                select.wheres.extend(on);
                select.sources.reverse();
                select.sources.iter_mut().for_each(|source| source.join = "cross join");
                "joins reordered"
            }
            25 if !select.wheres.is_empty() => {
                let place = self.chance.below(select.wheres.len());
                let condition = &select.wheres[place];
                let start = condition.strip_suffix(|last: char| last.is_ascii_digit())?;
                select.wheres[place] = format!("{start}{}", self.chance.below(4));
                "constant"
            }
            26 | 27 => self.inside(select)?,
            28 if select.group.is_some() => {
                let name = self.name(false);
                let window = *self.chance.pick(&[
                    "rank() over (order by count(*))",
                    "sum(count(*)) over ()",
                    "count(*) over ()",
                ]);
                select.outputs.push((name, window.to_owned()));
                "window over groups"
            }
            _ => return None,
        };
        Some(name)
    }

    /// Another condition in a query in a condition, or one less.
    fn inside(&mut self, select: &mut Select) -> Option<&'static str> {
        let condition = select.wheres.iter_mut().find(|condition| condition.contains(" as q"))?;
        let alias = condition.split_once(" as q")?.1.split(' ').next()?.to_owned();
        let added = format!(" and q{alias}.s = 'a')");
        *condition = if condition.ends_with(&added) {
            format!("{})", condition.strip_suffix(&added)?)
        } else {
            format!("{}{added}", condition.strip_suffix(')')?)
        };
        Some("inside a condition")
    }
}
