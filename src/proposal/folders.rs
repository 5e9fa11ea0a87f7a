//! Tables by the folder that they stand in: neither one group a table nor one for all, and names that
//! people would give them.

use std::collections::{BTreeMap, BTreeSet};

use headsup_lineage::relation::Relation;

use super::Likelihood;

/// So many groups are read without effort.
const FEW_GROUPS: usize = 16;
/// More than these nobody reads.
const MANY_GROUPS: usize = 50;
/// Between the two, groups are taken together that come to so many tables.
const SMALL_GROUP: usize = 12;
/// Parts of folders that say nothing of what is in them.
const SAYS_NOTHING: [&str; 7] = ["models", "model", "sql", "queries", "transform", "src", "final"];
/// Parts of folders in which steps on the way stand.
const STEPS: [&str; 17] = [
    "staging",
    "stg",
    "stage",
    "base",
    "raw",
    "intermediate",
    "int",
    "tmp",
    "temp",
    "scratch",
    "sandbox",
    "test",
    "tests",
    "prep",
    "sources",
    "analyses",
    "deprecated",
];

/// Tables by folder.
#[derive(Debug, Default)]
pub(super) struct Folders<'a>(BTreeMap<String, Vec<&'a Relation>>);

impl<'a> Folders<'a> {
    pub(super) fn add(&mut self, path: &str, relation: &'a Relation) {
        self.0.entry(parent(path).to_owned()).or_default().push(relation);
    }

    /// Folders taken together until there are few enough: those first that come to the fewest tables, and
    /// never steps with results.
    pub(super) fn grouped(mut self) -> BTreeMap<String, Vec<&'a Relation>> {
        while let Some(above) = self.scattered() {
            self.merge(&above);
        }
        loop {
            let likely = self.0.keys().filter(|folder| likelihood(folder) == Likelihood::Likely).count();
            if likely <= FEW_GROUPS {
                return self.0;
            }
            match self.smallest() {
                Some((above, tables)) if likely > MANY_GROUPS || tables <= SMALL_GROUP => self.merge(&above),
                _ => return self.0,
            }
        }
    }

    /// The folder whose groups come to the fewest tables when they are taken together, and how many that are.
    fn smallest(&self) -> Option<(String, usize)> {
        let mut sizes: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (folder, relations) in &self.0 {
            let above = parent(folder);
            let is_likely = likelihood(folder) == Likelihood::Likely;
            // What is above everything says nothing, and what has groups below goes after those.
            let has_below = self.0.keys().any(|other| other.starts_with(&format!("{folder}/")));
            if is_likely && !has_below && !above.is_empty() {
                let size = sizes.entry(above).or_default();
                *size = (size.0 + relations.len(), size.1 + 1);
            }
        }
        let own = |above: &str| self.0.get(above).map_or(0, Vec::len);
        let gains = sizes.into_iter().filter(|(above, (_, groups))| *groups > 1 || self.0.contains_key(*above));
        let gains = gains.map(|(above, (tables, _))| (tables + own(above), above.matches('/').count(), above));
        let (tables, _, above) = gains.min_by(|(a, x, f), (b, y, g)| (a, y, f).cmp(&(b, x, g)))?;
        Some((above.to_owned(), tables))
    }

    /// A folder below which each table has a folder of its own.
    fn scattered(&self) -> Option<String> {
        const MANY: usize = 4;
        let mut alone: BTreeMap<&str, usize> = BTreeMap::new();
        for (folder, relations) in &self.0 {
            let above = parent(folder);
            let is_alone = relations.len() == 1 && !above.is_empty() && likelihood(folder) == Likelihood::Likely;
            *alone.entry(above).or_default() += usize::from(is_alone);
        }
        alone.into_iter().find(|(_, folders)| *folders >= MANY).map(|(above, _)| above.to_owned())
    }

    fn merge(&mut self, above: &str) {
        let below = |folder: &str| parent(folder) == above && likelihood(folder) == Likelihood::Likely;
        let children: Vec<String> = self.0.keys().filter(|folder| below(folder)).cloned().collect();
        let relations: Vec<&'a Relation> = children.iter().filter_map(|child| self.0.remove(child)).flatten().collect();
        self.0.entry(above.to_owned()).or_default().extend(relations);
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether what stands in a folder is there to be read by people.
pub(super) fn likelihood(folder: &str) -> Likelihood {
    let is_step = |part: &str| STEPS.contains(&part.to_ascii_lowercase().as_str());
    if folder.split('/').any(is_step) { Likelihood::Unlikely } else { Likelihood::Likely }
}

/// What a job on the tables of a folder is called: the folder without what says nothing, and with the
/// project before it where another has the same.
pub(super) fn name(folder: &str, roots: &[&str], taken: &BTreeSet<String>) -> String {
    let below = |root: &&&str| **root != "." && (folder == **root || folder.starts_with(&format!("{root}/")));
    let root = roots.iter().filter(below).max_by_key(|root| root.len()).copied().unwrap_or_default();
    let rest = folder[root.len()..].trim_matches('/');
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let says = |part: &&str| !SAYS_NOTHING.contains(part);
    let first = parts.iter().position(says).unwrap_or(parts.len());
    let last = parts.iter().rposition(says).map_or(first, |last| last + 1);
    let said = parts[first..last].join("/");
    let project = root.rsplit('/').next().unwrap_or_default();
    let short = match (said.as_str(), project) {
        ("", "") => parts.last().copied().unwrap_or("tables").to_owned(),
        ("", project) => project.to_owned(),
        (said, _) => said.to_owned(),
    };
    let long = if project.is_empty() { folder.to_owned() } else { format!("{project}/{short}") };
    let numbered = (2..).map(|number| format!("{short} {number}"));
    [short.clone(), long]
        .into_iter()
        .chain(numbered)
        .find(|name| !name.is_empty() && !taken.contains(name))
        .unwrap_or(short)
}

/// A name for a team, of small letters, digits and hyphens.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            slug.extend(letter.to_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "data".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_the_folder_says() {
        let none = BTreeSet::new();
        assert_eq!(name("models/marts/finance", &["."], &none), "marts/finance");
        assert_eq!(name("models/pharmacy/final", &["."], &none), "pharmacy");
        assert_eq!(name("models", &["."], &none), "models");
        assert_eq!(name("", &["."], &none), "tables");
        assert_eq!(name("transform/shop/models/marts", &["transform/shop"], &none), "marts");
        assert_eq!(name("transform/shop/models", &["transform/shop"], &none), "shop");
        let taken = BTreeSet::from(["marts".to_owned()]);
        assert_eq!(name("transform/shop/models/marts", &["transform/shop"], &taken), "shop/marts");
        let both = BTreeSet::from(["marts".to_owned(), "models/marts".to_owned()]);
        assert_eq!(name("models/marts", &["."], &both), "marts 2");
    }

    #[test]
    fn steps_on_the_way_are_told_by_their_folders() {
        assert_eq!(likelihood("models/staging/shop"), Likelihood::Unlikely);
        assert_eq!(likelihood("models/marts/staging_costs"), Likelihood::Likely);
        assert_eq!((slug("@Acme/Finance Team "), slug("??")), ("acme-finance-team".to_owned(), "data".to_owned()));
    }
}
