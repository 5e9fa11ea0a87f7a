//! Who made a commit, and the page of the repository that it was cloned from. Both are for people.

use std::path::Path;

use git2::{Oid, Repository};

use super::CommitId;

/// The name of a commit's author.
#[must_use]
pub fn author(folder: &Path, commit: CommitId) -> Option<String> {
    let repository = Repository::discover(folder).ok()?;
    let CommitId(id) = commit;
    name_of(&repository, id)
}

fn name_of(repository: &Repository, id: Oid) -> Option<String> {
    let commit = repository.find_commit(id).ok()?;
    let name = String::from_utf8_lossy(commit.author().name_bytes()).trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// The page of the remote `origin`, without user and password: `https://github.com/acme/warehouse`.
#[must_use]
pub fn page(folder: &Path) -> Option<String> {
    let repository = Repository::discover(folder).ok()?;
    let remote = repository.find_remote("origin").ok()?;
    page_of(&String::from_utf8_lossy(remote.url_bytes()))
}

fn page_of(url: &str) -> Option<String> {
    let without_user = |rest: &str| rest.rsplit_once('@').map_or(rest, |(_, rest)| rest).to_owned();
    let (host, path) = if let Some((scheme, rest)) = url.split_once("://") {
        let (authority, path) = rest.split_once('/')?;
        let host = without_user(authority);
        // The port of an SSH server is not that of a page.
        let host = if scheme == "ssh" { host.split(':').next().unwrap_or_default().to_owned() } else { host };
        matches!(scheme, "https" | "http" | "ssh").then_some((host, path.to_owned()))?
    } else {
        let (authority, path) = url.split_once(':')?;
        (without_user(authority), path.to_owned())
    };
    let path = path.trim_matches('/').trim_end_matches(".git").to_owned();
    let fits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:~".contains(c));
    (fits(&host) && host.contains('.') && fits(&path)).then(|| format!("https://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_a_remote_has_no_password() {
        let page = |url| page_of(url).unwrap_or_default();
        assert_eq!(page("https://ann:s3cret@github.com/acme/warehouse.git"), "https://github.com/acme/warehouse");
        assert_eq!(page("git@github.com:acme/warehouse.git"), "https://github.com/acme/warehouse");
        assert_eq!(page("ssh://git@gitlab.example.com:2222/data/dwh.git"), "https://gitlab.example.com/data/dwh");
        assert_eq!(page("/srv/git/warehouse.git"), "");
        assert_eq!(page("C:\\git\\warehouse"), "");
        assert_eq!(page("file:///srv/git/x.git"), "");
    }
}
