//! Reports as JSON, indented, in the order of their fields.

use serde::Serialize;

pub(super) fn render(report: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}
