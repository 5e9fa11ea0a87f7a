//! CODEOWNERS: which line of it names the owners of a file. It must not know jobs.

use globset::{Glob, GlobBuilder, GlobMatcher};
use headsup_lineage::diagnostic::{Diagnostic, Position};

/// The rules of a CODEOWNERS file, in its order.
#[derive(Debug, Clone, Default)]
pub struct Codeowners {
    rules: Vec<Rule>,
    /// What stands in front of the paths that are asked for, to make them paths from the root of the repository.
    prefix: String,
}

#[derive(Debug, Clone)]
struct Rule {
    files: GlobMatcher,
    owners: Vec<String>,
}

impl Codeowners {
    /// Reads the text of a CODEOWNERS file; `path` is for diagnostics.
    ///
    /// Patterns are those of GitHub and GitLab, which are those of gitignore without negation;
    /// GitLab's section headings are passed over, the owners that stand behind one included.
    #[must_use]
    pub fn parse(text: &str, path: &str) -> (Self, Vec<Diagnostic>) {
        let mut read = Self::default();
        let mut diagnostics = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', '[', '^']) {
                continue;
            }
            let (pattern, owners) = split_pattern(line);
            match compile(&pattern) {
                Ok(files) => {
                    let owners = owners.split_whitespace().take_while(|word| !word.starts_with('#'));
                    read.rules.push(Rule { files, owners: owners.map(str::to_owned).collect() });
                }
                Err(error) => diagnostics.push(
                    Diagnostic::warning(
                        "bad-codeowners-pattern",
                        format!("`{pattern}` is no pattern: {}", error.kind()),
                    )
                    .in_file(path)
                    .at(Position::new(number, 1)),
                ),
            }
        }
        (read, diagnostics)
    }

    /// The same rules, asked with paths that start at a folder of the repository.
    #[must_use]
    pub fn below(mut self, folder: &str) -> Self {
        self.prefix = if folder.is_empty() { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
        self
    }

    /// The owners of a file: those of the last rule that fits, which may name nobody.
    #[must_use]
    pub fn owners(&self, path: &str) -> &[String] {
        let path = format!("{}{path}", self.prefix);
        self.rules.iter().rev().find(|rule| rule.files.is_match(&path)).map_or(&[], |rule| &rule.owners)
    }
}

/// A pattern ends at the first space that is not escaped.
fn split_pattern(line: &str) -> (String, &str) {
    let mut pattern = String::new();
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => pattern.extend(chars.next().map(|(_, escaped)| escaped)),
            c if c.is_whitespace() => return (pattern, &line[at..]),
            c => pattern.push(c),
        }
    }
    (pattern, "")
}

fn compile(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    let anchored = pattern.trim_end_matches('/').contains('/');
    let mut glob = String::new();
    if !anchored {
        glob.push_str("**/");
    }
    glob.push_str(pattern.trim_start_matches('/').trim_end_matches('/'));
    // `docs/*` owns the files in docs, `docs/` and `docs` everything below as well.
    let with_below = if pattern.ends_with("/*") { glob.clone() } else { format!("{{{glob},{glob}/**}}") };
    let built: Glob = GlobBuilder::new(&with_below).literal_separator(true).build()?;
    Ok(built.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(text: &str, path: &str) -> String {
        let (read, diagnostics) = Codeowners::parse(text, "CODEOWNERS");
        assert_eq!(diagnostics, []);
        read.owners(path).join(" ")
    }

    #[test]
    fn the_last_rule_that_fits_counts() {
        let text = "* @all\nmodels/finance/ @finance # money\n*.md\n";
        assert_eq!(owners(text, "models/core/a.sql"), "@all");
        assert_eq!(owners(text, "models/finance/deep/a.sql"), "@finance");
        assert_eq!(owners(text, "models/finance/a.md"), "");
    }

    #[test]
    fn a_pattern_with_a_slash_starts_at_the_root() {
        assert_eq!(owners("/models @a", "models/x.sql"), "@a");
        assert_eq!(owners("/models @a", "other/models/x.sql"), "");
        assert_eq!(owners("models @a", "other/models/x.sql"), "@a");
        assert_eq!(owners("docs/* @a", "docs/x.sql"), "@a");
        assert_eq!(owners("docs/* @a", "docs/deep/x.sql"), "");
        assert_eq!(owners("docs/** @a", "docs/deep/x.sql"), "@a");
    }

    #[test]
    fn a_space_can_be_escaped_and_a_section_is_no_rule() {
        assert_eq!(owners("[Data] @x\n/my\\ models @a", "my models/x.sql"), "@a");
    }

    #[test]
    fn a_bad_pattern_costs_its_own_line_only() {
        let (read, diagnostics) = Codeowners::parse("a[ @x\n* @y", "CODEOWNERS");
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(read.owners("z"), ["@y"]);
    }
}
