//! What a relation is known to depend on while the statements of a text are gone through.

use std::collections::{BTreeMap, BTreeSet};

use crate::dependency::{ColumnPath, Dependency, EdgeKind, Extent, InputId, Key, OutputColumn, Rest, Shape, Slot};
use crate::diagnostic::{Diagnostic, Position};
use crate::hashing::HashMap;
use crate::name::ColumnName;
use crate::query::Action;

use super::{Filled, Others, RowsOf};

/// A path into a record that is longer than this is cut off, so that a loop that takes records apart
/// comes to an end.
const LONGEST_PATH: usize = 8;

/// Dependencies, each once, with the first place of each.
#[derive(Debug, Clone, Default)]
pub(super) struct Dependencies(BTreeMap<(InputId, Slot, EdgeKind), Position>);

impl Dependencies {
    pub(super) fn add(&mut self, dependency: Dependency) {
        let Dependency { input, on, kind, position } = dependency;
        let place = self.0.entry((input, on, kind)).or_insert(position);
        *place = (*place).min(position);
    }

    pub(super) fn extend(&mut self, more: impl IntoIterator<Item = Dependency>) {
        more.into_iter().for_each(|dependency| self.add(dependency));
    }

    /// Adds what others hold; nearly always there was nothing before.
    fn absorb(&mut self, more: Self) {
        if self.0.is_empty() {
            *self = more;
        } else {
            self.extend(more.into_list());
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Dependency> + '_ {
        self.0.iter().map(|((input, on, kind), position)| Dependency {
            input: *input,
            on: on.clone(),
            kind: *kind,
            position: *position,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn into_list(self) -> Vec<Dependency> {
        let parts = self.0.into_iter();
        parts.map(|((input, on, kind), position)| Dependency { input, on, kind, position }).collect()
    }

    /// The same on the way to something that depends on it in its own way.
    fn then(&self, next: EdgeKind) -> impl Iterator<Item = Dependency> + '_ {
        self.iter().map(move |dependency| Dependency { kind: dependency.kind.then(next), ..dependency })
    }

    /// The same in ways that are not worked out; what is only named stays so.
    pub(super) fn unknown(&self) -> Self {
        let mut unknown = Self::default();
        unknown.extend(self.iter().map(unexplained));
        unknown
    }

    /// Every column of each input that it names a column of, and the rows of each that it names the
    /// rows of.
    fn coarse(&self) -> Self {
        let mut coarse = Self::default();
        for dependency in self.iter() {
            let on = if dependency.on == Slot::Rows { Slot::Rows } else { Slot::Any };
            coarse.add(unexplained(Dependency { on, ..dependency }));
        }
        coarse
    }
}

/// The same dependency in a way that is not worked out.
fn unexplained(dependency: Dependency) -> Dependency {
    let kind = if dependency.kind == EdgeKind::Named { EdgeKind::Named } else { EdgeKind::Unknown };
    Dependency { kind, ..dependency }
}

/// Columns that pass through a `*`.
#[derive(Debug, Clone)]
pub(super) struct HeldRest {
    pub(super) input: InputId,
    pub(super) inside: Option<ColumnPath>,
    pub(super) except: BTreeSet<ColumnName>,
    pub(super) also: Dependencies,
    pub(super) kind: EdgeKind,
}

impl HeldRest {
    /// Which part of the input a column is that passes.
    fn part(&self, path: &ColumnPath) -> Slot {
        Slot::Column(match &self.inside {
            None => path.clone(),
            Some(record) => {
                let fields = [record.fields(), std::slice::from_ref(&path.column), path.fields()].concat();
                cut(&record.column, &fields)
            }
        })
    }

    /// Some column that passes.
    fn some(&self) -> Dependency {
        let on = self.inside.clone().map_or(Slot::Any, Slot::Column);
        Dependency { input: self.input, on, kind: self.kind, position: Position::START }
    }
}

/// A path of which no more is kept than its first fields.
fn cut(column: &ColumnName, fields: &[ColumnName]) -> ColumnPath {
    ColumnPath::field(column.clone(), fields.get(..LONGEST_PATH).unwrap_or(fields))
}

/// What a column depends on that is filled without being named.
#[derive(Debug, Clone, Default)]
pub(super) struct HeldOthers {
    pub(super) except: BTreeSet<ColumnName>,
    pub(super) sources: Dependencies,
}

#[derive(Debug, Clone)]
struct HeldColumn {
    name: ColumnName,
    sources: Dependencies,
    position: Position,
}

/// A relation as far as it is filled.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    columns: Vec<HeldColumn>,
    by_name: HashMap<ColumnName, usize>,
    pub(super) rest: Vec<HeldRest>,
    pub(super) others: Vec<HeldOthers>,
    pub(super) rows: Dependencies,
    pub(super) every: Dependencies,
    pub(super) keys: Keys,
    pub(super) extent: Extent,
    pub(super) open: BTreeSet<Diagnostic>,
}

/// What is known to be unique in a relation that is being filled.
#[derive(Debug, Clone, Default)]
pub(super) enum Keys {
    /// Nothing fills it yet.
    #[default]
    Empty,
    /// One query fills it.
    Of(Vec<Key>),
    /// Several do.
    Lost,
}

/// Which columns an output fills.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aim<'a> {
    /// Those that have its own names; the relation has no others.
    Names,
    /// These, one after the other.
    List(&'a [ColumnName]),
    /// Those of the relation, one after the other; these are the ones that are known, if any are.
    Places(&'a [ColumnName]),
    /// Those of the relation that have its own names; there may be others.
    SomeNames,
}

impl Held {
    /// The names of the columns that are known, in order.
    fn names(&self) -> Vec<ColumnName> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// How much is known.
    pub(super) fn size(&self) -> usize {
        let columns: usize = self.columns.iter().map(|column| column.sources.len() + 1).sum();
        let rest: usize = self.rest.iter().map(|rest| rest.also.len() + 1).sum();
        let others: usize = self.others.iter().map(|others| others.sources.len() + 1).sum();
        columns + rest + others + self.rows.len() + self.every.len()
    }

    /// Adds what a column depends on.
    pub(super) fn column(
        &mut self,
        name: &ColumnName,
        position: Position,
        sources: impl IntoIterator<Item = Dependency>,
    ) {
        let place = *self.by_name.entry(name.clone()).or_insert_with(|| {
            self.columns.push(HeldColumn { name: name.clone(), sources: Dependencies::default(), position });
            self.columns.len() - 1
        });
        self.columns[place].sources.extend(sources);
    }

    /// Adds all that a column depends on.
    pub(super) fn whole_column(&mut self, name: &ColumnName, position: Position, sources: Dependencies) {
        match self.by_name.get(name) {
            Some(place) => self.columns[*place].sources.absorb(sources),
            None => {
                self.by_name.insert(name.clone(), self.columns.len());
                self.columns.push(HeldColumn { name: name.clone(), sources, position });
            }
        }
    }

    /// Adds columns that pass through a `*`.
    pub(super) fn add_rest(&mut self, rest: HeldRest) {
        let is_same = |known: &&mut HeldRest| {
            (known.input, known.kind, &known.inside, &known.except)
                == (rest.input, rest.kind, &rest.inside, &rest.except)
        };
        match self.rest.iter_mut().find(is_same) {
            Some(known) => known.also.extend(rest.also.iter()),
            None => self.rest.push(rest),
        }
    }

    fn add_others(&mut self, others: HeldOthers) {
        match self.others.iter_mut().find(|known| known.except == others.except) {
            Some(known) => known.sources.extend(others.sources.iter()),
            None => self.others.push(others),
        }
    }

    /// What a reader knows of it.
    pub(super) fn shape(&self) -> Shape {
        let extent = if self.is_wide_open() { Extent::Open } else { self.extent };
        let keys = match &self.keys {
            Keys::Of(keys) => keys.as_slice(),
            Keys::Empty | Keys::Lost => &[],
        };
        Shape { columns: self.names().into(), extent, keys: keys.into() }
    }

    /// Adds what every column and the rows depend on.
    pub(super) fn depend_on_all(&mut self, sources: &Dependencies) {
        self.every.extend(sources.iter());
        self.rows.extend(sources.iter());
    }

    /// Adds what fills it in a way that is not understood, and why not.
    pub(super) fn take_whole(&mut self, sources: &Dependencies, reason: Diagnostic) {
        self.depend_on_all(sources);
        self.add_others(HeldOthers { except: BTreeSet::new(), sources: sources.clone() });
        self.keys = Keys::Lost;
        self.open.insert(reason);
    }

    /// Adds what an output does to it.
    pub(super) fn take(&mut self, output: Self, action: Action, aim: Aim<'_>) {
        match action {
            Action::Return | Action::Replace | Action::Append => {
                self.keys = match (&self.keys, action, aim) {
                    (Keys::Empty, Action::Return | Action::Replace, Aim::Names) => output.keys.clone(),
                    (Keys::Empty, Action::Return | Action::Replace, Aim::List(list)) => output.renamed_keys(list),
                    _ => Keys::Lost,
                };
                self.take_rows(output, aim);
            }
            Action::Update => self.take_values(output, aim),
            Action::Delete => {
                self.rows.extend(output.rows.iter());
                self.every.extend(output.every.iter());
                self.open.extend(output.open);
            }
        }
    }

    fn take_rows(&mut self, mut output: Self, aim: Aim<'_>) {
        self.rows.absorb(std::mem::take(&mut output.rows));
        self.every.absorb(std::mem::take(&mut output.every));
        self.open.extend(std::mem::take(&mut output.open));
        let places = match aim {
            Aim::Names | Aim::SomeNames => return self.take_by_name(output),
            Aim::Places([]) => self.names(),
            Aim::List(columns) | Aim::Places(columns) => columns.to_vec(),
        };
        if places.is_empty() {
            // Nobody says what the places are called: by the names of what fills them, it is hoped, but of
            // several any may be in the place of any other.
            let alone = output.columns.len() == 1 && !output.is_wide_open();
            let except = if alone { output.by_name.keys().cloned().collect() } else { BTreeSet::new() };
            self.add_others(HeldOthers { except, sources: output.all_sources().unknown() });
            self.take_by_name(output);
        } else if output.is_wide_open() {
            // Nobody knows how many columns pass, and so which place is whose.
            let sources = output.all_sources().coarse();
            places.iter().for_each(|name| self.column(name, Position::START, sources.iter()));
        } else {
            for (place, column) in output.columns.iter().enumerate() {
                self.column(places.get(place).unwrap_or(&column.name), column.position, column.sources.iter());
            }
        }
    }

    fn take_by_name(&mut self, output: Self) {
        for column in output.columns {
            self.whole_column(&column.name, column.position, column.sources);
        }
        output.rest.into_iter().for_each(|rest| self.add_rest(rest));
        output.others.into_iter().for_each(|others| self.add_others(others));
    }

    /// Rows stay, so what chooses them decides which of two values each of them has.
    fn take_values(&mut self, output: Self, aim: Aim<'_>) {
        let list = match aim {
            Aim::List(list) => list,
            Aim::Names | Aim::SomeNames | Aim::Places(_) => &[],
        };
        for (place, column) in output.columns.iter().enumerate() {
            let name = list.get(place).unwrap_or(&column.name);
            let chosen = output.rows.iter().map(|dependency| Dependency {
                kind: if dependency.kind == EdgeKind::Rows { EdgeKind::Conditional } else { dependency.kind },
                ..dependency
            });
            self.column(name, column.position, column.sources.iter().chain(chosen));
            if let Keys::Of(keys) = &mut self.keys {
                keys.retain(|key| !key.columns.contains(name));
            }
        }
        if output.is_wide_open() {
            self.keys = Keys::Lost;
        }
        self.every.extend(output.every.iter());
        output.rest.into_iter().for_each(|rest| self.add_rest(rest));
        output.others.into_iter().for_each(|others| self.add_others(others));
        self.open.extend(output.open);
    }

    /// Whether it may have columns that are not among those that are known.
    fn is_wide_open(&self) -> bool {
        !self.rest.is_empty() || !self.others.is_empty()
    }

    pub(super) fn all_sources(&self) -> Dependencies {
        let mut all = Dependencies::default();
        all.extend(self.columns.iter().flat_map(|column| column.sources.iter()));
        for rest in &self.rest {
            all.add(rest.some());
            all.extend(rest.also.iter());
        }
        all.extend(self.others.iter().flat_map(|others| others.sources.iter()));
        all
    }

    fn renamed_keys(&self, list: &[ColumnName]) -> Keys {
        let Keys::Of(keys) = &self.keys else { return Keys::Lost };
        if self.is_wide_open() || list.len() > self.columns.len() {
            return Keys::Lost;
        }
        let renamed = |key: &Key| {
            let places = key.columns.iter().map(|column| self.by_name.get(column));
            let columns =
                places.map(|place| place.map(|place| list.get(*place).unwrap_or(&self.columns[*place].name).clone()));
            Some(Key { columns: columns.collect::<Option<_>>()?, proof: key.proof.clone() })
        };
        Keys::Of(keys.iter().filter_map(renamed).collect())
    }

    /// What something depends on that depends in its own way on a part of this relation.
    pub(super) fn behind(&self, on: &Slot, kind: EdgeKind, found: &mut Dependencies) {
        match on {
            Slot::Rows => found.extend(self.rows.then(kind)),
            Slot::Any => {
                found.extend(self.columns.iter().flat_map(|column| column.sources.then(kind)));
                for rest in &self.rest {
                    let some = rest.some();
                    found.add(Dependency { kind: some.kind.then(kind), ..some });
                    found.extend(rest.also.then(kind));
                }
                found.extend(self.others.iter().flat_map(|others| others.sources.then(kind)));
                found.extend(self.every.then(kind));
            }
            Slot::Column(path) => {
                if let Some(place) = self.by_name.get(&path.column) {
                    found.extend(self.columns[*place].sources.iter().map(|source| within(source, path, kind)));
                }
                for rest in self.rest.iter().filter(|rest| !rest.except.contains(&path.column)) {
                    let on = rest.part(path);
                    let kind = rest.kind.then(kind);
                    found.add(Dependency { input: rest.input, on, kind, position: Position::START });
                    found.extend(rest.also.then(kind));
                }
                let others = self.others.iter().filter(|others| !others.except.contains(&path.column));
                found.extend(others.flat_map(|others| others.sources.then(kind)));
                found.extend(self.every.then(kind));
            }
        }
    }

    /// What passes through a `*` over this relation besides its known columns.
    pub(super) fn pass_rest(&self, outer: &Rest, also: &Dependencies, reader: &mut Self) {
        let joined = |except: &BTreeSet<ColumnName>| outer.except.union(except).cloned().collect();
        let with_also = |sources: &Dependencies| {
            let mut all = also.clone();
            all.extend(sources.then(outer.kind));
            all.extend(self.every.then(outer.kind));
            all
        };
        if let Some(record) = &outer.inside {
            // The fields of one column, which may be known or not.
            let mut sources = also.clone();
            self.behind(&Slot::Column(record.clone()), outer.kind, &mut sources);
            reader.add_others(HeldOthers { except: outer.except.clone(), sources });
            return;
        }
        for rest in &self.rest {
            reader.add_rest(HeldRest {
                input: rest.input,
                inside: rest.inside.clone(),
                except: joined(&rest.except),
                also: with_also(&rest.also),
                kind: rest.kind.then(outer.kind),
            });
        }
        for others in &self.others {
            let sources = with_also(&others.sources);
            reader.add_others(HeldOthers { except: joined(&others.except), sources });
        }
    }

    /// The same as plain values, without the inputs.
    pub(super) fn finish(self) -> Filled {
        let Shape { extent, keys, .. } = self.shape();
        let column = |column: HeldColumn| OutputColumn {
            name: column.name,
            sources: column.sources.into_list(),
            position: column.position,
        };
        let rest = |rest: HeldRest| Rest {
            input: rest.input,
            inside: rest.inside,
            except: rest.except,
            also: rest.also.into_list(),
            kind: rest.kind,
        };
        let others = |others: HeldOthers| Others { except: others.except, sources: others.sources.into_list() };
        Filled {
            rows_of: RowsOf::default(),
            inputs: Vec::new(),
            used: BTreeSet::new(),
            columns: self.columns.into_iter().map(column).collect(),
            rest: self.rest.into_iter().map(rest).collect(),
            rows: self.rows.into_list(),
            every: self.every.into_list(),
            others: self.others.into_iter().map(others).collect(),
            extent,
            keys: keys.to_vec(),
            open: self.open.into_iter().collect(),
        }
    }
}

/// A dependency on a field, by way of what its column depends on.
fn within(source: Dependency, path: &ColumnPath, next: EdgeKind) -> Dependency {
    let on = match (&source.on, source.kind) {
        (Slot::Column(outer), EdgeKind::Identity) if !path.fields().is_empty() => {
            Slot::Column(cut(&outer.column, &[outer.fields(), path.fields()].concat()))
        }
        _ => source.on.clone(),
    };
    Dependency { on, kind: source.kind.then(next), ..source }
}
