//! A revision, the index, the working tree or a directory to a [`crate::snapshot::Snapshot`], without a checkout. The
//! only code that names `git2`. It must not know SQL.

use crate::snapshot::ContentId;

/// What identifies a content, as git computes it.
///
/// # Errors
/// If git's library refuses the bytes, which no content is known to cause.
pub fn content_id(bytes: &[u8]) -> anyhow::Result<ContentId> {
    let oid = git2::Oid::hash_object(git2::ObjectType::Blob, bytes)?;
    let mut id = [0; 20];
    id.copy_from_slice(oid.as_bytes());
    Ok(ContentId(id))
}
