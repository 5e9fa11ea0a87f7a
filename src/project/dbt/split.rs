//! A file as the blocks that dbt finds in it: macros, tests, snapshots, docs, materializations.
//! It must not render anything.

use std::ops::Range;

use super::rewrite;
use super::tokens::{Piece, Token, TokenKind, pieces, string_value};

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// `{% macro name(…) %}`
    Macro,
    /// `{% snapshot name %}`
    Snapshot,
    /// `{% test name(…) %}`, `{% data_test name(…) %}`
    Test,
    /// `{% docs %}`, `{% materialization %}`: nothing that is read here.
    Other,
}

/// A parameter of a macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    /// Its name.
    pub(super) name: String,
    /// Its default, as the renderer understands it.
    pub(super) default: Option<String>,
}

/// A block of a file.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// What it is.
    pub(super) kind: BlockKind,
    /// Its name.
    pub(super) name: String,
    /// The parameters of a macro.
    pub(super) parameters: Vec<Parameter>,
    /// All of it, with its tags.
    pub(super) outer: Range<usize>,
    /// What stands between the tags, white space trimmed where they say so.
    pub(super) body: Range<usize>,
}

/// Finds the outermost blocks; what is never closed is no block.
pub(super) fn blocks(source: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(Piece, &'static str, usize)> = None;
    for piece in pieces(source) {
        let keyword = piece.keyword(source);
        match &mut open {
            None => {
                if let Some(end) = ending(keyword) {
                    open = Some((piece, end, 0));
                }
            }
            Some((_, end, depth)) => {
                if keyword == *end {
                    if *depth > 0 {
                        *depth -= 1;
                    } else if let Some((head, ..)) = open.take() {
                        blocks.extend(block(source, &head, &piece));
                    }
                } else if ending(keyword) == Some(*end) {
                    *depth += 1;
                }
            }
        }
    }
    blocks
}

fn ending(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "macro" => "endmacro",
        "snapshot" => "endsnapshot",
        "test" => "endtest",
        "data_test" => "enddata_test",
        "docs" => "enddocs",
        "materialization" => "endmaterialization",
        _ => return None,
    })
}

fn block(source: &str, head: &Piece, tail: &Piece) -> Option<Block> {
    let kind = match head.keyword(source) {
        "macro" => BlockKind::Macro,
        "snapshot" => BlockKind::Snapshot,
        "test" | "data_test" => BlockKind::Test,
        _ => BlockKind::Other,
    };
    let name = head.tokens.get(1).filter(|token| token.kind == TokenKind::Name)?.text(source).to_owned();
    let mut body = head.range.end..tail.range.start;
    if head.trims_after {
        body.start += source[body.clone()].len() - source[body.clone()].trim_start().len();
    }
    if tail.trims_before {
        body.end = body.start + source[body.clone()].trim_end().len();
    }
    let parameters = parameters(source, head.tokens.get(2..).unwrap_or_default());
    Some(Block { kind, name, parameters, outer: head.range.start..tail.range.end, body })
}

fn parameters(source: &str, tokens: &[Token]) -> Vec<Parameter> {
    if tokens.first().is_none_or(|token| token.text(source) != "(") {
        return Vec::new();
    }
    let Some(closing) = rewrite::matching(source, tokens, 0) else { return Vec::new() };
    arguments(source, &tokens[1..closing])
        .into_iter()
        .filter_map(|tokens| {
            let (name, rest) = tokens.split_first()?;
            let default = rest.split_first().filter(|(equals, _)| equals.text(source) == "=");
            Some(Parameter {
                name: name.text(source).to_owned(),
                default: default.map(|(_, tokens)| rewrite::expression(source, tokens)),
            })
        })
        .collect()
}

/// The arguments of a call, without its brackets.
pub(super) fn arguments<'a>(source: &str, tokens: &'a [Token]) -> Vec<&'a [Token]> {
    let mut depth = 0_usize;
    let mut arguments: Vec<&[Token]> = tokens
        .split(|token| {
            match token.text(source) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "," => return depth == 0,
                _ => {}
            }
            false
        })
        .collect();
    arguments.retain(|argument| !argument.is_empty());
    arguments
}

/// The value of a single string token.
pub(super) fn literal(source: &str, tokens: &[Token]) -> Option<String> {
    match tokens {
        [token] if token.kind == TokenKind::Text => Some(string_value(token.text(source))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_have_parameters_and_bodies() {
        let source = "{%- macro f(a, b=[1, 2], c=none) -%}\n x\n{%- endmacro %}{% docs d %}{% enddocs %}";
        let blocks = blocks(source);
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0].name, "f");
        assert_eq!(&source[blocks[0].body.clone()], "x");
        let defaults: Vec<_> = blocks[0].parameters.iter().map(|parameter| parameter.default.as_deref()).collect();
        assert_eq!(defaults, [None, Some("__list([1, 2])"), Some("none")]);
    }

    #[test]
    fn raw_hides_blocks() {
        assert!(blocks("{% raw %}{% macro f() %}{% endmacro %}{% endraw %}").is_empty());
    }
}
