//! Diagrams as Mermaid flowcharts. Labels are escaped: whatever a project calls its tables, it cannot
//! end a label, link, or give Mermaid a directive.

use std::fmt::Write as _;

use headsup_lineage::trace::Certainty;

use super::diagram::{Diagram, Look, Shape};
use crate::text::turns_direction;

pub(super) fn render(diagram: &Diagram) -> String {
    let mut out = String::from("flowchart LR\n");
    let (alone, framed) = diagram.members();
    for number in alone {
        let _ = writeln!(out, "  {}", box_of(number, &diagram.boxes[number]));
    }
    for (frame, (label, members)) in diagram.frames.iter().zip(framed).enumerate() {
        let _ = writeln!(out, "  subgraph f{frame}[{}]", quoted(label));
        for number in members {
            let _ = writeln!(out, "    {}", box_of(number, &diagram.boxes[number]));
        }
        out.push_str("  end\n");
    }
    for arrow in &diagram.arrows {
        let line = match arrow.certainty {
            Certainty::Certain => "-->",
            Certainty::Possible => "-.->",
        };
        let label = if arrow.label.is_empty() { String::new() } else { format!("|{}|", quoted(&arrow.label)) };
        let _ = writeln!(out, "  n{} {line}{label} n{}", arrow.from, arrow.to);
    }
    let asked: Vec<String> = (0..diagram.boxes.len())
        .filter(|number| diagram.boxes[*number].look == Look::Asked)
        .map(|number| format!("n{number}"))
        .collect();
    if !asked.is_empty() {
        let _ = writeln!(out, "  classDef asked stroke-width:3px\n  class {} asked", asked.join(","));
    }
    out
}

fn box_of(number: usize, shape: &Shape) -> String {
    let label = quoted(&shape.label);
    match shape.look {
        Look::Asked | Look::Plain => format!("n{number}[{label}]"),
        Look::Job => format!("n{number}([{label}])"),
    }
}

/// A text that Mermaid shows as it is: all that is not plain becomes the number of its character.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | ',' | '/' | '(' | ')') => out.push(c),
            c if c.is_control() || turns_direction(c) => {}
            c => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_label_or_direct_mermaid() {
        assert_eq!(quoted("core.orders"), "\"core.orders\"");
        assert_eq!(quoted("a\"]; click n0 \"x"), "\"a#34;#93;#59; click n0 #34;x\"");
        assert_eq!(quoted("%%{init: {}}%%"), "\"#37;#37;#123;init#58; #123;#125;#125;#37;#37;\"");
        assert_eq!(quoted("`*x*`\n\u{202e}<b>"), "\"#96;#42;x#42;#96;#60;b#62;\"");
    }

    #[test]
    fn boxes_stand_in_their_frames() {
        let mut diagram = Diagram::default();
        let frame = diagram.frame("core.orders".to_owned());
        let amount = diagram.shape(Some(frame), "amount", Look::Asked);
        let job = diagram.shape(None, "audit", Look::Job);
        assert_eq!(diagram.shape(Some(frame), "amount", Look::Plain), amount);
        diagram.arrow(amount, job, "", Certainty::Certain);
        diagram.arrow(job, amount, "rows", Certainty::Possible);
        let expected = "flowchart LR\n  n1([\"audit\"])\n  subgraph f0[\"core.orders\"]\n    n0[\"amount\"]\n  end\n  \
                        n0 --> n1\n  n1 -.->|\"rows\"| n0\n  classDef asked stroke-width:3px\n  class n0 asked\n";
        assert_eq!(render(&diagram), expected);
    }
}
