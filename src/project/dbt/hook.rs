//! Which hooks leave the rows and columns of a table as they are: those that describe it, say who may
//! read it, or tidy its files. It must not know what is compared.
//!
//! A hook is read as its text and those of the macros that it prints, branch by branch, since which branch
//! runs is often the target's to say. Each statement in it has to begin with a word of which it is known that
//! it changes nothing; whatever is not known may change anything.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use headsup_lineage::dialect::Dialect;
use serde_json::Value as Json;

use super::config::Config;
use super::engine::{Engine, Macro};
use super::nodes::hook_texts;
use super::scan;
use super::sought::{For, Sought};
use super::split::literal;
use super::tokens::{Piece, PieceKind, TokenKind, pieces, string_value};
use super::values::lock;

/// How deep macros that print macros are followed.
const MAX_DEPTH: usize = 8;

/// Whether a hook of a node of a package leaves all rows and columns as they are.
fn changes_nothing(engine: &Engine, package: &Arc<str>, hook: &str, sought: &Sought) -> bool {
    let key = (Arc::clone(package), hook.to_owned());
    if let Some((known, names)) = lock(&engine.hooks).get(&key) {
        sought.add_names(names);
        return *known;
    }
    let own = Sought::default();
    let found = is_harmless(engine, package, hook, &own);
    let names = own.names();
    sought.add_names(&names);
    lock(&engine.hooks).insert(key, (found, names));
    found
}

fn is_harmless(engine: &Engine, package: &str, hook: &str, sought: &Sought) -> bool {
    let reach = scan::reach(engine, package, &[], hook, 0..hook.len(), sought);
    // A macro that is not there may do anything.
    let mut texts = reach.macros.values().map(|one| match &*one.package {
        "dbt" => one.text().replace("adapter.dispatch", ""),
        _ => one.text().to_owned(),
    });
    if !reach.unknown.is_empty() || runs_more(hook) || texts.any(|text| runs_more(&text)) {
        return false;
    }
    let mut walk = Walk { engine, package, sought, at: At::Start };
    walk.template(hook, 0..hook.len(), package, 0).is_some() && walk.end().is_some()
}

/// The hooks of a node, those apart that change nothing.
pub(super) struct Hooks {
    /// The configuration without the latter.
    pub(super) config: Config,
    /// Their texts.
    harmless: BTreeSet<String>,
}

impl Hooks {
    /// The hooks in the configuration of a node of a package.
    pub(super) fn of(engine: &Engine, package: &Arc<str>, config: &Config, sought: &Sought) -> Self {
        let mut config = config.clone();
        let mut harmless = BTreeSet::new();
        for key in ["pre_hook", "post_hook"] {
            let Some(hooks) = config.remove(key) else { continue };
            let hooks = match hooks {
                Json::Array(hooks) => hooks,
                hook => vec![hook],
            };
            let mut changing = Vec::new();
            for hook in hooks {
                match hook.as_str().or_else(|| hook.get("sql").and_then(Json::as_str)) {
                    Some(text) if changes_nothing(engine, package, text, sought) => {
                        harmless.insert(text.to_owned());
                    }
                    _ => changing.push(hook),
                }
            }
            config.insert(key.to_owned(), Json::Array(changing));
        }
        Self { config, harmless }
    }

    /// The texts of those hooks that may change something.
    pub(super) fn changing(&self) -> Vec<String> {
        let hooks = ["pre_hook", "post_hook"].iter().filter_map(|key| self.config.get(*key));
        hooks.flat_map(hook_texts).map(ToOwned::to_owned).collect()
    }

    /// Counts a hook among those that leave the node's own table as it is.
    pub(super) fn spares_own(&mut self, text: &str) {
        for key in ["pre_hook", "post_hook"] {
            if let Some(Json::Array(hooks)) = self.config.get_mut(key) {
                hooks.retain(|hook| !hook_texts(hook).contains(&text));
            }
        }
        self.harmless.insert(text.to_owned());
    }

    /// The text of a template with spaces for the hooks that it gives and that change nothing; none if it gives none.
    pub(super) fn blanked(&self, file: &str) -> Option<String> {
        if self.harmless.is_empty() {
            return None;
        }
        let tokens = pieces(file).into_iter().flat_map(|piece| piece.tokens);
        let given = tokens
            .filter(|token| token.kind == TokenKind::Text && self.harmless.contains(&string_value(token.text(file))));
        let mut text: Option<String> = None;
        for token in given {
            let spaces = " ".repeat(token.range.len());
            text.get_or_insert_with(|| file.to_owned()).replace_range(token.range, &spaces);
        }
        text
    }
}

/// Whether a template runs statements beside those that it prints, or calls what cannot be found.
fn runs_more(text: &str) -> bool {
    let text: String = text.chars().filter(|letter| *letter != ' ').collect();
    ["run_query", "statement(", "load_result", "adapter.", "context[", "context."]
        .iter()
        .any(|call| text.contains(call))
}

