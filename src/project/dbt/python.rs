//! Python models: what they call on `dbt`, read from their text. Nothing of them runs.

use serde_json::Value as Json;

use super::config::{self, Config};
use super::rewrite::matching;
use super::scan::reference;
use super::split::{arguments, literal};
use super::subject::Captured;
use super::tokens::{Token, TokenKind, tokens};

/// Finds `dbt.ref(…)`, `dbt.source(…)` and `dbt.config(…)`.
pub(super) fn capture(text: &str, captured: &mut Captured) {
    for (start, _) in text.match_indices("dbt.") {
        let line = &text[text[..start].rfind('\n').map_or(0, |newline| newline + 1)..start];
        let is_word =
            line.chars().next_back().is_some_and(|before| before.is_alphanumeric() || matches!(before, '_' | '.'));
        if is_word || line.trim_start().starts_with('#') {
            continue;
        }
        let found = tokens(text, start + "dbt.".len()..text.len().min(start + 4_096));
        let Some(name) = found.first().map(|token| token.text(text)) else { continue };
        if !matches!(name, "ref" | "source" | "config") || found.get(1).is_none_or(|next| next.text(text) != "(") {
            continue;
        }
        let closing = matching(text, &found, 1);
        let args = closing.map(|closing| arguments(text, &found[2..closing])).unwrap_or_default();
        match name {
            "ref" => match reference(text, &args) {
                Some(call) => captured.refs.push(call),
                None => computed(captured, "ref"),
            },
            "source" => match args.iter().map(|arg| literal(text, arg)).collect::<Option<Vec<_>>>().as_deref() {
                Some([source, table]) => captured.sources.push((source.clone(), table.clone())),
                _ => computed(captured, "source"),
            },
            _ => captured.config.extend(args.iter().filter_map(|arg| setting(text, arg))),
        }
    }
}

/// What a model asks of its own configuration that is not compared with how it is built: where nothing of it differs, nothing
/// that the model is given by it does.
pub(super) fn asked(text: &str, config: &Config) -> String {
    let uses = || text.match_indices("dbt.config").map(|(at, name)| text[at + name.len()..].trim_start());
    let asks = |rest: &&str| !rest.starts_with('(');
    // Who hands the whole of it on, or computes a key, may ask for anything.
    let is_literal = |rest: &str| {
        let key = rest.split_once(['(', '[']).map(|(_, key)| key.trim_start());
        key.is_some_and(|key| key.starts_with(['\'', '"'])) && rest.starts_with(['.', '['])
    };
    if !uses().any(|rest| asks(&rest)) {
        return String::new();
    }
    let is_any = uses().filter(asks).any(|rest| !is_literal(rest));
    let asked = config.iter().filter(|(key, _)| !config::is_compared(key) && (is_any || text.contains(key.as_str())));
    asked.map(|(key, value)| format!(" {key} = {value}")).collect()
}

fn computed(captured: &mut Captured, name: &str) {
    captured.computed.get_or_insert_with(|| format!("an argument of dbt.{name}() is computed"));
}

fn setting(text: &str, arg: &[Token]) -> Option<(String, Json)> {
    let [key, equals, value @ ..] = arg else { return None };
    if equals.text(text) != "=" {
        return None;
    }
    let value = match value {
        [one] if one.kind == TokenKind::Text => Json::String(literal(text, value)?),
        [one] if matches!(one.text(text), "True" | "False") => Json::Bool(one.text(text) == "True"),
        [one] if one.kind == TokenKind::Number => one.text(text).parse::<i64>().map_or(Json::Null, Json::from),
        [first, .., last] => Json::String(text.get(first.range.start..last.range.end)?.to_owned()),
        _ => return None,
    };
    Some((key.text(text).to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_on_dbt_are_found_and_comments_are_not() {
        let text = "def model(dbt, session):\n    dbt.config(materialized='table', enabled=True)\n    # dbt.ref('no')\n    a = dbt.ref(\"orders\", v=2)\n    return dbt.source('shop', 'raw').join(dbt.ref(name))\n";
        let mut captured = Captured::default();
        capture(text, &mut captured);
        assert_eq!(captured.refs.len(), 1);
        assert_eq!(captured.refs[0].version.as_deref(), Some("2"));
        assert_eq!(captured.sources, [("shop".to_owned(), "raw".to_owned())]);
        assert!(captured.computed.is_some());
        assert_eq!(captured.config[0], ("materialized".to_owned(), Json::from("table")));
    }
}
