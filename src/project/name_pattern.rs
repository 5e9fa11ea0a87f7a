//! How a file that is only a query is named: a pattern over its path, such as `{parent}.{stem}`.

use std::fmt;
use std::str::FromStr;

use headsup_lineage::dialect::Dialect;
use headsup_lineage::name::RelationName;

/// A pattern over a path; its parts are joined by dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    parts: Vec<Vec<Piece>>,
    files: Files,
}

/// Which files a pattern names; the others are named by their stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Files {
    All,
    /// Those called like a kind of file, not like a table: `query.sql`, `view.sql`.
    NamedByKind,
}

/// What files are called where each table has a folder of its own.
const KINDS_OF_FILES: [&str; 5] = ["query", "view", "script", "init", "materialized_view"];

/// A piece of one part of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The file's name without its ending.
    Stem,
    /// A folder, counted from the file: 1 is the one that it stands in.
    Folder(usize),
}

/// The text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPattern(String);

impl fmt::Display for BadPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for BadPattern {}

const PLACEHOLDERS: &str = "{stem}, {parent}, {parent2} and {parent3}";

impl Default for NamePattern {
    /// `{stem}`
    fn default() -> Self {
        Self { parts: vec![vec![Piece::Stem]], files: Files::All }
    }
}

impl NamePattern {
    /// `{parent}.{stem}`: `core/orders.sql` is `core.orders`.
    #[must_use]
    pub fn by_folder() -> Self {
        Self { parts: vec![vec![Piece::Folder(1)], vec![Piece::Stem]], files: Files::All }
    }

    /// `{parent3}.{parent2}.{parent}`: for `sql/<project>/<dataset>/<table>/query.sql`.
    #[must_use]
    pub fn by_three_folders() -> Self {
        Self { parts: (1..=3).rev().map(|up| vec![Piece::Folder(up)]).collect(), files: Files::NamedByKind }
    }

    /// The name of a file. A folder that the path does not have leaves its part out.
    #[must_use]
    pub fn apply(&self, path: &str, dialect: Dialect) -> RelationName {
        let (folders, stem) = split(path);
        if !self.fits(stem) {
            return RelationName::bare(dialect, [stem]);
        }
        let parts: Vec<String> = self
            .parts
            .iter()
            .filter_map(|pieces| {
                let mut part = String::new();
                for piece in pieces {
                    part.push_str(match piece {
                        Piece::Text(text) => text,
                        Piece::Stem => stem,
                        Piece::Folder(up) => folders.iter().rev().nth(up - 1)?,
                    });
                }
                Some(part)
            })
            .collect();
        RelationName::bare(dialect, parts.iter().map(String::as_str))
    }

    fn fits(&self, stem: &str) -> bool {
        self.files == Files::All || KINDS_OF_FILES.contains(&stem)
    }

    /// The folder that would stand in front of a name of `parts` parts, to tell two files apart.
    #[must_use]
    pub fn folder_before<'p>(&self, path: &'p str, parts: usize) -> Option<&'p str> {
        let (folders, _) = split(path);
        let outermost = self.parts.iter().flatten().filter_map(|piece| match piece {
            Piece::Folder(up) => Some(*up),
            _ => None,
        });
        let used = match self.fits(split(path).1) {
            true => outermost.max().unwrap_or(0) + parts.saturating_sub(self.parts.len()),
            false => parts.saturating_sub(1),
        };
        folders.iter().rev().nth(used).copied()
    }
}

fn split(path: &str) -> (Vec<&str>, &str) {
    let mut folders: Vec<&str> = path.split('/').collect();
    let file = folders.pop().unwrap_or_default();
    (folders, file.rsplit_once('.').map_or(file, |(stem, _)| stem))
}

