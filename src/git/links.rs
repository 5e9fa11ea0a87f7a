//! Where symbolic links lead, worked out on paths alone: nothing outside the repository is touched.

use std::collections::BTreeMap;

/// Links that lead to links are followed this often, as in an operating system.
const HOPS: usize = 40;

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// To this path of the repository, which is not below a link itself.
    Path(String),
    /// Out of the repository.
    Outside,
    /// Round and round.
    Loop,
}

/// Follows the link at `path`; `links` has the target text of every link, by path.
pub(super) fn follow(links: &BTreeMap<String, String>, path: &str) -> Destination {
    let mut path = path.to_owned();
    for _ in 0..HOPS {
        let Some((link, rest)) = first_link(links, &path) else {
            return Destination::Path(path);
        };
        let target = &links[link];
        let parent = link.rsplit_once('/').map_or("", |(parent, _)| parent);
        match join(parent, target, rest) {
            Some(next) => path = next,
            None => return Destination::Outside,
        }
    }
    Destination::Loop
}

/// The shortest beginning of a path that is a link, and what follows it.
fn first_link<'a>(links: &BTreeMap<String, String>, path: &'a str) -> Option<(&'a str, &'a str)> {
    path.match_indices('/')
        .map(|(index, _)| index)
        .chain([path.len()])
        .map(|end| path.split_at(end))
        .find(|(beginning, _)| links.contains_key(*beginning))
}

/// `parent/target/rest` without `.` and `..`; `None` if that is outside the repository.
fn join(parent: &str, target: &str, rest: &str) -> Option<String> {
    if target.starts_with(['/', '\\']) || target.get(1..2) == Some(":") {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in parent.split('/').chain(target.split('/')).chain(rest.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(links: &[(&str, &str)], path: &str, expected: Destination) {
        let links = links.iter().map(|(link, target)| ((*link).to_owned(), (*target).to_owned())).collect();
        assert_eq!(follow(&links, path), expected);
    }

    #[test]
    fn links_are_followed_as_an_operating_system_does() {
        let path = |text: &str| Destination::Path(text.to_owned());
        check(&[("a/b", "../c.sql")], "a/b", path("c.sql"));
        check(&[("a", "b"), ("b", "./c")], "a", path("c"));
        check(&[("d", "real"), ("x", "d/y.sql")], "x", path("real/y.sql"));
        check(&[("a/b", ".")], "a/b", path("a"));
    }

    #[test]
    fn a_link_cannot_leave_the_repository() {
        check(&[("a", "/etc/passwd")], "a", Destination::Outside);
        check(&[("a/b", "../../x")], "a/b", Destination::Outside);
        check(&[("a", "C:\\x")], "a", Destination::Outside);
        check(&[("a/b", "../../repo/x")], "a/b", Destination::Outside);
    }

    #[test]
    fn a_loop_ends() {
        check(&[("a", "b"), ("b", "a")], "a", Destination::Loop);
        check(&[("a", "a/a")], "a", Destination::Loop);
    }
}
