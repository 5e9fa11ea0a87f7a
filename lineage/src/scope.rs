//! The names that are visible in a query block: FROM items with their columns, and which of them a
//! name finds. It must not know where the columns of an item come from.

use std::collections::BTreeSet;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

use crate::dependency::{Extent, InputId};
use crate::hashing::{HashMap, HashSet};
use crate::name::{ColumnName, RelationName};
use crate::query::block::{JoinKind, Lateral};
use crate::query::tree::{BlockId, ExprId};

mod sight;

use sight::InSight;

/// One leaf of FROM: what it is, and the columns that it brings into sight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub source: ItemSource,
    /// The names that qualify its columns: its alias, or the last part of its relation's name, and
    /// the alias of brackets around it.
    pub names: Vec<ColumnName>,
    /// The relation's full name, where no alias hides it.
    pub relation: Option<RelationName>,
    /// Its known columns, as the block knows them, in order.
    pub columns: Arc<ItemColumns>,
    /// From this place on, what a column list names are columns that are not known otherwise: they
    /// can be any column of the source.
    pub by_place_from: usize,
    /// Whether there may be others.
    pub extent: Extent,
    /// The name that it was given by itself, brackets around it aside.
    pub own_name: Option<ColumnName>,
    /// Whether its columns are in sight.
    pub sight: Sight,
    /// Whether it can depend on the row of the items before it.
    pub lateral: Lateral,
}

/// A column of a FROM item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemColumn {
    /// What the block calls it.
    pub name: ColumnName,
    /// What the item's source calls it, where a column list renames it.
    pub original: Option<ColumnName>,
}

/// The known columns of a FROM item, in order; items over the same relation share them.
#[derive(Debug, Default)]
pub struct ItemColumns {
    list: Vec<ItemColumn>,
    /// Where each stands; the first of several with one name. Made when it is first asked for.
    places: OnceLock<HashMap<ColumnName, usize>>,
}

/// What a FROM item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemSource {
    /// A relation outside the query.
    Input(InputId),
    /// Another block: a derived table or a CTE.
    Block(BlockId),
    /// A recursive CTE inside itself.
    Recursive(BlockId),
    /// One row for each element of arrays.
    Unnest {
        /// The arrays.
        arrays: Vec<ExprId>,
        /// What each known column is.
        parts: Vec<UnnestPart>,
    },
    /// A function, over its arguments, and over a routine or view of the project.
    Function {
        /// Its arguments.
        args: Vec<ExprId>,
        /// Its relation.
        relation: Option<InputId>,
    },
    /// Computed from other items in a way of its own: PIVOT, UNPIVOT, MATCH_RECOGNIZE.
    Reshaped(Box<Reshaped>),
}

/// What a column of an UNNEST is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnnestPart {
    /// An element of an array, by the array's place.
    Element(usize),
    /// Its key or place.
    Place,
    /// The array itself.
    Whole,
}

/// What a PIVOT, UNPIVOT or MATCH_RECOGNIZE makes of the items below it. Those stand before it among
/// the items of the same FROM, out of sight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reshaped {
    /// The first of the items below; the last is the one before it.
    pub below: usize,
    /// What each known column is made of.
    pub columns: Vec<ReshapedColumn>,
    /// What decides which rows there are.
    pub deciding: Vec<Part>,
    /// The columns of open items below that do not pass through by their own names; `None` if no
    /// column does.
    pub except: Option<BTreeSet<ColumnName>>,
    /// What a column is made of that is neither known nor passes through: those of a PIVOT over
    /// values that are found at run time.
    pub other: Option<ReshapedColumn>,
    /// Whether many rows become one.
    pub grouping: Grouping,
}

/// Whether many rows become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// They do.
    Grouped,
    /// They do not.
    Single,
}

/// What a column of a reshaped item is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReshapedColumn {
    /// Columns that pass or flow in, and expressions over them.
    pub values: Vec<Part>,
    /// What decides among them.
    pub conditions: Vec<Part>,
}

/// A part of what a reshaped column is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A column of an item below.
    Column(usize, ColumnAt),
    /// An expression.
    Expr(ExprId),
}

/// The items of a FROM, and how they are joined.
#[derive(Debug, Clone, Default)]
pub struct From {
    /// Every leaf, in order.
    pub items: Vec<Item>,
    /// The joins, inner ones first.
    pub joins: Vec<JoinStep>,
    /// The columns that USING and NATURAL merge, in order; of one that a later join merged further,
    /// nothing is left.
    merged: Vec<Option<MergedColumn>>,
    /// The columns that the block asks for with a qualifier, each with its qualifiers.
    asked: HashMap<ColumnName, HashSet<ColumnName>>,
    in_sight: InSight,
}

