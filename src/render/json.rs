//! Reports as JSON, indented, in the order of their fields; and values as JSON, one a line.

use serde::Serialize;

pub(super) fn render(report: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

pub(super) fn lines(values: &[impl Serialize]) -> anyhow::Result<String> {
    let mut out = String::new();
    for value in values {
        out.push_str(&serde_json::to_string(value)?);
        out.push('\n');
    }
    Ok(out)
}
