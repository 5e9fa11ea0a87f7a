//! Diagrams for Graphviz. Labels are escaped: whatever a project calls its tables, it cannot end a
//! label.

use std::fmt::Write as _;

use headsup_lineage::trace::Certainty;

use super::diagram::{Diagram, Look, Shape};
use crate::text::turns_direction;

pub(super) fn render(diagram: &Diagram) -> String {
    let mut out = String::from("digraph headsup {\n  rankdir=LR;\n  node [shape=box];\n");
    let (alone, framed) = diagram.members();
    for number in alone {
        let _ = writeln!(out, "  {}", box_of(number, &diagram.boxes[number]));
    }
    for (frame, (label, members)) in diagram.frames.iter().zip(framed).enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{frame} {{\n    label={};", quoted(label));
        for number in members {
            let _ = writeln!(out, "    {}", box_of(number, &diagram.boxes[number]));
        }
        out.push_str("  }\n");
    }
    for arrow in &diagram.arrows {
        let mut facts = Vec::new();
        if !arrow.label.is_empty() {
            facts.push(format!("label={}", quoted(&arrow.label)));
        }
        if arrow.certainty == Certainty::Possible {
            facts.push("style=dashed".to_owned());
        }
        let facts = if facts.is_empty() { String::new() } else { format!(" [{}]", facts.join(", ")) };
        let _ = writeln!(out, "  n{} -> n{}{facts};", arrow.from, arrow.to);
    }
    out.push_str("}\n");
    out
}

fn box_of(number: usize, shape: &Shape) -> String {
    let look = match shape.look {
        Look::Asked => ", penwidth=2",
        Look::Plain => "",
        Look::Job => ", shape=oval",
    };
    format!("n{number} [label={}{look}];", quoted(&shape.label))
}

/// A text that Graphviz shows as it is.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '&' => out.push_str("&amp;"),
            c if c.is_control() || turns_direction(c) => {}
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_label() {
        assert_eq!(quoted("core.orders"), "\"core.orders\"");
        assert_eq!(quoted("a\"]; b\\"), "\"a\\\"]; b\\\\\"");
        assert_eq!(quoted("&lt;\n\u{202e}x"), "\"&amp;lt;x\"");
    }

    #[test]
    fn boxes_stand_in_their_frames() {
        let mut diagram = Diagram::default();
        let frame = diagram.frame("core.orders".to_owned());
        let amount = diagram.shape(Some(frame), "amount", Look::Asked);
        let job = diagram.shape(None, "audit", Look::Job);
        diagram.arrow(amount, job, "", Certainty::Certain);
        diagram.arrow(job, amount, "rows", Certainty::Possible);
        let expected = "digraph headsup {\n  rankdir=LR;\n  node [shape=box];\n  n1 [label=\"audit\", shape=oval];\n  \
                        subgraph cluster_0 {\n    label=\"core.orders\";\n    n0 [label=\"amount\", penwidth=2];\n  }\n  \
                        n0 -> n1;\n  n1 -> n0 [label=\"rows\", style=dashed];\n}\n";
        assert_eq!(render(&diagram), expected);
    }
}
