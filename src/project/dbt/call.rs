//! Calls between templates and us: arguments, functions as values, and the typed signals that
//! travel as the source of a renderer's error.

use std::fmt;
use std::sync::Arc;

use headsup_lineage::diagnostic::Position;
use minijinja::value::{DynObject, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

/// The arguments of a call, positional and by keyword.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// The positional ones.
    pub(super) positional: Vec<Value>,
    /// The others, in the order of the call.
    pub(super) keywords: Vec<(String, Value)>,
}

impl Arguments {
    /// The arguments as the renderer passes them.
    pub(super) fn of(args: &[Value]) -> Self {
        match args.split_last() {
            Some((last, rest)) if last.is_kwargs() => Self {
                positional: rest.to_vec(),
                keywords: last
                    .as_object()
                    .and_then(DynObject::try_iter_pairs)
                    .into_iter()
                    .flatten()
                    .map(|(key, value)| (key.to_string(), value))
                    .collect(),
            },
            _ => Self { positional: args.to_vec(), keywords: Vec::new() },
        }
    }

    /// An argument by its name alone.
    pub(super) fn keyword(&self, name: &str) -> Option<Value> {
        self.keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// An argument by its place or its name.
    pub(super) fn at(&self, index: usize, name: &str) -> Option<Value> {
        self.positional.get(index).cloned().or_else(|| self.keyword(name))
    }

    /// An argument that must be there, as text.
    pub(super) fn text(&self, index: usize, name: &str) -> Result<String, Error> {
        match self.at(index, name) {
            Some(value) if !value.is_undefined() => Ok(value.to_string()),
            _ => Err(Error::new(ErrorKind::MissingArgument, format!("argument `{name}` is missing"))),
        }
    }
}

type Body = dyn Fn(&mut State<'_, '_>, &[Value]) -> Result<Value, Error> + Send + Sync;

/// A function of ours as a value.
struct Function(Box<Body>);

impl fmt::Debug for Function {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<function>")
    }
}

impl Object for Function {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        (self.0)(state, args)
    }
}

/// A function that needs the state of the renderer.
pub(super) fn stateful(
    body: impl Fn(&mut State<'_, '_>, &[Value]) -> Result<Value, Error> + Send + Sync + 'static,
) -> Value {
    Value::from_object(Function(Box::new(body)))
}

/// A function of its arguments.
pub(super) fn function(body: impl Fn(&Arguments) -> Result<Value, Error> + Send + Sync + 'static) -> Value {
    stateful(move |_, args| body(&Arguments::of(args)))
}

/// What travels through the renderer as the source of an error.
#[derive(Debug)]
pub(super) enum Signal {
    /// `return(x)`: no error at all.
    Return(Value),
    /// An error inside a macro, placed in the macro's file.
    Located(Box<Located>),
}

/// An error and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    /// The file.
    pub(super) path: String,
    /// Where in the file.
    pub(super) position: Option<Position>,
    /// What went wrong.
    pub(super) message: String,
    /// What kind of thing went wrong.
    pub(super) cause: Cause,
}

/// Why a template could not be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A macro or a package that is not there.
    UnknownMacro,
    /// `exceptions.raise_compiler_error`.
    Raised,
    /// It takes too long, nests too deep, or grows too large.
    Limit,
    /// The template is not valid Jinja.
    Syntax,
    /// Anything else.
    Other,
}

impl fmt::Display for Signal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Return(_) => out.write_str("`return` outside a macro"),
            Self::Located(located) => out.write_str(&located.message),
        }
    }
}

impl std::error::Error for Signal {}

/// A cause as an error's source, before its place is known.
#[derive(Debug)]
pub(super) struct Marked(pub(super) Cause);

impl fmt::Display for Marked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.0)
    }
}

impl std::error::Error for Marked {}

/// An error with its cause.
pub(super) fn caused(cause: Cause, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into()).with_source(Marked(cause))
}

/// The first source of a kind in a chain of errors.
pub(super) fn source<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        next = current.source();
    }
    None
}