/// One join: the items before, and the items that are joined to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinStep {
    /// Which rows it keeps.
    pub kind: JoinKind,
    /// The first of the items before.
    pub start: usize,
    /// The first of the joined items.
    pub right: usize,
    /// The end of the joined items.
    pub end: usize,
    /// ON, and the MATCH_CONDITION of an ASOF join.
    pub on: Vec<ExprId>,
    /// What USING or NATURAL compares.
    pub using: Vec<UsingPair>,
    /// Whether columns that are not known may be joined on as well: NATURAL over an open item.
    pub natural_rest: bool,
}

/// Columns of items, by the items' places.
pub type Parts = Vec<(usize, ColumnAt)>;

/// Two columns that USING or NATURAL compares; candidates, where an item is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsingPair {
    /// Of the items before.
    pub left: Parts,
    /// Of the joined items.
    pub right: Parts,
}

/// A column that USING or NATURAL merges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedColumn {
    /// Its name.
    pub name: ColumnName,
    /// The columns that its value can come from: the side that keeps all its rows, or both.
    pub parts: Parts,
    /// The columns that it stands for in `*`, in no order.
    pub hidden: Parts,
}

/// A column of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnAt {
    /// A known one, by its place.
    Known(usize),
    /// One that is not known, by its name.
    Named(ColumnName),
    /// All of them.
    All,
}

/// Whether an item's columns can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// They can.
    Visible,
    /// No longer: the lesser side of a semi-join, what was pivoted.
    Gone,
}

impl ItemColumns {
    /// The place of a column by its name.
    #[must_use]
    pub fn find(&self, name: &ColumnName) -> Option<usize> {
        const FEW: usize = 8;
        if self.list.len() <= FEW {
            return self.list.iter().position(|column| column.name == *name);
        }
        let places = self.places.get_or_init(|| {
            let mut places = HashMap::with_capacity_and_hasher(self.list.len(), Default::default());
            for (place, column) in self.list.iter().enumerate() {
                places.entry(column.name.clone()).or_insert(place);
            }
            places
        });
        places.get(name).copied()
    }
}

impl FromIterator<ItemColumn> for ItemColumns {
    fn from_iter<T: IntoIterator<Item = ItemColumn>>(columns: T) -> Self {
        Self { list: columns.into_iter().collect(), places: OnceLock::new() }
    }
}

impl Deref for ItemColumns {
    type Target = [ItemColumn];

    fn deref(&self) -> &[ItemColumn] {
        &self.list
    }
}

impl PartialEq for ItemColumns {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for ItemColumns {}

impl Item {
    /// An item with its columns in order; of several with one name the first is found.
    #[must_use]
    pub fn new(source: ItemSource, columns: Arc<ItemColumns>, extent: Extent) -> Self {
        Self {
            source,
            names: Vec::new(),
            relation: None,
            columns,
            by_place_from: usize::MAX,
            extent,
            own_name: None,
            sight: Sight::Visible,
            lateral: Lateral::No,
        }
    }

    /// The place of a known column.
    #[must_use]
    pub fn known(&self, name: &ColumnName) -> Option<usize> {
        self.columns.find(name)
    }

    /// A column by name, known or not.
    #[must_use]
    pub fn at(&self, name: &ColumnName) -> ColumnAt {
        self.known(name).map_or_else(|| ColumnAt::Named(name.clone()), ColumnAt::Known)
    }

    /// Whether a qualifier of one or more parts means this item.
    #[must_use]
    pub fn is_named(&self, qualifier: &[&ColumnName]) -> bool {
        match qualifier {
            [] => false,
            [one] => self.names.contains(one),
            parts => self.relation.as_ref().is_some_and(|relation| ends_with(relation, parts)),
        }
    }
}

impl ItemColumn {
    /// A column that keeps its name.
    #[must_use]
    pub const fn same(name: ColumnName) -> Self {
        Self { name, original: None }
    }
}

/// Whether a relation's name ends with these parts, or is the end of them.
fn ends_with(relation: &RelationName, parts: &[&ColumnName]) -> bool {
    let keys: Vec<&str> = relation.keys().collect();
    let shared = keys.len().min(parts.len());
    // Case is not looked at: where it tells relations apart, no two of one FROM differ in it alone.
    keys.iter().rev().zip(parts.iter().rev()).take(shared).all(|(key, part)| {
        let key = key.trim_start_matches('"');
        key.eq_ignore_ascii_case(part.as_str()) || key.to_lowercase() == part.as_str().to_lowercase()
    }) && parts.len() <= keys.len().max(1)
}

/// What an unqualified name finds among the items of one FROM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Known columns: one, or those that a USING merges.
    Columns(Parts),
    /// Several known columns that nothing merges.
    Ambiguous(Parts),
    /// No known column; these items may have one of the name.
    Perhaps(Parts),
    /// The row of an item: its name without a column.
    Row(usize),
    /// Nothing.
    Nothing,
}

