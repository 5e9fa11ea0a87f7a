//! YAML as a tree whose keys and values know their place in the text. It must not know what any key means.
//!
//! The parser tells places only with its errors. So each scalar of the tree is read by a visitor that
//! keeps the value and then fails on purpose: the parser attaches the scalar's place to that failure,
//! goes on after it, and one pass over the text gives the whole tree. A list or a mapping is placed at
//! its first scalar, which for block style is where it starts.

use std::cell::RefCell;
use std::fmt;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

/// A value and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub content: Content,
    /// Where it is; `None` for an empty collection. Behind an alias, where its anchor is.
    pub position: Option<Position>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Nothing: `null`, `~`, or no text at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the text; keys are unique and merge keys (`<<`) are resolved.
    Mapping(Vec<Entry>),
}

impl Content {
    /// The same value without its places.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::from(*truth),
            Self::Integer(number) => Value::from(*number),
            Self::Float(number) => Value::from(*number),
            Self::Text(text) => Value::from(text.as_str()),
            Self::List(items) => items.iter().map(|item| item.content.to_json()).collect(),
            Self::Mapping(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.content.to_json())).collect()
            }
        }
    }
}

/// A key of a mapping and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key as text, also where it is a number.
    pub key: String,
    /// Where the key is.
    pub key_position: Option<Position>,
    /// The value.
    pub value: Node,
}

impl Content {
    /// What the value is called in a message: `a text`, `a list`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

impl Node {
    /// The value of a key, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }
}

/// Reads a text of one document, with what is wrong in it but leaves it readable: keys given twice.
///
/// # Errors
/// A diagnostic, without a path, if the text is not YAML, is more than one document, or unfolds by its
/// aliases to many times its size.
pub fn parse(text: &str) -> Result<(Node, Vec<Diagnostic>), Diagnostic> {
    if opens_deeply(text) {
        return Err(Diagnostic::error("yaml-unreadable", "not YAML: lists and mappings are nested too deeply"));
    }
    let tree = Tree {
        scalar: RefCell::new(None),
        // Generous for a document that repeats itself, and still linear for one that is made to explode.
        budget: RefCell::new(text.len().saturating_mul(16).saturating_add(1 << 20)),
        diagnostics: RefCell::default(),
    };
    let result = Seed(&tree).deserialize(serde_yaml::Deserializer::from_str(text));
    let node = match (result, tree.scalar.take()) {
        (Ok(node), _) => node,
        (Err(error), Some(content)) => Node { content, position: mark(&error.to_string()) },
        (Err(error), None) => return Err(unreadable(&error)),
    };
    let mut diagnostics = tree.diagnostics.take();
    // What is behind an alias is met once for each of its uses.
    diagnostics.sort_by_key(|diagnostic| diagnostic.position);
    diagnostics.dedup();
    Ok((node, diagnostics))
}

/// Whether brackets are opened without end: the parser's time grows with the square of their number
/// before it refuses them. Brackets in quotes count too, and no real file comes near the limit.
fn opens_deeply(text: &str) -> bool {
    let mut depth = 0_i32;
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = (depth - 1).max(0),
            _ => {}
        }
        depth > 5_000
    })
}

fn unreadable(error: &serde_yaml::Error) -> Diagnostic {
    let position = error.location().map(|place| Position::new(narrow(place.line()), narrow(place.column())));
    let message = without_marks(&error.to_string());
    let diagnostic = Diagnostic::error("yaml-unreadable", format!("not YAML: {message}")).at(position);
    if message.contains("cannot start any token") || message.contains("mapping values are not allowed") {
        return diagnostic.hint("quote the text, and indent with spaces only");
    }
    diagnostic
}

