//! What the parts of a template that ask depend on beside themselves: macros and variables that they name, and macros
//! that ask when they are called or are not rendered. It must not know what a part is.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::conditions::{Asks, tags_name, without_comments, without_own_table, words_of_parts};
use super::config;
use super::engine::{Engine, Macro};
use super::hook::Hooks;
use super::scan::{self, Reach};
use super::sought::{For, Sought};
use super::world::World;

/// The macros that a template reaches, but for dbt's own, with what each asks itself.
pub(super) struct Macros<'a>(Vec<(&'a Macro, Asks)>);

/// Some of the macros, by their places.
pub(super) type Chosen = BTreeSet<usize>;

impl<'a> Macros<'a> {
    /// Those of what a template names.
    pub(super) fn of(reach: &'a Reach) -> Self {
        let own = reach.macros.values().filter(|one| &*one.package != "dbt");
        Self(own.map(|one| (&**one, Asks::of(&without_own_table(one)))).collect())
    }

    /// Those that ask so much, or call one that does: what it is called with may matter where it asks only.
    pub(super) fn that_ask(&self, asks: Asks) -> Chosen {
        let mut chosen: Chosen = (0..self.0.len()).filter(|place| self.0[*place].1 >= asks).collect();
        let mut known = 0;
        while chosen.len() > known {
            known = chosen.len();
            let names = self.names(&chosen);
            let calling = (0..self.0.len()).filter(|place| tags_name(self.0[*place].0.text(), &names));
            let calling: Chosen = calling.collect();
            chosen.extend(calling);
        }
        chosen
    }

    /// What some are called by.
    pub(super) fn names(&self, chosen: &Chosen) -> BTreeSet<&'a str> {
        chosen.iter().flat_map(|place| called(self.0[*place].0)).collect()
    }

    /// What stands in some.
    pub(super) fn bodies<'b>(&'b self, chosen: &'b Chosen) -> impl Iterator<Item = &'a str> + 'b {
        chosen.iter().filter_map(|place| {
            let text = self.0[*place].0.text();
            text.find("%}").zip(text.rfind("{%")).and_then(|(start, end)| text.get(start + 2..end))
        })
    }

    /// The texts of some, of those that other parts name by these words, and of all that their own parts which ask name.
    pub(super) fn texts(&self, chosen: &Chosen, words: &BTreeSet<String>) -> Vec<String> {
        let names = self.names(chosen);
        let mut words: BTreeSet<Cow<'_, str>> = words.iter().map(|word| Cow::Borrowed(&**word)).collect();
        for place in chosen {
            words.extend(words_of_parts(self.0[*place].0.text(), &names).into_iter().map(Cow::Owned));
        }
        let mut told = chosen.clone();
        let mut known = usize::MAX;
        while told.len() != known {
            known = told.len();
            for (place, (one, _)) in self.0.iter().enumerate() {
                if !told.contains(&place) && called(one).any(|name| words.contains(name)) {
                    told.insert(place);
                    words.extend(super::conditions::words(one.text()).map(Cow::Borrowed));
                }
            }
        }
        told.iter().map(|place| without_comments(self.0[*place].0.text())).collect()
    }

    /// The files of all of them, and that of the template.
    pub(super) fn files(&self, template: &Arc<str>) -> Arc<[Arc<str>]> {
        let files: BTreeSet<&Arc<str>> = self.0.iter().map(|(one, _)| &one.path).chain([template]).collect();
        files.into_iter().cloned().collect()
    }
}

/// The names that a macro is called by: its own, and that of which it is the implementation for an adapter.
fn called(one: &Macro) -> impl Iterator<Item = &str> {
    [Some(&*one.name), one.name.split_once("__").map(|(_, name)| name)].into_iter().flatten()
}

/// A project's variables as a package sees them.
pub(super) struct Variables<'a> {
    pub(super) world: &'a World,
    pub(super) package: &'a str,
}

impl Variables<'_> {
    /// The values of those that some texts name, a line each; all of them where a name is computed.
    pub(super) fn named_in<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Vec<String> {
        let mut lines = BTreeSet::new();
        for text in texts {
            let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
            let places = text.match_indices("var").filter(|(at, _)| !text[..*at].ends_with(is_part));
            for (at, var) in places {
                let Some(args) = text[at + var.len()..].trim_start().strip_prefix('(') else { continue };
                let args = args.trim_start();
                let name = ['\'', '"'].into_iter().find_map(|quote| args.strip_prefix(quote)?.split_once(quote));
                match name {
                    Some((name, rest)) if rest.trim_start().starts_with([',', ')']) => {
                        let value = self.world.variable(self.package, name).map(ToString::to_string);
                        lines.insert(format!("{name} = {}", value.unwrap_or_default()));
                    }
                    _ => {
                        lines.insert(self.world.variables_text());
                    }
                }
            }
        }
        lines.into_iter().collect()
    }
}

/// The texts of macros that count for a node of a package though they are not rendered for other targets: those that its hooks
/// reach, as what these do to the table is not rendered at all, and the project's own for `ref`, `source` and the names of
/// tables where they ask.
pub(super) fn unrendered(engine: &Engine, package: &str, hooks: &Hooks, sought: &Sought) -> Vec<String> {
    const OWN: [&str; 5] = ["ref", "source", "generate_alias_name", "generate_schema_name", "generate_database_name"];
    let variables = Variables { world: &engine.world, package };
    let mut texts = BTreeSet::new();
    for hook in ["pre_hook", "post_hook"].iter().filter_map(|key| hooks.config.get(*key)) {
        let text = hook.to_string().replace("\\\"", "\"");
        let whole = 0..text.len();
        let reach = scan::reach(engine, package, &[], &text, whole, sought);
        let macros = reach.macros.values().filter(|one| &*one.package != "dbt");
        let macros: Vec<&str> = macros.map(|one| one.text()).collect();
        texts.extend(variables.named_in(macros.iter().copied().chain([text.as_str()])));
        let named: BTreeSet<&str> =
            macros.iter().copied().chain([text.as_str()]).flat_map(super::conditions::words).collect();
        let asked = hooks.config.iter().filter(|(key, _)| named.contains(&***key) && !config::is_compared(key));
        texts.extend(asked.map(|(key, value)| format!("{key} = {value}")));
        texts.extend(macros.into_iter().map(ToOwned::to_owned));
    }
    let own = OWN.iter().filter_map(|name| engine.before_native(For::Kept(sought), package, name));
    texts.extend(own.map(|one| one.text()).filter(|text| Asks::of(text) > Asks::Nothing).map(ToOwned::to_owned));
    texts.into_iter().collect()
}
