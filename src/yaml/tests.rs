//! YAML as a tree with places, on texts written by hand and on generated ones.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn tree(text: &str) -> Node {
    let (node, diagnostics) = parse(text).unwrap();
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    node
}

/// One step from a value to one inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step<'a> {
    /// To the value of a key.
    Key(&'a str),
    /// To an item of a list, from zero.
    Item(usize),
}

impl Node {
    /// Where the value that the steps lead to is; for an empty collection, where its key is.
    fn locate(&self, path: &[Step<'_>]) -> Option<Position> {
        let (step, rest) = match path.split_first() {
            None => return self.position,
            Some(split) => split,
        };
        match (step, &self.content) {
            (Step::Key(key), _) => {
                let entry = self.get(key)?;
                entry.value.locate(rest).or_else(|| rest.is_empty().then_some(entry.key_position).flatten())
            }
            (Step::Item(index), Content::List(items)) => items.get(*index)?.locate(rest),
            _ => None,
        }
    }
}

fn place(text: &str, path: &[Step<'_>]) -> Option<(u32, u32)> {
    parse(text).unwrap().0.locate(path).map(|place| (place.line, place.column))
}

const SAMPLE: &str = "\
# a comment
teams:
  finance:
    owner: 'finance@example.com'
    size: 3
  empty: {}
jobs:
  - name: é: x
    reads: [a, {b: c}]
  -
    name: \"two\"
";

#[test]
fn every_value_knows_its_place() {
    use Step::{Item, Key};
    let text = SAMPLE.replace("é: x", "'é: x'");
    let check = |path: &[Step<'_>], expected| assert_eq!(place(&text, path), Some(expected), "{path:?}");
    check(&[], (2, 1));
    check(&[Key("teams")], (3, 3));
    check(&[Key("teams"), Key("finance"), Key("owner")], (4, 12));
    check(&[Key("teams"), Key("finance"), Key("size")], (5, 11));
    check(&[Key("teams"), Key("empty")], (6, 3));
    check(&[Key("jobs"), Item(0)], (8, 5));
    check(&[Key("jobs"), Item(0), Key("reads")], (9, 13));
    check(&[Key("jobs"), Item(0), Key("reads"), Item(1), Key("b")], (9, 20));
    check(&[Key("jobs"), Item(1), Key("name")], (11, 11));
    assert_eq!(place(&text, &[Key("jobs"), Item(2)]), None);
    assert_eq!(place(&text, &[Key("nobody")]), None);
    assert_eq!(tree(&text).get("teams").unwrap().key_position, Some(Position::new(2, 1)));
}

#[test]
fn columns_count_characters() {
    assert_eq!(place("{é: ü, k: v}", &[Step::Key("k")]), Some((1, 11)));
}

#[test]
fn a_document_may_be_one_scalar_or_nothing() {
    assert_eq!(tree("").content, Content::Null);
    assert_eq!(tree("# only a comment\n").content, Content::Null);
    assert_eq!(tree("\n  word").position, Some(Position::new(2, 3)));
}

#[test]
fn the_tree_is_what_the_parser_gives() {
    for text in [
        SAMPLE.replace("é: x", "e").as_str(),
        "a: [1, -2, 1.5, ~, true, 'true', \"\", 0x10, 1e3, .5]\nb: {c: {d: [[[]]]}}\ne:\nf: |\n  two\n  lines\n",
        "- &x {a: 1}\n- *x\n- [*x, *x]\n",
        "? a\n: b\n1: c\ntrue: d\n",
        "- !tag x\n- !tag [1]\n- !tag {a: !t 2}\n",
    ] {
        let text = text.replace("!tag ", "").replace("!t ", "");
        let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(tree(&text).content.to_json(), value, "{text}");
    }
    assert_eq!(
        tree("- !tag x\n- !tag [1]\n- !tag {a: !t 2}\n").content.to_json(),
        serde_json::json!(["x", [1], {"a": 2}])
    );
}

#[test]
fn aliases_are_where_their_anchor_is_and_what_follows_them_is_not_lost() {
    let text = "a: &x\n  k: 1\nb: *x\nc: &s word\nd: [*s, end]\n*s : last\n";
    let node = tree(text);
    assert_eq!(
        node.content.to_json(),
        serde_json::json!({"a": {"k": 1}, "b": {"k": 1}, "c": "word", "d": ["word", "end"], "word": "last"})
    );
    assert_eq!(node.locate(&[Step::Key("b")]), Some(Position::new(2, 3)));
    assert_eq!(node.locate(&[Step::Key("d"), Step::Item(1)]), Some(Position::new(5, 9)));
}

#[test]
fn merge_keys_are_resolved() {
    let text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {b: 3, <<: [*x, *y]}\nw:\n  <<: *x\n  a: 0\n";
    let node = tree(text).content.to_json();
    assert_eq!(node["z"], serde_json::json!({"b": 3, "a": 1, "c": 2}));
    assert_eq!(node["w"], serde_json::json!({"a": 0, "b": 1}));
    let (_, diagnostics) = parse("a: {<<: 1}").unwrap();
    assert_eq!(diagnostics[0].code, "yaml-merge");
}

#[test]
fn a_key_given_twice_is_told_with_both_places() {
    let (node, diagnostics) = parse("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n").unwrap();
    assert_eq!(node.content.to_json(), serde_json::json!({"a": 1, "b": 2, "c": {"d": 1}}));
    let places: Vec<_> = diagnostics.iter().map(|found| (found.code, found.position.unwrap())).collect();
    assert_eq!(places, [("duplicate-key", Position::new(3, 1)), ("duplicate-key", Position::new(4, 11))]);
    assert!(diagnostics[0].hint.as_deref().unwrap().contains("line 1"));
}

#[test]
fn a_key_that_is_no_text_is_told() {
    let (node, diagnostics) = parse("[a, b]: 1\nc: 2\n").unwrap();
    assert_eq!(node.content.to_json(), serde_json::json!({"c": 2}));
    assert_eq!(diagnostics[0].code, "yaml-key");
}

#[test]
fn what_is_not_yaml_is_told_with_its_place() {
    let check = |text: &str, line: u32| {
        let diagnostic = parse(text).unwrap_err();
        assert_eq!(diagnostic.code, "yaml-unreadable");
        assert_eq!(diagnostic.position.map(|place| place.line), Some(line), "{diagnostic:?}");
        assert!(!diagnostic.message.contains("line"), "{}", diagnostic.message);
    };
    check("a: 1\nb: [1, 2\nc: 3\n", 3);
    check("a: 1\n\tb: 2\n", 2);
    check("a: 1\nb: c: d\n", 2);
    check("a: *nobody\n", 1);
    assert!(parse("a: 1\n---\nb: 2\n").unwrap_err().message.contains("more than one document"));
}

#[test]
fn depth_and_aliases_cannot_exhaust_the_machine() {
    let started = Instant::now();
    assert!(parse(&"[".repeat(1_000_000)).is_err());
    assert!(parse(&format!("{}{}", "[".repeat(500), "]".repeat(500))).is_err());
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = level - 1;
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{below}"); 10].join(", ")));
    }
    assert!(parse(&bomb).is_err());
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 100_000].join(", "));
    assert!(parse(&long).unwrap_err().message.contains("aliases"));
    assert!(parse("a: &a [*a]\n").is_err());
    assert!(started.elapsed() < Duration::from_secs(5));
}

proptest! {
    #[test]
    fn whatever_the_text_it_is_a_tree_or_a_finding(text in "[a-c:\\-\\[\\]{}&*!#|>'\"<?, \\n\\t]{0,60}") {
        let read: Result<serde_json::Value, _> = serde_yaml::from_str(&text);
        let parsed = parse(&text);
        if let (Ok(value), Ok((node, diagnostics))) = (&read, &parsed)
            && diagnostics.is_empty()
            && !text.contains(['<', '!'])
        {
            prop_assert_eq!(&node.content.to_json(), value);
        }
    }
}
