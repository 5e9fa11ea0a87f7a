//! A template in dbt's Jinja to one that the renderer understands with Python's meaning: lists and
//! dicts that can change, `%` on strings, neighbouring strings. Line breaks are never moved, and
//! every inserted byte is known, so a place in the result is a place in the file.

use std::ops::Range;

use super::tokens::{Piece, PieceKind, Token, TokenKind, pieces};

/// A rewritten template and the way back to the file that it came from.
#[derive(Debug, Clone, Default)]
pub(super) struct Rewritten {
    /// The template.
    pub(super) text: String,
    /// Pairs of an offset in the template and the one in the file, ascending; between two pairs both advance alike.
    anchors: Vec<(usize, usize)>,
}

impl Rewritten {
    /// The offset in the file of an offset in the template.
    pub(super) fn origin(&self, offset: usize) -> usize {
        let after = self.anchors.partition_point(|(here, _)| *here <= offset);
        match after.checked_sub(1).and_then(|index| self.anchors.get(index)) {
            Some((here, there)) => match self.anchors.get(after) {
                Some((_, limit)) => (there + (offset - here)).min(*limit),
                None => there + (offset - here),
            },
            None => self.anchors.first().map_or(0, |(_, there)| *there),
        }
    }

    fn copy(&mut self, source: &str, range: Range<usize>) {
        self.anchors.push((self.text.len(), range.start));
        self.text.push_str(&source[range]);
    }

    fn insert(&mut self, text: &str) {
        self.text.push_str(text);
    }
}

/// An insertion: the offset in the file, and what is put before it.
type Insertion = (usize, &'static str);

/// Rewrites a part of a file, leaving out the ranges in `without`.
///
/// `preamble` goes first and is rewritten text already, as [`expression`] gives it.
pub(super) fn template(source: &str, part: &Range<usize>, without: &[Range<usize>], preamble: &str) -> Rewritten {
    let mut out = Rewritten::default();
    out.insert(preamble);
    let mut at = part.start;
    let text = &source[..part.end];
    for piece in pieces_within(text, part) {
        if without.iter().any(|hole| hole.start <= piece.range.start && piece.range.start < hole.end) {
            if at < piece.range.start {
                out.copy(source, at..piece.range.start);
            }
            at = piece.range.end.max(at);
            continue;
        }
        if !matches!(piece.kind, PieceKind::Print | PieceKind::Tag) {
            continue;
        }
        let mut insertions = Vec::new();
        tag(source, &piece, &mut insertions);
        for (offset, inserted) in insertions {
            out.copy(source, at..offset);
            out.insert(inserted);
            at = offset;
            at += replaced(inserted);
        }
        if piece.kind == PieceKind::Tag && piece.keyword(source) == "for" {
            out.copy(source, at..piece.range.end);
            out.insert(if source[..piece.range.end].ends_with("-%}") { TRIMMING_TICK } else { TICK });
            at = piece.range.end;
        }
    }
    if at < part.end {
        out.copy(source, at..part.end);
    }
    out
}

/// Rewrites an expression that stands alone, such as the default of a parameter.
pub(super) fn expression(source: &str, tokens: &[Token]) -> String {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return String::new() };
    let mut insertions = Vec::new();
    operands(source, tokens, &mut insertions);
    insertions.sort_by_key(|(offset, _)| *offset);
    let mut text = String::new();
    let mut at = first.range.start;
    for (offset, inserted) in insertions {
        text.push_str(&source[at..offset]);
        text.push_str(inserted);
        at = offset + replaced(inserted);
    }
    text.push_str(&source[at..last.range.end]);
    text
}

fn pieces_within(text: &str, part: &Range<usize>) -> Vec<Piece> {
    let mut found = pieces(&text[part.start..]);
    for piece in &mut found {
        piece.range = piece.range.start + part.start..piece.range.end + part.start;
        for token in &mut piece.tokens {
            token.range = token.range.start + part.start..token.range.end + part.start;
        }
    }
    found
}

const MODULO: &str = "|__mod(";
const NO_SIGN: &str = " ";
const OPERAND: &str = "|__operand";
const FACTOR: &str = "|__factor";
const TICK: &str = "{% do __tick() %}";
const TRIMMING_TICK: &str = "{% do __tick() -%}";
const PLUS: &str = "|__add(";
const MINUS: &str = "|__sub(";

