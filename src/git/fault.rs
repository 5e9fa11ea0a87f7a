//! What git's library reports, in our words.

use crate::error::Error;

/// An error while reading a repository, told with what was being done.
pub(super) fn reading(doing: &str, error: git2::Error) -> Error {
    if error.code() == git2::ErrorCode::NotFound && error.class() == git2::ErrorClass::Odb {
        return Error::input(format!("{doing}: an object is missing from the repository"))
            .hint(MISSING_OBJECT.to_owned())
            .caused_by(error);
    }
    Error::input(doing.to_owned()).caused_by(error)
}

/// What to try when an object that ought to be there is not.
pub(super) const MISSING_OBJECT: &str =
    "the clone is partial or damaged: clone without `--filter`, or run `git fetch --refetch`";

/// An error while opening a repository, `None` if there is none.
pub(super) fn opening(place: &str, error: git2::Error) -> Option<Error> {
    let error = match error.code() {
        git2::ErrorCode::NotFound => return None,
        git2::ErrorCode::Owner => {
            Error::input(format!("the repository at {place} belongs to another user, so git does not trust it"))
                .hint(format!("if you trust it, run `git config --global --add safe.directory {place}`"))
                .caused_by(error)
        }
        _ if error.message().contains("partialclone") => {
            Error::input(format!("the repository at {place} is a partial clone, which headsup cannot read"))
                .hint("clone without `--filter`, or compare two directories with dir:PATH".to_owned())
                .caused_by(error)
        }
        _ if error.message().contains("unsupported extension") => {
            Error::input(format!("the repository at {place} uses a storage format that headsup cannot read"))
                .hint("compare two directories with dir:PATH".to_owned())
                .caused_by(error)
        }
        _ => Error::input(format!("cannot open the repository at {place}")).caused_by(error),
    };
    Some(error)
}

/// The project directory belongs to no repository.
pub(super) fn not_a_repository(place: &str) -> Error {
    Error::input(format!("{place} is not in a git repository")).hint(
        "name the project with --project-dir, or compare two directories with \
         `--base dir:OLD --head dir:NEW`"
            .to_owned(),
    )
}

/// The repository has no commit yet.
pub(super) fn no_commits() -> Error {
    Error::input("the repository has no commits yet, so there is nothing to compare with")
        .hint("commit first, or compare with a directory: `--base dir:OLD`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use git2::{ErrorClass, ErrorCode};

    #[test]
    fn a_repository_of_another_user_is_told_with_the_command_that_trusts_it() {
        let cause = git2::Error::new(ErrorCode::Owner, ErrorClass::Config, "not owned by current user");
        let error = opening("/srv/dwh", cause).unwrap();
        assert!(error.to_string().contains("belongs to another user"), "{error}");
        assert!(error.hint_text().unwrap().contains("safe.directory /srv/dwh"));
    }

    #[test]
    fn a_partial_clone_is_told_as_such() {
        let message = "unsupported extension name extensions.partialclone";
        let cause = git2::Error::new(ErrorCode::GenericError, ErrorClass::Repository, message);
        assert!(opening("x", cause).unwrap().to_string().contains("partial clone"));
        assert!(opening("x", git2::Error::new(ErrorCode::NotFound, ErrorClass::Repository, "")).is_none());
    }
}
