//! YAML as dbt reads it: a key said twice counts as said last, keys are text, `<<` merges, tags are
//! ignored, and `no` is not a text, as YAML 1.1 has it. It must not know what the keys mean.

use std::fmt;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

/// Parses a document.
///
/// # Errors
/// A diagnostic, without a path, if the text is not valid YAML.
pub(super) fn parse(text: &str) -> Result<Json, Box<Diagnostic>> {
    if text.trim().is_empty() {
        return Ok(Json::Null);
    }
    Reader { text, of: Of::Value }.deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| {
        let position = error.location().map(|location| {
            let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).max(1);
            Position::new(number(location.line()), number(location.column()))
        });
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        Box::new(
            Diagnostic::error("invalid-yaml", format!("the file is not valid YAML: {message}"))
                .at(position)
                .hint("mend the YAML; nothing that this file declares was read"),
        )
    })
}

/// The same value with every object's keys in order.
pub(super) fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(pairs) => {
            let mut pairs: Vec<_> = pairs.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            Json::Object(pairs.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// What a scalar is of a mapping or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// A key, which stays a text.
    Key,
    /// A value.
    Value,
}

#[derive(Clone, Copy)]
struct Reader<'t> {
    /// The document.
    text: &'t str,
    of: Of,
}

impl Reader<'_> {
    const fn key(self) -> Self {
        Self { of: Of::Key, ..self }
    }

    const fn value(self) -> Self {
        Self { of: Of::Value, ..self }
    }

    /// Whether a text of the document stands in quotes. One that is not borrowed from it has escapes or several lines.
    fn is_quoted(&self, value: &str) -> bool {
        let at = value.as_ptr().addr().checked_sub(self.text.as_ptr().addr());
        at.and_then(|at| self.text.get(..at)).is_none_or(|before| before.ends_with(['\'', '"']))
    }
}

/// What YAML 1.1, which dbt reads, takes a text without quotes for, where YAML 1.2 leaves it a text: the rules are those of its
/// types `bool` and `int`.
fn plain(text: &str) -> Option<Json> {
    match text {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Some(Json::Bool(true)),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Some(Json::Bool(false)),
        _ => {}
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit())
        || !digits.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '_' | ':'))
    {
        return None;
    }
    let digits = digits.replace('_', "");
    let number = if digits.contains(':') {
        let mut parts = digits.split(':');
        let first: i64 = parts.next().filter(|first| !first.starts_with('0'))?.parse().ok()?;
        parts.try_fold(first, |sum, part| {
            let part: i64 = Some(part).filter(|part| (1..=2).contains(&part.len()))?.parse().ok()?;
            (part < 60).then(|| sum.checked_mul(60)?.checked_add(part)).flatten()
        })?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(&digits, 8).ok()?
    } else {
        digits.parse().ok()?
    };
    Some(Json::from(sign * number))
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("YAML")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Number::from_f64(value).map_or_else(|| Json::String(value.to_string()), Json::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json, E> {
        let read = if self.of == Of::Value { plain(value) } else { None };
        Ok(read.filter(|_| !self.is_quoted(value)).unwrap_or_else(|| Json::String(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_none<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self.value())? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        let mut merged = Vec::new();
        while let Some((key, value)) = pairs.next_entry_seed(self.key(), self.value())? {
            match key {
                Json::String(key) if key == "<<" => merged.push(value),
                Json::String(key) => {
                    object.insert(key, value);
                }
                Json::Object(_) | Json::Array(_) => return Err(A::Error::custom("a key must be a text")),
                other => {
                    object.insert(other.to_string(), value);
                }
            }
        }
        for value in merged {
            let maps = if let Json::Array(maps) = value { maps } else { vec![value] };
            for map in maps {
                if let Json::Object(pairs) = map {
                    for (key, value) in pairs {
                        object.entry(key).or_insert(value);
                    }
                }
            }
        }
        Ok(Json::Object(object))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Json, A::Error> {
        let (_, value) = tagged.variant_seed(self.key())?;
        value.newtype_variant_seed(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        assert_eq!(parse("a: 1\na: 2\n1: x\n").unwrap(), json!({"a": 2, "1": "x"}));
    }

    /// As the `safe_load` of `PyYAML` reads them.
    #[test]
    fn what_stands_without_quotes_is_read_by_yaml_1_1() {
        let text = "on: [no, 'no', \"no\", Yes, OFF, n, nope, on]\nb: 010\nc: 1_000\nd: 1:30\ne: -1_0\nf: '010'\ng: 1.2.3\n\
                    h: 09\ni: 1:60\nj: 2024-01-01\nk: _1\nl: >\n  no\nm: &n no\n'o': *n\n";
        let expected = json!({
            "on": [false, "no", "no", true, false, "n", "nope", true],
            "b": 8, "c": 1000, "d": 90, "e": -10, "f": "010", "g": "1.2.3", "h": "09", "i": "1:60", "j": "2024-01-01",
            "k": "_1", "l": "no\n", "m": false, "o": false,
        });
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn anchors_merge() {
        let text = "base: &b {x: 1, y: 2}\nmine:\n  <<: *b\n  y: 3\n";
        assert_eq!(parse(text).unwrap()["mine"], json!({"y": 3, "x": 1}));
    }

    #[test]
    fn an_error_has_its_place() {
        let diagnostic = parse("a:\n  - b\n c: d\n").unwrap_err();
        assert_eq!(diagnostic.code, "invalid-yaml");
        assert!(diagnostic.position.is_some_and(|position| position.line >= 2), "{diagnostic:?}");
    }
}
