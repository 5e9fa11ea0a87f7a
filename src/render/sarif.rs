//! Findings as a SARIF 2.1.0 log, for code scanning.

use headsup_lineage::diagnostic::Severity;
use serde_json::{Value, json};

use crate::policy::Check;
use crate::report::check::{CheckReport, FindingEntry};

/// The schema that the log is written to.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The log of one run.
pub(super) fn log(report: &CheckReport) -> Value {
    let rules: Vec<Value> = Check::ALL
        .into_iter()
        .map(|check| {
            json!({
                "id": check.code(),
                "shortDescription": { "text": check.title() },
                "help": { "text": format!("docs/checks.md of headsup has a section `{}`.", check.code()) },
            })
        })
        .collect();
    let mut results: Vec<Value> = report.findings.iter().map(|finding| result(finding, &report.prefix)).collect();
    // A log says of every result how it compares with before, or of none.
    if report.findings.iter().all(|finding| finding.age.is_some()) {
        for (result, finding) in results.iter_mut().zip(&report.findings) {
            result["baselineState"] = json!(if finding.age == Some("new") { "new" } else { "unchanged" });
        }
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "headsup", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(finding: &FindingEntry, prefix: &str) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let message = match &finding.hint {
        Some(hint) => format!("{}\n{hint}", finding.message),
        None => finding.message.clone(),
    };
    let index = Check::ALL.iter().position(|check| check.code() == finding.code);
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": level,
        "message": { "text": message },
        "partialFingerprints": { "about/v1": format!("{} {}", finding.code, finding.about) },
    });
    if !finding.path.is_empty() {
        result["locations"] = json!([{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&super::from_root(prefix, &finding.path)), "uriBaseId": "%SRCROOT%" },
                "region": { "startLine": finding.line, "startColumn": finding.column },
            },
        }]);
    }
    if let Some(allowed) = &finding.allowed {
        let kind = if allowed.by == "comment" { "inSource" } else { "external" };
        let mut suppression = json!({ "kind": kind });
        if let Some(reason) = &allowed.because {
            suppression["justification"] = json!(reason);
        }
        result["suppressions"] = json!([suppression]);
    }
    result
}

/// A path as a relative reference: what is no plain character of a path is written in percents.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_reference() {
        assert_eq!(uri("models/a b/c#é.sql"), "models/a%20b/c%23%C3%A9.sql");
    }
}
