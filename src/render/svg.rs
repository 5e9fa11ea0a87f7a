//! Counts as a picture: bars beside or above names, as SVG that any browser and any page of documentation shows.
//! Names are escaped, and nothing in it is fetched or run.

use std::fmt::Write as _;

use crate::report::incidents::{Cause, IncidentsReport};
use crate::report::replay::ReplayReport;
use crate::settings::Standard;
use crate::text::turns_direction;

const WIDTH: usize = 760;
/// Where bars begin, and how long the longest is.
const LEFT: usize = 220;
const LONGEST: usize = 440;
const LINE: usize = 18;
/// A colour for each part of a group; they can be told apart by those who see fewer colours.
const COLOURS: [&str; 4] = ["#9ecae1", "#6baed6", "#2171b5", "#cb181d"];

/// A name and a bar for each of some counts.
struct Group {
    name: String,
    counts: Vec<usize>,
}

/// A text that is only a text.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control() && !turns_direction(*c)) {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// A name that leaves room for the bars.
fn short(name: &str) -> String {
    const MOST: usize = 30;
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn open(out: &mut String, height: usize, title: &str) {
    let title = escape(title);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n<title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"600\" fill=\"#222\">{title}</text>"
    );
}

fn word(out: &mut String, (x, y): (usize, usize), anchor: &str, text: &str) {
    let text = escape(text);
    let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"#222\">{text}</text>");
}

fn bar(out: &mut String, (x, y): (usize, usize), length: usize, colour: &str) {
    let height = LINE - 4;
    let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{length}\" height=\"{height}\" fill=\"{colour}\"/>");
}

/// Groups of bars with a legend.
fn bars(title: &str, legend: &[&str], groups: &[Group]) -> String {
    let lines: usize = groups.iter().map(|group| group.counts.len() * LINE + 12).sum();
    let mut out = String::new();
    open(&mut out, 76 + lines, title);
    let mut x = 16;
    for (name, colour) in legend.iter().zip(COLOURS.iter().cycle()) {
        bar(&mut out, (x, 42), 14, colour);
        word(&mut out, (x + 20, 54), "start", name);
        x += 40 + name.len() * 8;
    }
    let most = groups.iter().flat_map(|group| &group.counts).copied().max().unwrap_or_default().max(1);
    let mut y = 70;
    for group in groups {
        word(&mut out, (LEFT - 10, y + 12), "end", &short(&group.name));
        for (number, colour) in group.counts.iter().zip(COLOURS.iter().cycle()) {
            let length = (number * LONGEST).div_ceil(most);
            bar(&mut out, (LEFT, y), length, colour);
            word(&mut out, (LEFT + length + 6, y + 12), "start", &number.to_string());
            y += LINE;
        }
        y += 12;
    }
    out.push_str("</svg>\n");
    out
}

pub(super) fn replay(report: &ReplayReport) -> String {
    let counts = |under: &dyn Fn(Standard) -> usize| Standard::ALL.map(|(_, standard)| under(standard)).to_vec();
    let mut groups: Vec<Group> = report
        .teams
        .iter()
        .map(|team| Group { name: team.team.clone(), counts: counts(&|standard| team.messages.under(standard)) })
        .collect();
    if groups.len() > 1 {
        groups.push(Group { name: "all".to_owned(), counts: counts(&|standard| report.messages.under(standard)) });
    }
    let title = format!("Messages by standard, {} to {}", report.since, report.until);
    bars(&title, &Standard::ALL.map(|(name, _)| name), &groups)
}

/// A Pareto picture: what there is most of first, and by a line how much of all that is so far.
fn pareto(title: &str, groups: &[(&str, usize)]) -> String {
    const BASE: usize = 300;
    const HIGHEST: usize = 200;
    let all: usize = groups.iter().map(|(_, number)| number).sum();
    let most = groups.iter().map(|(_, number)| *number).max().unwrap_or_default().max(1);
    let mut out = String::new();
    open(&mut out, 350, title);
    let step = (WIDTH - 120) / groups.len().max(1);
    let (mut sum, mut line) = (0, Vec::new());
    for (at, (name, number)) in groups.iter().enumerate() {
        let left = 60 + at * step;
        let (width, middle) = (step * 6 / 10, left + step / 2);
        let height = number * HIGHEST / most;
        let (x, y) = (middle - width / 2, BASE - height);
        let colour = COLOURS[2];
        let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{colour}\"/>");
        word(&mut out, (middle, y.saturating_sub(6)), "middle", &number.to_string());
        word(&mut out, (middle, BASE + 20), "middle", &short(name));
        sum += number;
        let share = (sum * 100 + all / 2) / all.max(1);
        line.push((middle, BASE - share * HIGHEST / 100, share));
    }
    let points: Vec<String> = line.iter().map(|(x, y, _)| format!("{x},{y}")).collect();
    let (points, colour) = (points.join(" "), COLOURS[3]);
    let _ = writeln!(out, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
    for (x, y, share) in line {
        let _ = writeln!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>");
        word(&mut out, (x + 8, y + 16), "start", &format!("{share} %"));
    }
    let _ = writeln!(out, "<line x1=\"60\" y1=\"{BASE}\" x2=\"{}\" y2=\"{BASE}\" stroke=\"#222\"/>", WIDTH - 60);
    out.push_str("</svg>\n");
    out
}

pub(super) fn incidents(report: &IncidentsReport) -> String {
    let mut groups = Cause::ALL.map(|cause| (cause.words(), report.causes.of(cause)));
    groups.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    pareto(&format!("Failures by cause, {} to {}", report.since, report.until), &groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_only_names() {
        let group = Group { name: "<script>\"&\u{202e}".to_owned(), counts: vec![3, 0] };
        let picture = bars("a < b", &["x", "y"], &[group]);
        assert!(picture.contains("&lt;script&gt;&quot;&amp;<"), "{picture}");
        assert!(picture.contains("<title>a &lt; b</title>"), "{picture}");
        assert!(!picture.contains("<script"), "{picture}");
    }
}