/// Where in a statement the walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before its first word.
    Start,
    /// In one that changes nothing, whatever follows.
    Harmless,
    /// In ALTER, before it is clear what of.
    Altering,
    /// In ALTER WAREHOUSE, before it is clear what of.
    OfWarehouse,
    /// After SET or UNSET in ALTER.
    Setting,
    /// In ALTER, where it is clear that it changes no rows.
    Altered,
    /// In CALL, before the name of the procedure; whether the last word of it is one that changes nothing.
    Calling { known: bool },
}

/// A block of a template that is open.
struct Block {
    start: At,
    ends: Vec<At>,
    is_whole: bool,
}

struct Walk<'a> {
    engine: &'a Engine,
    package: &'a str,
    sought: &'a Sought,
    at: At,
}

impl Walk<'_> {
    fn end(&mut self) -> Option<()> {
        match self.at {
            At::Altering | At::OfWarehouse | At::Setting | At::Calling { .. } => None,
            At::Start | At::Harmless | At::Altered => {
                self.at = At::Start;
                Some(())
            }
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        const TIDYING: [&str; 9] = [
            "alter_view_properties",
            "alter_table_properties",
            "optimize",
            "vacuum",
            "analyze",
            "rewrite_data_files",
            "rewrite_manifests",
            "expire_snapshots",
            "remove_orphan_files",
        ];
        /// What ALTER does to rows, columns, or to how they are read.
        const GRAVE: [&str; 30] = [
            "add",
            "drop",
            "rename",
            "modify",
            "column",
            "columns",
            "type",
            "replace",
            "swap",
            "exchange",
            "policy",
            "policies",
            "masking",
            "partition",
            "partitions",
            "delete",
            "insert",
            "update",
            "truncate",
            "merge",
            "default",
            "constraint",
            "session",
            "user",
            "account",
            "role",
            "database",
            "system",
            "schema",
            "as",
        ];
        let word = word.to_lowercase();
        self.at = match (self.at, word.as_str()) {
            // There it merges rows of one key, or drops those that are there twice.
            (At::Start, "optimize") if self.engine.world.dialect == Dialect::ClickHouse => return None,
            (At::Start, "comment" | "grant" | "revoke" | "analyze" | "analyse" | "optimize" | "vacuum") => At::Harmless,
            (At::Start, "alter") => At::Altering,
            (At::Start, "call") => At::Calling { known: false },
            (At::Start, _) => return None,
            (At::Calling { .. }, word) => At::Calling { known: TIDYING.contains(&word) },
            (At::Altering | At::OfWarehouse | At::Setting | At::Altered, word) if GRAVE.contains(&word) => return None,
            (At::Altering, "warehouse") => At::OfWarehouse,
            // What a dynamic table no longer takes in is another matter.
            (At::OfWarehouse, "suspend" | "resume") => At::Altered,
            (At::Altering | At::OfWarehouse, "set" | "unset") => At::Setting,
            (At::Altering, "owner" | "cluster") => At::Altered,
            (At::Setting, "properties" | "tblproperties" | "tag" | "tags" | "comment" | "warehouse_size") => {
                At::Altered
            }
            (At::Setting, _) => return None,
            (at, _) => at,
        };
        Some(())
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        match (self.at, sign) {
            (_, ';') => self.end(),
            (At::Calling { known: true }, '(') => {
                self.at = At::Harmless;
                Some(())
            }
            (At::Calling { .. }, '(') | (At::Start, _) => None,
            _ => Some(()),
        }
    }

    fn template(&mut self, file: &str, part: Range<usize>, own: &str, depth: usize) -> Option<()> {
        let text = file.get(part)?;
        let mut inside = Inside::Nothing;
        // Where each open block began, where its branches ended, and whether one of them is always taken.
        let mut blocks: Vec<Block> = Vec::new();
        for piece in pieces(text) {
            // What a macro returns is printed in its place.
            if piece.tokens.iter().any(|token| token.text(text) == "return") {
                return None;
            }
            match piece.kind {
                PieceKind::Text => {
                    for item in outside_quotes(text.get(piece.range.clone())?, &mut inside)? {
                        match item {
                            Item::Word(word) => self.word(word)?,
                            Item::Sign(sign) => self.sign(sign)?,
                        }
                    }
                }
                PieceKind::Comment => {}
                PieceKind::Raw => return None,
                PieceKind::Print if inside == Inside::Nothing => self.print(text, &piece, own, depth)?,
                PieceKind::Print => {}
                PieceKind::Tag => match piece.keyword(text) {
                    "if" | "for" => blocks.push(Block { start: self.at, ends: Vec::new(), is_whole: false }),
                    "elif" | "else" => {
                        let block = blocks.last_mut()?;
                        block.ends.push(self.at);
                        block.is_whole |= piece.keyword(text) == "else";
                        self.at = block.start;
                    }
                    "endif" | "endfor" => {
                        let mut block = blocks.pop()?;
                        block.ends.push(self.at);
                        if !block.is_whole {
                            block.ends.push(block.start);
                        }
                        self.at = joined(&block.ends)?;
                    }
                    "set" if piece.tokens.iter().any(|token| token.text(text) == "=") => {}
                    "do" if self.only_collects(text, &piece, own) => {}
                    "macro" | "endmacro" => {}
                    _ => return None,
                },
            }
        }
        (inside == Inside::Nothing && blocks.is_empty()).then_some(())
    }

    /// Whether all that a tag calls puts values into lists and dicts, says something to whom runs it, or is a macro
    /// of the project's own, whose text has been looked at.
    fn only_collects(&self, text: &str, piece: &Piece, own: &str) -> bool {
        const COLLECTING: [&str; 11] = [
            "append",
            "extend",
            "update",
            "insert",
            "setdefault",
            "get",
            "items",
            "tojson",
            "raise_compiler_error",
            "warn",
            "log",
        ];
        let calls = piece.tokens.windows(2).filter(|pair| pair[1].text(text) == "(");
        let mut names = calls.filter(|pair| pair[0].kind == TokenKind::Name).map(|pair| pair[0].text(text));
        names.all(|name| {
            let found = self.engine.resolve(For::Kept(self.sought), self.package, own, name);
            let of_project = found.is_some_and(|found| &*found.package != "dbt");
            COLLECTING.contains(&name) || of_project
        })
    }

    fn print(&mut self, text: &str, piece: &Piece, own: &str, depth: usize) -> Option<()> {
        if let Some(string) = literal(text, &piece.tokens) {
            return self.template(&string, 0..string.len(), own, depth + 1);
        }
        let called: Option<&Macro> = match piece.tokens.as_slice() {
            [name, open, .., close]
                if name.kind == TokenKind::Name && open.text(text) == "(" && close.text(text) == ")" =>
            {
                let end = super::rewrite::matching(text, &piece.tokens, 1);
                let is_whole = end == Some(piece.tokens.len() - 1);
                let found = self.engine.resolve(For::Kept(self.sought), self.package, own, name.text(text));
                found.filter(|_| is_whole).map(|found| &**found)
            }
            _ => None,
        };
        match called {
            Some(called) if depth < MAX_DEPTH => {
                let (file, outer, package) = (called.file.clone(), called.outer.clone(), called.package.clone());
                self.template(&file, outer, &package, depth + 1)
            }
            Some(_) => None,
            // A value in the middle of a statement; what begins with one is not known.
            None => (self.at != At::Start).then_some(()),
        }
    }
}

