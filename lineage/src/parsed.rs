//! A text as it was read. Its statements are by far the largest part of what is known of a project, and are needed
//! while its lineage is found; so they can be let go of, and are read again where somebody asks once more.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::diagnostic::Diagnostic;
use crate::dialect::Dialect;
use crate::name::RelationName;
use crate::parse::parse;
use crate::query::{Read, Reading, Script};

/// A text as it was read.
#[derive(Debug)]
pub struct Parsed {
    /// What to read again.
    source: Option<(Dialect, Arc<str>)>,
    gist: Gist,
    script: Mutex<Option<Arc<Script>>>,
}

/// What is known of a text without its statements.
#[derive(Debug)]
pub struct Gist {
    /// How it was read; the worst of its statements.
    pub reading: Reading,
    /// What was not understood.
    pub diagnostics: Vec<Diagnostic>,
    /// What its statements read.
    pub reads: BTreeSet<Read>,
    /// Why one of them may read more than that, where one may.
    pub incomplete: Option<Arc<str>>,
    /// How many they are.
    pub statements: usize,
    /// The variables that they set.
    pub variables: BTreeSet<RelationName>,
}

impl Gist {
    fn of(script: &Script) -> Self {
        let statements = || script.statements.iter();
        let targets = statements().flat_map(|statement| &statement.targets);
        Self {
            reading: script.reading,
            diagnostics: script.diagnostics.clone(),
            reads: statements().flat_map(|statement| &statement.reads).cloned().collect(),
            incomplete: statements().find_map(|statement| statement.incomplete.as_deref()).map(Arc::from),
            statements: script.statements.len(),
            variables: targets.filter(|target| target.table().starts_with('@')).cloned().collect(),
        }
    }
}

impl Parsed {
    /// A text in a dialect, which is read now.
    #[must_use]
    pub fn read(text: &Arc<str>, dialect: Dialect) -> Self {
        Self { source: Some((dialect, Arc::clone(text))), ..Self::from(parse(text, dialect)) }
    }

    /// What is known without asking for the statements.
    #[must_use]
    pub const fn gist(&self) -> &Gist {
        &self.gist
    }

    /// The statements, which are read again if they were let go of.
    #[must_use]
    pub fn script(&self) -> Arc<Script> {
        let mut script = self.held();
        let again = || self.source.as_ref().map(|(dialect, text)| Arc::new(parse(text, *dialect))).unwrap_or_default();
        Arc::clone(script.get_or_insert_with(again))
    }

    /// Lets go of the statements, if the text can be read again.
    pub fn let_go(&self) {
        let gone = if self.source.is_some() { self.held().take() } else { None };
        drop(gone);
    }

    fn held(&self) -> MutexGuard<'_, Option<Arc<Script>>> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Statements that stay: of what they were read is not known.
impl From<Script> for Parsed {
    fn from(script: Script) -> Self {
        Self { source: None, gist: Gist::of(&script), script: Mutex::new(Some(Arc::new(script))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_go_of_is_read_again() {
        let text: Arc<str> = Arc::from("select a, b + 1 as c from t join u using (id)");
        let parsed = Parsed::read(&text, Dialect::Trino);
        let before = parsed.script();
        parsed.let_go();
        assert_eq!(Arc::strong_count(&before), 1, "nobody else may hold it");
        assert_eq!(format!("{:?}", parsed.script()), format!("{before:?}"));
        assert_eq!((before.statements.len(), parsed.gist().statements, parsed.gist().reads.len()), (1, 1, 2));
    }

    #[test]
    fn what_cannot_be_read_again_stays() {
        let parsed = Parsed::from(parse("select 1 as a", Dialect::Ansi));
        let before = parsed.script();
        parsed.let_go();
        assert!(Arc::ptr_eq(&parsed.script(), &before));
    }
}