impl From {
    /// Adds a leaf behind all others.
    pub fn add(&mut self, item: Item) {
        self.items.push(item);
        self.in_sight.add(&self.items);
    }

    /// Gives leaves that are there another name.
    pub fn add_name(&mut self, leaves: Range<usize>, name: &ColumnName) {
        for place in leaves {
            self.items[place].names.push(name.clone());
            self.in_sight.name(place, name);
        }
    }

    /// Says which columns the block asks for with a qualifier: the item that it means has such a column,
    /// or the query would not run.
    pub fn ask(&mut self, asked: HashMap<ColumnName, HashSet<ColumnName>>) {
        self.asked = asked;
    }

    /// The one item of some of those in sight that the block asks for a column that is not known.
    fn asked_for(&self, range: &Range<usize>, name: &ColumnName) -> Option<usize> {
        // Where so many are asked for it, it is hardly one.
        const MANY: usize = 64;
        let qualifiers = self.asked.get(name).filter(|qualifiers| qualifiers.len() <= MANY)?;
        let mut items =
            qualifiers.iter().flat_map(|qualifier| self.in_sight.open_of_name(&self.items, range, qualifier));
        items.next().filter(|_| items.next().is_none())
    }

    /// The columns that USING and NATURAL merge, in order.
    pub fn merged(&self) -> impl Iterator<Item = &MergedColumn> {
        self.merged.iter().flatten()
    }

    /// Adds a column that is merged of a left and a right one: in place of what an earlier join merged
    /// to the left one, if that is what the left one is.
    pub fn merge(&mut self, name: ColumnName, parts: Parts, left: &Parts, right: &Parts) {
        let is_left = |place: &usize| self.merged[*place].as_ref().is_some_and(|merged| merged.parts == *left);
        let earlier = self.in_sight.merged(&name).iter().copied().find(is_left);
        let mut hidden = match earlier.and_then(|place| self.merged[place].take()) {
            Some(earlier) => earlier.hidden,
            None => left.clone(),
        };
        hidden.extend_from_slice(right);
        self.in_sight.merge(&name, self.merged.len(), earlier);
        self.merged.push(Some(MergedColumn { name, parts, hidden }));
    }

    /// The items that a qualifier means; more than one only if two have the same name.
    #[must_use]
    pub fn named(&self, qualifier: &[&ColumnName]) -> Vec<usize> {
        self.in_sight.named(&self.items, qualifier)
    }

    /// The first item of some of those in sight that is known to have a column, and where.
    #[must_use]
    pub fn first_known(&self, range: Range<usize>, name: &ColumnName) -> Option<(usize, usize)> {
        self.in_sight.first_known(&self.items, range, name)
    }

    /// What an unqualified name finds.
    #[must_use]
    pub fn find(&self, name: &ColumnName) -> Found {
        self.find_among(0..self.items.len(), name)
    }

    /// What an unqualified name finds among some of the items.
    #[must_use]
    pub fn find_among(&self, range: Range<usize>, name: &ColumnName) -> Found {
        let merged = self.in_sight.merged(name).iter().rev().filter_map(|place| self.merged[*place].as_ref());
        let inside = |merged: &&MergedColumn| merged.parts.iter().all(|(item, _)| range.contains(item));
        if let Some(merged) = merged.into_iter().find(inside) {
            return Found::Columns(merged.parts.clone());
        }
        let is_visible = |item: &usize| self.items[*item].sight == Sight::Visible;
        let known: Parts = self
            .in_sight
            .known(&self.items, range.clone(), name)
            .into_iter()
            .filter(|(item, _)| is_visible(item))
            .map(|(item, place)| (item, ColumnAt::Known(place)))
            .collect();
        match known.len() {
            0 => {}
            1 => return Found::Columns(known),
            _ => return Found::Ambiguous(known),
        }
        if let Some(item) = self.asked_for(&range, name) {
            return Found::Columns(vec![(item, ColumnAt::Named(name.clone()))]);
        }
        let named = self.in_sight.named(&self.items, &[name]);
        if let Some(item) = named.into_iter().find(|item| range.contains(item) && is_visible(item)) {
            return Found::Row(item);
        }
        let open = self.in_sight.open(&self.items, range).into_iter().filter(is_visible);
        let open: Parts = open.map(|item| (item, ColumnAt::Named(name.clone()))).collect();
        if open.is_empty() { Found::Nothing } else { Found::Perhaps(open) }
    }
}
