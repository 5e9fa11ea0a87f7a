//! Which items of a FROM have a name or a column, found without asking each of them where there are
//! many. It must find exactly what asking each of them finds.

use std::ops::Range;
use std::sync::Arc;

use super::{Item, Sight};
use crate::dependency::Extent;
use crate::hashing::HashMap;
use crate::name::ColumnName;

/// So many items are asked one by one; that is faster than to keep an index.
const FEW: usize = 8;

/// Where names stand among the items of a FROM.
#[derive(Debug, Clone, Default)]
pub(super) struct InSight {
    index: Option<Box<Index>>,
    /// The merged columns of a name, by their places.
    merged: HashMap<ColumnName, Vec<usize>>,
}

/// The items of each name, in order.
#[derive(Debug, Clone, Default)]
struct Index {
    by_name: HashMap<ColumnName, Vec<usize>>,
    /// By the last part of the relation's full name, in lower case.
    by_relation: HashMap<String, Vec<usize>>,
    /// The lists of columns that there are, by their addresses; many items can share one.
    lists: HashMap<usize, usize>,
    /// The items of each list.
    of_list: Vec<Vec<usize>>,
    /// The lists that hold a column, each with its place there.
    by_column: HashMap<ColumnName, Vec<(usize, usize)>>,
    /// Those that may have columns that are not known.
    open: Vec<usize>,
    /// The same by their own names.
    open_by_name: HashMap<ColumnName, Vec<usize>>,
}

impl Index {
    fn add(&mut self, place: usize, item: &Item) {
        if item.extent == Extent::Open {
            self.open.push(place);
            if let Some(name) = &item.own_name {
                self.open_by_name.entry(name.clone()).or_default().push(place);
            }
        }
        for name in &item.names {
            self.name(place, name);
        }
        if let Some(relation) = &item.relation {
            let key = relation.table_key().trim_start_matches('"').to_lowercase();
            self.by_relation.entry(key).or_default().push(place);
        }
        let address = Arc::as_ptr(&item.columns).addr();
        let list = *self.lists.entry(address).or_insert(self.of_list.len());
        if list < self.of_list.len() {
            self.of_list[list].push(place);
            return;
        }
        self.of_list.push(vec![place]);
        for (at, column) in item.columns.iter().enumerate() {
            let places = self.by_column.entry(column.name.clone()).or_default();
            // Of several columns with one name the first is found.
            if places.last().is_none_or(|(last, _)| *last != list) {
                places.push((list, at));
            }
        }
    }

    fn name(&mut self, place: usize, name: &ColumnName) {
        let places = self.by_name.entry(name.clone()).or_default();
        if let Err(at) = places.binary_search(&place) {
            places.insert(at, place);
        }
    }
}

impl InSight {
    /// Takes in the last of the items.
    pub(super) fn add(&mut self, items: &[Item]) {
        let last = items.len().saturating_sub(1);
        match &mut self.index {
            Some(index) => items.get(last).into_iter().for_each(|item| index.add(last, item)),
            None if items.len() > FEW => {
                let mut index = Index::default();
                items.iter().enumerate().for_each(|(place, item)| index.add(place, item));
                self.index = Some(Box::new(index));
            }
            None => {}
        }
    }

    /// Takes in another name of an item.
    pub(super) fn name(&mut self, place: usize, name: &ColumnName) {
        if let Some(index) = &mut self.index {
            index.name(place, name);
        }
    }

    /// Takes in a merged column, in place of an earlier one if there is one.
    pub(super) fn merge(&mut self, name: &ColumnName, place: usize, earlier: Option<usize>) {
        let places = self.merged.entry(name.clone()).or_default();
        places.retain(|place| Some(*place) != earlier);
        places.push(place);
    }

    /// The merged columns of a name, by their places.
    pub(super) fn merged(&self, name: &ColumnName) -> &[usize] {
        if self.merged.is_empty() { &[] } else { self.merged.get(name).map_or(&[], Vec::as_slice) }
    }

    /// The items that a qualifier means.
    pub(super) fn named(&self, items: &[Item], qualifier: &[&ColumnName]) -> Vec<usize> {
        let is_meant = |place: &usize| items[*place].is_named(qualifier);
        match (&self.index, qualifier) {
            (_, []) => Vec::new(),
            (None, _) => (0..items.len()).filter(is_meant).collect(),
            (Some(index), [name]) => index.by_name.get(name).cloned().unwrap_or_default(),
            (Some(index), [.., last]) => {
                let places = index.by_relation.get(&last.as_str().to_lowercase());
                places.into_iter().flatten().copied().filter(is_meant).collect()
            }
        }
    }

    /// The items of a range that are known to have a column, and where.
    pub(super) fn known(&self, items: &[Item], range: Range<usize>, name: &ColumnName) -> Vec<(usize, usize)> {
        match &self.index {
            None => range.filter_map(|item| Some((item, items[item].known(name)?))).collect(),
            Some(index) => {
                let mut found = Vec::new();
                for (list, at) in index.by_column.get(name).into_iter().flatten() {
                    found.extend(within(&index.of_list[*list], &range).iter().map(|item| (*item, *at)));
                }
                found.sort_unstable();
                found
            }
        }
    }

    /// The first item of a range that is in sight and known to have a column, and where.
    pub(super) fn first_known(&self, items: &[Item], range: Range<usize>, name: &ColumnName) -> Option<(usize, usize)> {
        let is_visible = |item: &usize| items[*item].sight == Sight::Visible;
        match &self.index {
            None => range.filter(is_visible).find_map(|item| Some((item, items[item].known(name)?))),
            Some(index) => {
                let lists = index.by_column.get(name).into_iter().flatten();
                let first = |list: usize| within(&index.of_list[list], &range).iter().copied().find(is_visible);
                lists.filter_map(|(list, at)| Some((first(*list)?, *at))).min()
            }
        }
    }

    /// The items of a range that may have columns that are not known.
    pub(super) fn open(&self, items: &[Item], range: Range<usize>) -> Vec<usize> {
        match &self.index {
            None => range.filter(|item| items[*item].extent == Extent::Open).collect(),
            Some(index) => within(&index.open, &range).to_vec(),
        }
    }

    /// The items of a range that are in sight, have a name of their own and may have columns that are not
    /// known.
    pub(super) fn open_of_name(&self, items: &[Item], range: &Range<usize>, name: &ColumnName) -> Vec<usize> {
        let is_visible = |item: &usize| items[*item].sight == Sight::Visible;
        let is_meant = |item: &usize| {
            items[*item].extent == Extent::Open && items[*item].own_name.as_ref() == Some(name) && is_visible(item)
        };
        match &self.index {
            None => range.clone().filter(is_meant).collect(),
            Some(index) => {
                let places = index.open_by_name.get(name).map_or(&[][..], Vec::as_slice);
                // Who asks wants to know whether it is one.
                within(places, range).iter().copied().filter(is_visible).take(2).collect()
            }
        }
    }
}

/// Those of sorted places that are in a range.
fn within<'a>(places: &'a [usize], range: &Range<usize>) -> &'a [usize] {
    let from = places.partition_point(|place| *place < range.start);
    let to = places.partition_point(|place| *place < range.end);
    &places[from..to.max(from)]
}