/// A message of the parser without the places that it names.
fn without_marks(message: &str) -> String {
    let mut parts = message.split(MARK);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let rest = rest.strip_prefix(" column ").unwrap_or(rest);
        result.push_str(rest.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    }
    result
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

const MARK: &str = " at line ";

/// The place that ends an error's message; the parser leaves it out at the very start of the text.
fn mark(message: &str) -> Option<Position> {
    let Some((_, place)) = message.rsplit_once(MARK) else { return Some(Position::START) };
    let (line, column) = place.split_once(" column ")?;
    Some(Position::new(line.parse().ok()?, column.parse().ok()?))
}

/// What one reading shares among its visitors.
struct Tree {
    /// The scalar that the visitor below has just kept before failing.
    scalar: RefCell<Option<Content>>,
    /// How many more values and bytes of text may be made.
    budget: RefCell<usize>,
    diagnostics: RefCell<Vec<Diagnostic>>,
}

impl Tree {
    fn spend<E: serde::de::Error>(&self, amount: usize) -> Result<(), E> {
        let mut budget = self.budget.borrow_mut();
        *budget = budget.checked_sub(amount).ok_or_else(|| E::custom("its aliases unfold to many times its size"))?;
        Ok(())
    }

    /// Keeps a scalar and fails, so that the caller learns its place.
    fn keep<E: serde::de::Error>(&self, content: Content) -> Result<Node, E> {
        self.spend(1)?;
        *self.scalar.borrow_mut() = Some(content);
        Err(E::custom(""))
    }

    /// The value of a reading that may have failed on purpose.
    fn value<E: fmt::Display>(&self, result: Result<Node, E>) -> Result<Node, E> {
        match (result, self.scalar.take()) {
            (Err(error), Some(content)) => Ok(Node { content, position: mark(&error.to_string()) }),
            (result, _) => result,
        }
    }

    fn diagnose(&self, diagnostic: Diagnostic, position: Option<Position>) {
        self.diagnostics.borrow_mut().push(diagnostic.at(position));
    }

    /// The entries with unique keys, merge keys resolved: a key of the mapping itself wins over one
    /// merged in, and what is merged in first over what is merged in later.
    fn mapping(&self, pairs: Vec<(Node, Node)>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
        let mut seen = std::collections::HashMap::new();
        let mut merged = Vec::new();
        for (key, value) in pairs {
            let Some(text) = key_text(&key.content) else {
                let message = format!("a key is a text, not {}", key.content.kind());
                let hint = "a text that begins with `{` or `[`, such as Jinja, has to be in quotes";
                self.diagnose(Diagnostic::error("yaml-key", message).hint(hint), key.position);
                continue;
            };
            if text == "<<" {
                merged.push((key.position, value));
                continue;
            }
            if let Some(first) = seen.get(&text) {
                let message = format!("the key `{text}` is given twice");
                let hint = first_hint(*first);
                self.diagnose(Diagnostic::error("duplicate-key", message).hint(hint), key.position);
                continue;
            }
            seen.insert(text.clone(), key.position);
            entries.push(Entry { key: text, key_position: key.position, value });
        }
        for (position, value) in merged {
            let sources = match value.content {
                Content::List(items) => items,
                _ => vec![value],
            };
            for source in sources {
                let Content::Mapping(more) = source.content else {
                    let message = format!("`<<` merges mappings, not {}", source.content.kind());
                    self.diagnose(Diagnostic::error("yaml-merge", message), position);
                    continue;
                };
                for entry in more {
                    if !seen.contains_key(&entry.key) {
                        seen.insert(entry.key.clone(), entry.key_position);
                        entries.push(entry);
                    }
                }
            }
        }
        entries
    }
}

fn first_hint(position: Option<Position>) -> String {
    match position {
        Some(place) => format!("the first is on line {}; keep one of them", place.line),
        None => "keep one of them".to_owned(),
    }
}

fn key_text(content: &Content) -> Option<String> {
    match content {
        Content::Text(text) => Some(text.clone()),
        Content::Bool(value) => Some(value.to_string()),
        Content::Integer(value) => Some(value.to_string()),
        Content::Float(value) => Some(value.to_string()),
        Content::Null => Some(String::new()),
        Content::List(_) | Content::Mapping(_) => None,
    }
}

/// Reads one value; see the module for why scalars come back as failures.
#[derive(Clone, Copy)]
struct Seed<'a>(&'a Tree);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Node, E> {
        self.0.keep(Content::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Node, E> {
        self.0.keep(Content::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Node, E> {
        self.0.keep(Content::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Node, E> {
        self.0.keep(Content::Integer(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node, E> {
        // A number that large is an id, of which the digits matter.
        self.0.keep(i64::try_from(value).map_or_else(|_| Content::Text(value.to_string()), Content::Integer))
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Node, E> {
        self.0.keep(Content::Text(value.to_string()))
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Node, E> {
        self.0.keep(Content::Text(value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        self.0.keep(Content::Float(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        self.0.spend(value.len())?;
        self.0.keep(Content::Text(value.to_owned()))
    }

    fn visit_bytes<E: serde::de::Error>(self, value: &[u8]) -> Result<Node, E> {
        self.visit_str(&String::from_utf8_lossy(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        loop {
            self.0.spend(1)?;
            // The end of the list is told by `None`, a scalar by a failure: the seed cannot tell them apart.
            match access.next_element_seed(self) {
                Ok(Some(node)) => items.push(node),
                Ok(None) => break,
                Err(error) => items.push(self.0.value(Err(error))?),
            }
        }
        let position = items.iter().find_map(|item| item.position);
        Ok(Node { content: Content::List(items), position })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut pairs = Vec::new();
        loop {
            self.0.spend(1)?;
            let key = match access.next_key_seed(self) {
                Ok(Some(key)) => key,
                Ok(None) => break,
                Err(error) => self.0.value(Err(error))?,
            };
            let value = self.0.value(access.next_value_seed(self))?;
            pairs.push((key, value));
        }
        let position = pairs.iter().find_map(|(key, _)| key.position);
        Ok(Node { content: Content::Mapping(self.0.mapping(pairs)), position })
    }

    /// A value with a tag of its own (`!secret x`): the tag is dropped.
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Node, A::Error> {
        let (_, variant) = access.variant::<String>()?;
        variant.newtype_variant_seed(self)
    }
}

#[cfg(test)]
mod tests;
