//! What files that differ between two versions ask of dbt's target, where all that they ask is whether a part of
//! it is some text: then what they say under each of these texts can be rendered and compared. It must not
//! know how templates are rendered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dbt::tests_of_target;
use crate::snapshot::Snapshot;

/// A part of the target, and a text that it is compared with.
type Test = (String, String);

/// The tests in each file that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    files: BTreeMap<Arc<str>, BTreeSet<Test>>,
}

/// Each test is one more rendering of all that reaches its file.
const MOST: usize = 4;

impl Elsewhere {
    /// Those of the files that differ between two versions.
    pub(super) fn between(base: &Snapshot, head: &Snapshot) -> Self {
        let mut files = BTreeMap::new();
        let paths = base.files().chain(head.files()).map(|(path, _)| path);
        let differing: BTreeSet<&Arc<str>> =
            paths.filter(|path| path.ends_with(".sql") && base.id(path) != head.id(path)).collect();
        for path in differing {
            let of = |side: &Snapshot| match side.id(path) {
                Some(_) => side.text(path).ok().and_then(|text| tests_of_target(&text)),
                None => Some(BTreeSet::new()),
            };
            if let (Some(mut tests), Some(others)) = (of(base), of(head)) {
                tests.extend(others);
                if !tests.is_empty() {
                    files.insert(Arc::clone(path), tests);
                }
            }
        }
        Self { files }
    }

    /// Whether no file that differs asks in this way.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether all that a file asks of the target is among the tests.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The tests of some files; none if there are none, or too many.
    pub(super) fn of<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Option<BTreeSet<Test>> {
        let tests: BTreeSet<Test> = paths.filter_map(|path| self.files.get(path)).flatten().cloned().collect();
        (1..=MOST).contains(&tests.len()).then_some(tests)
    }
}
