//! Which columns are equal, or have one value, wherever a condition holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::query::tree::{BlockId, Expr, ExprId, Tree};
use crate::resolve::{Binding, Resolved};
use crate::scope::{ColumnAt, JoinStep};

/// A column of a FROM item.
pub(super) type Atom = (usize, ColumnAt);

/// What a condition makes equal.
#[derive(Debug, Clone, Default)]
pub(super) struct Equalities {
    /// Pairs of columns.
    pub(super) pairs: Vec<(Atom, Atom)>,
    /// Columns that have one value: compared with a constant, or with a column of an outer query.
    pub(super) fixed: BTreeSet<Atom>,
}

impl Equalities {
    /// Adds what a condition, where it is true, makes equal.
    pub(super) fn add(&mut self, tree: &Tree, resolved: &Resolved, block: BlockId, condition: ExprId) {
        let mut ahead = vec![condition];
        while let Some(expr) = ahead.pop() {
            let Expr::Apply(operator, args) = tree.expr(expr) else { continue };
            let args = tree.list(*args);
            match (tree.text(*operator), args) {
                ("and", _) => ahead.extend(args),
                ("=", [left, right]) => {
                    let left = Side::of(tree, resolved, block, *left);
                    let right = Side::of(tree, resolved, block, *right);
                    match (left, right) {
                        (Side::Column(left), Side::Column(right)) => self.pairs.push((left, right)),
                        (Side::Column(column), Side::Constant) | (Side::Constant, Side::Column(column)) => {
                            self.fixed.insert(column);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds what USING or NATURAL compares.
    pub(super) fn add_using(&mut self, step: &JoinStep) {
        for pair in &step.using {
            if let ([left], [right]) = (pair.left.as_slice(), pair.right.as_slice()) {
                self.pairs.push((left.clone(), right.clone()));
            }
        }
    }

    /// The least column of each set of equal ones, for every column that is equal to another.
    pub(super) fn representatives(&self) -> BTreeMap<Atom, Atom> {
        let mut sets = Sets::default();
        for (left, right) in &self.pairs {
            sets.join(left, right);
        }
        sets.into_least()
    }
}

/// Sets of equal columns: each column has one that stands for it, up to the least of its set.
#[derive(Default)]
struct Sets<'a> {
    places: BTreeMap<&'a Atom, usize>,
    atoms: Vec<&'a Atom>,
    above: Vec<usize>,
}

impl<'a> Sets<'a> {
    fn place(&mut self, atom: &'a Atom) -> usize {
        *self.places.entry(atom).or_insert_with(|| {
            self.atoms.push(atom);
            self.above.push(self.above.len());
            self.above.len() - 1
        })
    }

    fn least(&mut self, place: usize) -> usize {
        let mut place = place;
        while self.above[place] != place {
            // Half of the way is saved for the next time.
            self.above[place] = self.above[self.above[place]];
            place = self.above[place];
        }
        place
    }

    fn join(&mut self, left: &'a Atom, right: &'a Atom) {
        let (left, right) = (self.place(left), self.place(right));
        let (left, right) = (self.least(left), self.least(right));
        if self.atoms[left] <= self.atoms[right] {
            self.above[right] = left;
        } else {
            self.above[left] = right;
        }
    }

    fn into_least(mut self) -> BTreeMap<Atom, Atom> {
        let all = 0..self.atoms.len();
        let pairs = all.map(|place| {
            let least = self.least(place);
            (self.atoms[place].clone(), self.atoms[least].clone())
        });
        pairs.collect()
    }
}

/// One side of an equation.
enum Side {
    Column(Atom),
    Constant,
    Other,
}

impl Side {
    fn of(tree: &Tree, resolved: &Resolved, block: BlockId, expr: ExprId) -> Self {
        match tree.expr(expr) {
            Expr::Literal(..) | Expr::Parameter(_) => Self::Constant,
            Expr::Column(..) => match resolved.binding(expr) {
                Some(Binding::Columns(uses)) => match uses.as_slice() {
                    [one] if one.fields.is_empty() && one.column != ColumnAt::All => {
                        if one.block == block {
                            Self::Column((one.item, one.column.clone()))
                        } else {
                            Self::Constant
                        }
                    }
                    _ => Self::Other,
                },
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

/// The FROM column that an expression simply is.
pub(super) fn atom_of(tree: &Tree, resolved: &Resolved, block: BlockId, expr: ExprId) -> Option<Atom> {
    match Side::of(tree, resolved, block, expr) {
        Side::Column(atom) => Some(atom),
        _ => None,
    }
}

/// Whether two expressions of a block are the same: spelled alike, of the same columns.
pub(super) fn same(tree: &Tree, resolved: &Resolved, left: ExprId, right: ExprId) -> bool {
    let mut ahead = vec![(left, right)];
    while let Some((left, right)) = ahead.pop() {
        if left == right {
            continue;
        }
        let alike = match (tree.expr(left), tree.expr(right)) {
            (Expr::Column(..), Expr::Column(..)) => {
                resolved.binding(left).is_some() && resolved.binding(left) == resolved.binding(right)
            }
            (Expr::Literal(a, x), Expr::Literal(b, y)) => a == b && x == y,
            (Expr::Parameter(a), Expr::Parameter(b)) => a == b,
            (Expr::Apply(a, _), Expr::Apply(b, _)) => a == b,
            (Expr::Call { function: a, clauses: None, .. }, Expr::Call { function: b, clauses: None, .. }) => a == b,
            (Expr::Case { operand: a, otherwise: x, .. }, Expr::Case { operand: b, otherwise: y, .. }) => {
                a.is_some() == b.is_some() && x.is_some() == y.is_some()
            }
            (Expr::Cast { data_type: a, mode: x, .. }, Expr::Cast { data_type: b, mode: y, .. }) => a == b && x == y,
            (Expr::Field(_, a), Expr::Field(_, b)) => a == b,
            (Expr::Index(..), Expr::Index(..)) => true,
            _ => false,
        };
        let (parts, others) = (tree.parts(left), tree.parts(right));
        if !alike || parts.len() != others.len() {
            return false;
        }
        ahead.extend(parts.into_iter().zip(others));
    }
    true
}
