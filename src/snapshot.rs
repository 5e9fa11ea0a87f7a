//! One side of a comparison as values: paths, what identifies each file's content, and the content
//! when asked. It must not know how a side is found, nor what the files mean.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use headsup_lineage::diagnostic::Diagnostic;

/// Identifies a content: two files with the same id have the same bytes, in any snapshot.
///
/// It is the content's object id as git computes it, so that files outside git compare as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub [u8; 20]);

impl fmt::Display for ContentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// Where contents are read from.
pub trait Contents: Send + Sync {
    /// The bytes of a file of the snapshot.
    ///
    /// # Errors
    /// If the content is gone or cannot be read.
    fn read(&self, path: &str, id: ContentId) -> anyhow::Result<Vec<u8>>;
}

/// Paths and contents of one side; paths are relative, with `/`, and sorted.
#[derive(Clone)]
pub struct Snapshot {
    label: Arc<str>,
    files: BTreeMap<Arc<str>, ContentId>,
    contents: Arc<dyn Contents>,
    diagnostics: Vec<Diagnostic>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Snapshot({}, {} files)", self.label, self.files.len())
    }
}

impl Snapshot {
    /// A snapshot; `diagnostics` say what could not be taken into it.
    #[must_use]
    pub fn new(
        label: impl Into<Arc<str>>,
        files: BTreeMap<Arc<str>, ContentId>,
        contents: Arc<dyn Contents>,
        diagnostics: Vec<Diagnostic>,
    ) -> Self {
        Self { label: label.into(), files, contents, diagnostics }
    }

    /// How people call this side: a branch, a short commit, `working tree`, a directory.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What could not be taken into the snapshot.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Every file.
    pub fn files(&self) -> impl Iterator<Item = (&Arc<str>, ContentId)> {
        self.files.iter().map(|(path, id)| (path, *id))
    }

    /// Every file below a directory; the empty text is the root.
    pub fn below<'a>(&'a self, directory: &str) -> impl Iterator<Item = (&'a Arc<str>, ContentId)> + use<'a> {
        let directory = directory.trim_matches('/');
        let prefix = if directory.is_empty() || directory == "." { String::new() } else { format!("{directory}/") };
        self.files
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, id)| (path, *id))
    }

    /// Whether both have the same files with the same contents.
    #[must_use]
    pub fn has_files_of(&self, other: &Self) -> bool {
        self.files == other.files
    }

    /// What identifies the content of a file, if the file is there.
    #[must_use]
    pub fn id(&self, path: &str) -> Option<ContentId> {
        self.files.get(path).copied()
    }

    /// The bytes of a file; `None` if there is no such file.
    ///
    /// # Errors
    /// If the content is gone or cannot be read.
    pub fn bytes(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        self.id(path).map(|id| self.contents.read(path, id)).transpose()
    }

    /// The text of a file that is there, without a byte-order mark.
    ///
    /// # Errors
    /// A diagnostic with the path if the file is not there, cannot be read, is binary, or is not UTF-8.
    pub fn text(&self, path: &str) -> Result<String, Box<Diagnostic>> {
        let bytes = match self.bytes(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return Err(Box::new(Diagnostic::error("file-missing", "no such file").in_file(path)));
            }
            Err(error) => {
                let message = format!("cannot read the file: {error:#}");
                return Err(Box::new(Diagnostic::error("file-unreadable", message).in_file(path)));
            }
        };
        crate::text::decode(bytes).map_err(|diagnostic| Box::new(diagnostic.in_file(path)))
    }
}

/// Whether a path is in a folder; everything is in the root.
#[must_use]
pub fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Contents that are held in memory.
struct InMemory(BTreeMap<Arc<str>, Vec<u8>>);

impl Contents for InMemory {
    fn read(&self, path: &str, _: ContentId) -> anyhow::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| anyhow::anyhow!("{path} is not in the snapshot"))
    }
}

impl Snapshot {
    /// A snapshot of texts that are already in memory, such as the embedded sample.
    ///
    /// # Errors
    /// If a content cannot be hashed, which no content is known to cause.
    pub fn of_texts<P, T>(label: &str, texts: impl IntoIterator<Item = (P, T)>) -> anyhow::Result<Self>
    where
        P: AsRef<str>,
        T: AsRef<[u8]>,
    {
        let mut files = BTreeMap::new();
        let mut contents = BTreeMap::new();
        for (path, text) in texts {
            let path: Arc<str> = Arc::from(path.as_ref());
            files.insert(Arc::clone(&path), crate::git::content_id(text.as_ref())?);
            contents.insert(path, text.as_ref().to_vec());
        }
        Ok(Self::new(label, files, Arc::new(InMemory(contents)), Vec::new()))
    }
}
