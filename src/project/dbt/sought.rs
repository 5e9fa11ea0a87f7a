//! What of its project something sought while it was made: macros by their names, whether there are such or not, and
//! nodes. Where all of that is found as it was, the same would be made again. Whoever looks a macro up says for whom
//! he does, so that nothing is sought unseen.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::trace::{Question, Questions};
use super::values::lock;
use super::world::World;

/// The names of macros that were sought, in order.
pub(super) type Names = Arc<[Arc<str>]>;

/// What was sought so far.
#[derive(Debug, Default)]
pub(super) struct Sought(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The names of macros, in whatever package.
    names: BTreeSet<Arc<str>>,
    /// Questions for nodes.
    nodes: BTreeSet<Question>,
}

/// For whom a macro is looked up.
#[derive(Debug, Clone, Copy)]
pub(super) enum For<'s> {
    /// For something that may be kept.
    Kept(&'s Sought),
    /// For a run, which has noted its question already, or for somebody who asks each time anew.
    Asked,
}

impl For<'_> {
    /// Notes the name of a macro.
    pub(super) fn note(self, name: &str) {
        if let Self::Kept(sought) = self {
            sought.name(name);
        }
    }
}

impl Sought {
    fn name(&self, name: &str) {
        let mut seen = lock(&self.0);
        if !seen.names.contains(name) {
            seen.names.insert(Arc::from(name));
        }
    }

    /// Adds what a run asked in a world.
    pub(super) fn add<'q>(&self, questions: impl IntoIterator<Item = &'q Question>, world: &World) {
        let mut seen = lock(&self.0);
        for question in questions {
            match question {
                Question::Name(_, name) | Question::Macro(_, name) => {
                    if !seen.names.contains(name) {
                        seen.names.insert(Arc::clone(name));
                    }
                }
                Question::Dispatch(name, _) => {
                    let names = world.prefixes.iter().map(|prefix| implementation(prefix, name));
                    seen.names.extend(names.map(Arc::from));
                }
                // Who keeps something of a node keeps the node as well.
                Question::Told => {}
                Question::Ref(_) | Question::Source(..) | Question::Columns(_) => {
                    seen.nodes.insert(question.clone());
                }
            }
        }
    }

    /// Adds names that something else sought.
    pub(super) fn add_names(&self, names: &Names) {
        lock(&self.0).names.extend(names.iter().cloned());
    }

    /// The names of macros.
    pub(super) fn names(&self) -> Names {
        lock(&self.0).names.iter().cloned().collect()
    }

    /// The questions for nodes.
    pub(super) fn nodes(&self) -> Questions {
        lock(&self.0).nodes.clone()
    }
}

/// What the implementation of a macro for an adapter is called.
pub(super) fn implementation(prefix: &str, name: &str) -> String {
    format!("{prefix}__{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_implementation_is_sought_under_each_name_that_it_may_have() {
        let sought = Sought::default();
        let world = World { prefixes: vec!["trino", "default"], ..World::default() };
        sought.add(&[Question::Dispatch("now".to_owned(), None)], &world);
        For::Kept(&sought).note("cents");
        For::Asked.note("noted by others");
        let names = sought.names();
        assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["cents", "default__now", "trino__now"]);
    }
}