impl FromStr for NamePattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        let mut parts = vec![Vec::new()];
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let last = parts.len() - 1;
            match first {
                '.' => {
                    parts.push(Vec::new());
                    rest = &rest[1..];
                }
                '{' => {
                    let end = rest.find('}').ok_or_else(|| BadPattern(format!("`{text}` has a `{{` without `}}`")))?;
                    parts[last].push(match &rest[1..end] {
                        "stem" => Piece::Stem,
                        "parent" => Piece::Folder(1),
                        "parent2" => Piece::Folder(2),
                        "parent3" => Piece::Folder(3),
                        other => return Err(BadPattern(format!("`{{{other}}}` is none of {PLACEHOLDERS}"))),
                    });
                    rest = &rest[end + 1..];
                }
                _ => {
                    let end = rest.find(['.', '{']).unwrap_or(rest.len());
                    parts[last].push(Piece::Text(rest[..end].to_owned()));
                    rest = &rest[end..];
                }
            }
        }
        if parts.iter().any(Vec::is_empty) {
            return Err(BadPattern(format!("`{text}` has an empty part")));
        }
        if parts.iter().flatten().all(|piece| matches!(piece, Piece::Text(_))) {
            return Err(BadPattern(format!("`{text}` gives every file the same name: use {PLACEHOLDERS}")));
        }
        Ok(Self { parts, files: Files::All })
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pieces) in self.parts.iter().enumerate() {
            if index > 0 {
                out.write_str(".")?;
            }
            for piece in pieces {
                out.write_str(match piece {
                    Piece::Text(text) => text,
                    Piece::Stem => "{stem}",
                    Piece::Folder(1) => "{parent}",
                    Piece::Folder(2) => "{parent2}",
                    Piece::Folder(_) => "{parent3}",
                })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pattern: &str, path: &str) -> String {
        pattern.parse::<NamePattern>().unwrap().apply(path, Dialect::BigQuery).to_string()
    }

    #[test]
    fn a_name_comes_from_the_path() {
        assert_eq!(named("{stem}", "models/core/orders.sql"), "orders");
        assert_eq!(named("{parent}.{stem}", "models/core/orders.sql"), "core.orders");
        assert_eq!(named("{parent3}.{parent2}.{parent}", "sql/p/d/t_v1/query.sql"), "p.d.t_v1");
        assert_eq!(named("dw.{parent}_{stem}", "core/orders.sql"), "dw.core_orders");
    }

    #[test]
    fn where_tables_have_folders_a_file_of_its_own_name_keeps_it() {
        let folders = NamePattern::by_three_folders();
        let named = |path| folders.apply(path, Dialect::BigQuery).to_string();
        assert_eq!(named("sql/p/d/t_v1/view.sql"), "p.d.t_v1");
        assert_eq!(named("jobs/daily.sql"), "daily");
        assert_eq!(folders.folder_before("jobs/daily.sql", 1), Some("jobs"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_left_out() {
        assert_eq!(named("{parent}.{stem}", "orders.sql"), "orders");
    }

    #[test]
    fn the_next_folder_tells_two_files_apart() {
        let stem = NamePattern::default();
        assert_eq!(stem.folder_before("a/b/orders.sql", 1), Some("b"));
        assert_eq!(stem.folder_before("a/b/orders.sql", 2), Some("a"));
        assert_eq!(NamePattern::by_folder().folder_before("a/b/orders.sql", 2), Some("a"));
        assert_eq!(stem.folder_before("orders.sql", 1), None);
    }

    #[test]
    fn a_pattern_prints_as_it_was_written() {
        for text in ["{stem}", "{parent}.{stem}", "x.{parent3}_{parent2}"] {
            assert_eq!(text.parse::<NamePattern>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_bad_pattern_says_what_is_wrong() {
        for (text, message) in [
            ("{folder}", "`{folder}` is none of {stem}, {parent}, {parent2} and {parent3}"),
            ("{stem", "`{stem` has a `{` without `}`"),
            ("a..b", "`a..b` has an empty part"),
            ("", "`` has an empty part"),
            ("x.y", "`x.y` gives every file the same name: use {stem}, {parent}, {parent2} and {parent3}"),
        ] {
            assert_eq!(text.parse::<NamePattern>().unwrap_err().to_string(), message);
        }
    }
}