/// How many bytes of the file an insertion stands for: operators are replaced, not preceded.
fn replaced(inserted: &str) -> usize {
    usize::from([MODULO, NO_SIGN, PLUS, MINUS].contains(&inserted))
}

fn tag(source: &str, piece: &Piece, insertions: &mut Vec<Insertion>) {
    let tokens = &piece.tokens;
    if piece.keyword(source) == "set"
        && let Some(equals) = assignment(source, tokens)
    {
        // What a variable holds can be changed later, so it must be a list that can.
        let single = !tokens[..equals].iter().any(|token| token.text(source) == ",");
        if let (true, Some(last)) = (single, tokens.last()) {
            insertions.push((tokens[equals].range.end, " __own("));
            operands(source, &tokens[equals + 1..], insertions);
            insertions.push((last.range.end, ")"));
            insertions.sort_by_key(|(offset, _)| *offset);
            return;
        }
    }
    operands(source, tokens, insertions);
    insertions.sort_by_key(|(offset, _)| *offset);
}

/// The index of the `=` of `{% set name = … %}`.
fn assignment(source: &str, tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    tokens.iter().position(|token| {
        match token.text(source) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "=" if depth == 0 => return true,
            _ => {}
        }
        false
    })
}

/// Whether an operand, rather than an operator, stands before a token.
fn ends_operand(source: &str, token: Option<&Token>) -> bool {
    let Some(token) = token else { return false };
    match token.kind {
        TokenKind::Text | TokenKind::Number => true,
        TokenKind::Symbol => matches!(token.text(source), ")" | "]" | "}"),
        TokenKind::Name => !matches!(
            token.text(source),
            "in" | "not" | "and" | "or" | "if" | "else" | "elif" | "is" | "set" | "do" | "for" | "call" | "return"
        ),
    }
}

fn operands(source: &str, tokens: &[Token], insertions: &mut Vec<Insertion>) {
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| tokens.get(index));
        match (token.kind, token.text(source)) {
            (TokenKind::Symbol, opening @ ("[" | "{")) if !ends_operand(source, before) => {
                if let Some(closing) = matching(source, tokens, index) {
                    insertions.push((token.range.start, if opening == "[" { "__list(" } else { "__dict(" }));
                    insertions.push((tokens[closing].range.end, ")"));
                }
            }
            (TokenKind::Symbol, "+") if !ends_operand(source, before) => {
                insertions.push((token.range.start, NO_SIGN));
            }
            // Python's integers have no end, the renderer's have; nobody calculates with an address.
            (TokenKind::Number, number) if is_too_large(number) => {
                insertions.push((token.range.start, "'"));
                insertions.push((token.range.end, "'"));
            }
            // The renderer cannot add a span to a date; where there are none, its own operators do.
            (TokenKind::Symbol, sign @ ("+" | "-"))
                if source.contains("datetime")
                    && ends_operand(source, before)
                    && !follows_product(source, tokens, index) =>
            {
                let end = operand_end(source, tokens, index + 1).filter(|end| {
                    let next = tokens.get(end + 1).map_or("", |next| next.text(source));
                    !matches!(next, "*" | "/" | "//" | "%" | "**")
                });
                if let Some(last) = end.and_then(|end| tokens.get(end)) {
                    insertions.push((token.range.start, if sign == "+" { PLUS } else { MINUS }));
                    insertions.push((last.range.end, ")"));
                }
            }
            (TokenKind::Symbol, operator @ ("~" | "+" | "*")) if ends_operand(source, before) => {
                // A text that is written out is as short as the template.
                let is_written = |at: usize| tokens.get(at).is_some_and(|token| token.kind == TokenKind::Text);
                if let Some(end) = operand_end(source, tokens, index + 1)
                    && let Some(last) = tokens.get(end)
                    && !(end == index + 1 && is_written(end) && operator != "*")
                {
                    insertions.push((last.range.end, if operator == "*" { FACTOR } else { OPERAND }));
                }
            }
            (TokenKind::Text, _) if before.is_some_and(|before| before.kind == TokenKind::Text) => {
                insertions.push((token.range.start, "~"));
            }
            (TokenKind::Symbol, "%") if ends_operand(source, before) && !follows_product(source, tokens, index) => {
                let end = operand_end(source, tokens, index + 1);
                if let Some(last) = end.and_then(|end| tokens.get(end)) {
                    insertions.push((token.range.start, MODULO));
                    insertions.push((last.range.end, ")"));
                }
            }
            _ => {}
        }
    }
}

