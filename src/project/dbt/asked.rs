//! What a tag asks of a run, of the project or of the warehouse, beside the target. It must not know what follows from the
//! answers.

use std::borrow::Cow;

/// What asks, beside the target.
const QUESTIONS: [&str; 21] = [
    "adapter.type(",
    "env_var",
    "flags",
    "graph.",
    "graph[",
    "load_relation",
    "should_full_refresh",
    "run_query",
    "execute_sql",
    "statement(",
    "get_relation",
    "get_column_values",
    "get_single_value",
    "get_missing_columns",
    "check_schema_exists",
    "list_relations",
    "invocation_",
    "dbt_version",
    "dbt_metadata_envs",
    "selected_resources",
    "thread_id",
];

/// What asks for the time. All is rendered at one time, so that only what is held against it may be another thing later.
const CLOCKS: [&str; 2] = ["run_started_at", "modules.datetime"];

/// Where a table is built, which dbt takes from the target.
const PLACES: [&str; 2] = ["schema", "database"];

/// What asks for columns, and follows from the project where they are known.
const OF_COLUMNS: [&str; 4] =
    ["get_columns_in_relation", "get_filtered_columns_in_relation", "dbt_utils.unpivot(", "dbt_utils.union_relations("];

/// Whether a text asks for the columns of tables.
pub(super) fn asks_for_columns(text: &str) -> bool {
    OF_COLUMNS.iter().any(|question| text.contains(question))
}

/// Whether a tag asks for anything but the target and columns.
pub(super) fn asks_more_than_target(inside: &str) -> bool {
    if !may_ask_more(inside) {
        return false;
    }
    let code = without_texts(inside);
    QUESTIONS.iter().any(|question| code.contains(question))
        || (CLOCKS.iter().any(|clock| code.contains(clock)) && decides(&code))
        || holds_place_against(inside)
}

/// Whether a template has what may be such a question, in its tags or not.
pub(super) fn may_ask_more(text: &str) -> bool {
    QUESTIONS.iter().chain(&CLOCKS).any(|question| text.contains(question)) || holds_place_against(text)
}

/// Whether a tag holds something against something.
fn decides(code: &str) -> bool {
    let code = code.trim_start();
    ["if ", "elif "].iter().any(|word| code.starts_with(word))
        || [" if ", "==", "!=", "<", ">", " in "].iter().any(|sign| code.contains(sign))
}

/// The code of a tag with nothing in its quotes, but where a template stands in them, as that of a hook does.
fn without_texts(inside: &str) -> Cow<'_, str> {
    if !inside.contains(['\'', '"']) {
        return Cow::Borrowed(inside);
    }
    let mut code = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(start) = rest.find(['\'', '"']) {
        let (before, quoted) = rest.split_at(start);
        let quote = if quoted.starts_with('"') { '"' } else { '\'' };
        let mut escaped = false;
        let end = quoted[1..].find(|letter: char| {
            let ends = letter == quote && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        });
        // A quote that does not end is none.
        let Some(end) = end.map(|end| end + 1) else { break };
        code.push_str(before);
        code.push(quote);
        let is_key = before.trim_end().strip_suffix('[').is_some_and(|before| before.ends_with("context"));
        if is_key || quoted[1..end].contains("{{") || quoted[1..end].contains("{%") {
            code.push_str(&quoted[1..end]);
        }
        code.push(quote);
        rest = &quoted[end + 1..];
    }
    code.push_str(rest);
    Cow::Owned(code)
}

/// Whether a tag holds where a table is built against something. Who hands it on, as to `get_relation`, or prints it
/// asks nothing; a name without a table before it may be the parameter of a macro, and is dbt's where it is held against a
/// text.
fn holds_place_against(text: &str) -> bool {
    const SIGNS: [&str; 4] = ["==", "!=", "in ", "not in "];
    const MORE: [&str; 3] = ["is ", "|", "."];
    const BEFORE: [&str; 3] = ["==", "!=", " in"];
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '\'' | '"');
    PLACES.into_iter().filter(|place| text.contains(place)).any(|place| {
        text.match_indices(place).any(|(at, _)| {
            let (before, behind) = (&text[..at], &text[at + place.len()..]);
            if before.ends_with(is_word) || behind.starts_with(is_word) || before.ends_with("target.") {
                return false;
            }
            let is_of_table = before.ends_with('.');
            let chain = |c: char| is_word(c) || matches!(c, '.' | '(' | ')' | ',' | ' ');
            let behind = behind.trim_start();
            let sign = SIGNS.iter().find_map(|sign| behind.strip_prefix(sign));
            if is_of_table {
                let first = before.trim_end_matches(|c: char| chain(c) && c != ' ').trim_end();
                return sign.is_some()
                    || MORE.iter().any(|sign| behind.starts_with(sign))
                    || BEFORE.iter().any(|sign| first.ends_with(sign));
            }
            let first = before.trim_end();
            let is_text_before = BEFORE
                .iter()
                .any(|sign| first.strip_suffix(sign).is_some_and(|rest| rest.trim_end().ends_with(['\'', '"'])));
            is_text_before || sign.is_some_and(|rest| rest.trim_start().starts_with(['\'', '"', '[', '(']))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_asked_by_code_and_not_by_a_text() {
        for code in [
            "if flags.FULL_REFRESH",
            "set all = flags",
            "config(post_hook=\"{{ log(invocation_id) }}\")",
            "if graph['nodes']",
            "if context['flags'].FULL_REFRESH",
            "if run_started_at > 'it\\'s'",
            "set is_sunday = modules.datetime.date.today().weekday() == 6",
        ] {
            assert!(asks_more_than_target(code), "{code}");
        }
        for code in [
            "set day = modules.datetime.date.today().strftime('%d')",
            "return({'mode': \"if(flags['x'], 'a', 'b')\"})",
            "set names = ['flags', 'thread_id']",
        ] {
            assert!(!asks_more_than_target(code), "{code}");
        }
        assert!(asks_more_than_target("it's flags"), "a quote that does not end");
    }

    #[test]
    fn a_place_asks_where_it_is_held_against_something() {
        for code in [
            "if this.schema == 'prod'",
            "if 'prod' in this.schema",
            "if schema == 'prod'",
            "if 'prod' == schema",
            "if database in ['a', 'b']",
            "if ref('a').database != this.database",
            "if source('a', 'b').schema is none",
            "set is_prod = model.schema.startswith('prod')",
            "if this.database | lower == 'prod'",
        ] {
            assert!(asks_more_than_target(code), "{code}");
        }
        for code in [
            "this.schema",
            "get(this.database, this.schema, 'x')",
            "config(schema='prod')",
            "if custom_schema == 'prod'",
            "if schema is none",
            "if target.schema == 'prod'",
            "macro drop(schema, database='prod')",
        ] {
            assert!(!asks_more_than_target(code), "{code}");
        }
    }
}
