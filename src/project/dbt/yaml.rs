//! YAML as dbt reads it: a key said twice counts as said last, keys are text, `<<` merges, tags are
//! ignored. It must not know what the keys mean.

use std::fmt;

use headsup_lineage::diagnostic::{Diagnostic, Position};
use serde::de::{Deserialize, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

/// Parses a document.
///
/// # Errors
/// A diagnostic, without a path, if the text is not valid YAML.
pub(super) fn parse(text: &str) -> Result<Json, Box<Diagnostic>> {
    if text.trim().is_empty() {
        return Ok(Json::Null);
    }
    serde_yaml::from_str::<Node>(text).map(|node| node.0).map_err(|error| {
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

struct Node(Json);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Node)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
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
        while let Some(Node(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        let mut merged = Vec::new();
        while let Some((Node(key), Node(value))) = pairs.next_entry()? {
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
        let (_, value): (Node, _) = tagged.variant()?;
        value.newtype_variant::<Node>().map(|node| node.0)
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