fn is_too_large(number: &str) -> bool {
    match number.strip_prefix("0x").or_else(|| number.strip_prefix("0X")) {
        Some(digits) => digits.len() > 31,
        None => number.len() > 37 && number.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// The index of the bracket that closes the one at `open`.
pub(super) fn matching(source: &str, tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.kind != TokenKind::Symbol {
            continue;
        }
        match token.text(source) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

/// The index of the last token of the operand that starts at `start`, with calls, attributes and filters.
fn operand_end(source: &str, tokens: &[Token], start: usize) -> Option<usize> {
    let bracket = |index: usize| {
        tokens.get(index).filter(|token| token.kind == TokenKind::Symbol).map_or("", |token| token.text(source))
    };
    let mut at = start;
    while matches!(bracket(at), "-" | "+") {
        at += 1;
    }
    let mut end = if matches!(bracket(at), "(" | "[" | "{") { matching(source, tokens, at)? } else { at };
    tokens.get(end)?;
    loop {
        match bracket(end + 1) {
            "." | "|" => {
                end += 2;
                tokens.get(end)?;
            }
            "(" | "[" => end = matching(source, tokens, end + 1)?,
            _ => return Some(end),
        }
    }
}

/// Whether the left operand of the `%` at `index` is itself the right one of a product; then a
/// filter would bind to the wrong value, and the renderer's own `%` on numbers is right.
fn follows_product(source: &str, tokens: &[Token], index: usize) -> bool {
    let mut at = index;
    let mut depth = 0_usize;
    while let Some(before) = at.checked_sub(1) {
        let token = &tokens[before];
        match token.text(source) {
            ")" | "]" | "}" if token.kind == TokenKind::Symbol => depth += 1,
            "(" | "[" | "{" if token.kind == TokenKind::Symbol => {
                if depth == 0 {
                    return false;
                }
                depth -= 1;
            }
            "*" | "/" | "//" | "%" if depth == 0 => return true,
            "." | "|" if depth == 0 => {}
            _ if depth == 0 && token.kind == TokenKind::Symbol => return false,
            _ => {}
        }
        at = before;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        let rewritten = template(source, &(0..source.len()), &[], "");
        assert_eq!(rewritten.text, expected);
    }

    #[test]
    fn literals_become_values_that_can_change() {
        check("{% set x = [] %}{{ x[0] }}", "{% set x = __own( __list([])) %}{{ x[0] }}");
        check("{{ f([1, {'a': []}])[0] }}", "{{ f(__list([1, __dict({'a': __list([])})]))[0] }}");
        check("{% for a in [1] %}", "{% for a in __list([1]) %}{% do __tick() %}");
        check("{%- for a in b -%} x", "{%- for a in b -%}{% do __tick() -%} x");
    }

    #[test]
    fn percent_formats_strings() {
        check("{{ '%s-%s' % (a, b) }}", "{{ '%s-%s' |__mod( (a, b)) }}");
        check("{{ i % 2 == 0 }}", "{{ i |__mod( 2) == 0 }}");
        check("{{ 3 * i % 2 }}", "{{ 3 * i|__factor % 2 }}");
    }

    #[test]
    fn operands_that_may_be_large_are_weighed() {
        check("{{ a ~ b.c(d) ~ 'e' }}", "{{ a ~ b.c(d)|__operand ~ 'e' }}");
        check("{{ a + b * 2 }}", "{{ a + b|__operand * 2|__factor }}");
        check("{{ -a | f('*') }}", "{{ -a | f('*') }}");
        check("{{ f(*a) }}", "{{ f(*a) }}");
    }

    #[test]
    fn neighbouring_strings_are_one() {
        check("{{ 0xa020d57ab0448ef74115c112d18a9c231cc86000 }}", "{{ '0xa020d57ab0448ef74115c112d18a9c231cc86000' }}");
        check("{{ f(i = +1) }}", "{{ f(i =  1) }}");
        check("{{ 'a' 'b' }}", "{{ 'a' ~'b' }}");
    }

    #[test]
    fn a_place_in_the_result_is_a_place_in_the_file() {
        let source = "{% set x = [1, 2] %}{{ y }}";
        let rewritten = template(source, &(0..source.len()), &[], "{#preamble#}");
        let there = rewritten.text.find("y }}").unwrap();
        assert_eq!(rewritten.origin(there), source.find("y }}").unwrap());
    }
}
