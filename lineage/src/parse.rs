//! SQL text to statements, by a cascade: the parser with our dialect, then a token-level rewrite
//! where that failed, then a scan of the tokens. The only code, with `dialect`, that names the
//! parser's types. It must not know any schema.

mod alter;
mod builtin;
mod constants;
mod convert;
mod extract;
mod lexer;
mod lower;
mod measure;
mod names;
mod read;
mod rewrite;
mod rules;
mod scan;
mod schema;
mod script;
mod statement;
mod tokens;
mod variables;

#[cfg(test)]
mod tests;

pub(crate) use builtin::is_builtin;
pub use read::parse;
pub(crate) use read::parse_with_lists;
pub use tokens::{Token, TokenKind, tokens};
