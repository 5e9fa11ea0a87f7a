//! Which macro a name means, of all those of a project. Whoever asks says for whom he does. It must not know what is done
//! with what it finds.

use std::sync::Arc;

use super::engine::{Engine, Macro};
use super::sought::{For, implementation};

impl Engine {
    /// A macro of a package.
    pub(super) fn find(&self, seeker: For<'_>, package: &str, name: &str) -> Option<&Arc<Macro>> {
        seeker.note(name);
        let found = self.macros.get(package)?.get(name)?;
        let is_ours = package != "dbt" && found.path.starts_with('<');
        (if is_ours { self.instead_of_ours(seeker, package, name) } else { None }).or(Some(found))
    }

    /// The macro that a project has for one of a popular package, which hands each of its own on to `adapter.dispatch`.
    fn instead_of_ours(&self, seeker: For<'_>, package: &str, name: &str) -> Option<&Arc<Macro>> {
        let root = [self.world.root.to_string()];
        let order = self.world.dispatch.get(package).map_or(&root[..], Vec::as_slice);
        let mut before = order.iter().take_while(|other| **other != *package);
        before.find_map(|other| {
            let prefixes = self.world.prefixes.iter();
            prefixes.into_iter().find_map(|prefix| self.find(seeker, other, &implementation(prefix, name)))
        })
    }

    /// The macro of a bare name that hides whatever dbt itself calls so.
    pub(super) fn before_native(&self, seeker: For<'_>, node_package: &str, name: &str) -> Option<&Arc<Macro>> {
        let found = self.find(seeker, node_package, name);
        if *node_package == *self.world.root {
            found
        } else {
            found.or_else(|| self.find(seeker, &self.world.root, name))
        }
    }

    /// The macro of a bare name that dbt's own names hide.
    pub(super) fn after_native(&self, seeker: For<'_>, own_package: &str, name: &str) -> Option<&Arc<Macro>> {
        self.find(seeker, own_package, name).or_else(|| self.find(seeker, "dbt", name))
    }

    /// Whether a package has macros.
    pub(super) fn has_package(&self, package: &str) -> bool {
        self.macros.contains_key(package)
    }

    /// The packages that have macros.
    pub(super) fn packages(&self) -> impl Iterator<Item = &Arc<str>> {
        self.macros.keys()
    }

    /// The macro that a template of a package means by a bare name.
    pub(super) fn resolve(
        &self,
        seeker: For<'_>,
        node_package: &str,
        own_package: &str,
        name: &str,
    ) -> Option<&Arc<Macro>> {
        self.before_native(seeker, node_package, name).or_else(|| self.after_native(seeker, own_package, name))
    }

    /// Every package, in the order in which a name is looked for.
    fn everywhere<'a>(&'a self, node_package: &'a str) -> Vec<&'a str> {
        [node_package, &*self.world.root].into_iter().chain(self.macros.keys().map(|name| &**name)).collect()
    }

    /// The macro that `adapter.dispatch` means.
    pub(super) fn dispatch<'a>(
        &'a self,
        seeker: For<'_>,
        node_package: &'a str,
        name: &str,
        namespace: Option<&'a str>,
    ) -> Option<&'a Arc<Macro>> {
        let packages: Vec<&str> = match namespace {
            Some(namespace) => match self.world.dispatch.get(namespace) {
                Some(order) => order.iter().map(String::as_str).collect(),
                None if self.has_package(namespace) => vec![&self.world.root, namespace],
                None => self.everywhere(node_package),
            },
            None => self.everywhere(node_package),
        };
        packages.into_iter().find_map(|package| {
            let prefixes = self.world.prefixes.iter();
            prefixes.into_iter().find_map(|prefix| self.find(seeker, package, &implementation(prefix, name)))
        })
    }
}