/// Where the walk is after branches that ended in different places: where what follows is judged most
/// strictly. None where no place does for all.
fn joined(ends: &[At]) -> Option<At> {
    let has = |at: At| ends.contains(&at);
    let all = |known: &[At]| ends.iter().all(|at| known.contains(at));
    match ends {
        [first, rest @ ..] if rest.iter().all(|at| at == first) => Some(*first),
        _ if has(At::Start) => all(&[At::Start, At::Harmless, At::Altered]).then_some(At::Start),
        _ if has(At::Altering) => all(&[At::Altering, At::Altered]).then_some(At::Altering),
        _ => all(&[At::Harmless, At::Altered]).then_some(At::Altered),
    }
}

/// What quotes are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Quote(char),
    Line,
    Block,
}

enum Item<'t> {
    Word(&'t str),
    Sign(char),
}

/// The words and signs of SQL outside of quotes and comments; none where quotes cannot be told.
fn outside_quotes<'t>(text: &'t str, inside: &mut Inside) -> Option<Vec<Item<'t>>> {
    let mut items = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match *inside {
            Inside::Line if first == '\n' => *inside = Inside::Nothing,
            Inside::Block if rest.starts_with("*/") => {
                *inside = Inside::Nothing;
                length = 2;
            }
            Inside::Quote(_) if first == '\\' => return None,
            Inside::Quote(quote) if first == quote => *inside = Inside::Nothing,
            Inside::Line | Inside::Block | Inside::Quote(_) => {}
            Inside::Nothing if rest.starts_with("--") => *inside = Inside::Line,
            Inside::Nothing if rest.starts_with("/*") => *inside = Inside::Block,
            Inside::Nothing if rest.starts_with("$$") || first == '#' || rest.starts_with("//") => return None,
            Inside::Nothing if matches!(first, '\'' | '"' | '`') => *inside = Inside::Quote(first),
            Inside::Nothing if first.is_whitespace() => {}
            Inside::Nothing => {
                let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
                let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
                if end > 0 {
                    items.push(Item::Word(&rest[..end]));
                    length = end;
                } else {
                    items.push(Item::Sign(first));
                }
            }
        }
        rest = &rest[length..];
    }
    if *inside == Inside::Line && text.ends_with('\n') {
        *inside = Inside::Nothing;
    }
    Some(items)
}
