//! What a template names, read from its tokens without rendering it: the last resort for what
//! cannot be rendered, and the places of what can.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::engine::{Engine, Macro};
use super::rewrite::matching;
use super::sought::{For, Sought, implementation};
use super::split::{arguments, literal};
use super::subject::RefCall;
use super::tokens::{Token, TokenKind, pieces};

/// What a template names.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Calls of `ref` with nothing but literals, with their offsets.
    pub(super) refs: Vec<(RefCall, usize)>,
    /// Calls of `source` with nothing but literals, with their offsets.
    pub(super) sources: Vec<((String, String), usize)>,
    /// Offsets of calls of `ref` and `source` whose arguments are computed.
    pub(super) computed: Vec<usize>,
    /// Everything else that is called: a package, where named, and a name.
    calls: BTreeSet<(Option<String>, String)>,
    /// Names that stand without being called, the same: a macro can be handed on as a value, and be called by another
    /// name.
    values: BTreeSet<(Option<String>, String)>,
    /// The names that `adapter.dispatch` is asked for.
    dispatched: BTreeSet<String>,
    /// The names that the template itself gives a value to.
    assigned: BTreeSet<String>,
}

/// Names that can be called, or have methods, without being macros or packages.
const NATIVE: [&str; 63] = [
    "ref",
    "function",
    "source",
    "config",
    "var",
    "env_var",
    "adapter",
    "exceptions",
    "builtins",
    "api",
    "statement",
    "run_query",
    "load_result",
    "execute",
    "is_incremental",
    "should_full_refresh",
    "should_store_failures",
    "this",
    "target",
    "schema",
    "database",
    "model",
    "node",
    "graph",
    "flags",
    "invocation_args_dict",
    "dbt_metadata_envs",
    "selected_resources",
    "invocation_id",
    "thread_id",
    "run_started_at",
    "modules",
    "dbt_version",
    "project_name",
    "log",
    "print",
    "debug",
    "return",
    "fromjson",
    "fromyaml",
    "tojson",
    "toyaml",
    "set",
    "set_strict",
    "zip",
    "zip_strict",
    "local_md5",
    "store_result",
    "store_raw_result",
    "write",
    "try_or_compiler_error",
    "load_relation",
    "context",
    "caller",
    "varargs",
    "kwargs",
    "loop",
    "range",
    "dict",
    "namespace",
    "cycler",
    "dbt",
    "__ask",
];

/// Scans a part of a file.
pub(super) fn template(source: &str, part: Range<usize>) -> Scan {
    let mut scan = Scan::default();
    let text = source.get(part.clone()).unwrap_or_default();
    for piece in pieces(text) {
        let until = match piece.keyword(text) {
            "set" => "=",
            "for" => "in",
            "macro" | "call" => "",
            _ => "{{",
        };
        let names = piece.tokens.iter().take_while(|token| until != "{{" && token.text(text) != until);
        scan.assigned
            .extend(names.filter(|token| token.kind == TokenKind::Name).map(|token| token.text(text).to_owned()));
        scan.tokens(text, &piece.tokens, part.start);
    }
    scan
}

impl Scan {
    fn tokens(&mut self, source: &str, tokens: &[Token], base: usize) {
        for (index, token) in tokens.iter().enumerate() {
            if token.kind != TokenKind::Name || tokens.get(index + 1).is_none_or(|next| next.text(source) != "(") {
                // A hook in a string is a template of its own.
                if token.kind == TokenKind::Text && token.text(source).contains("{{") {
                    let inner = template(
                        source,
                        token.range.start + 1..token.range.end.saturating_sub(1).max(token.range.start + 1),
                    );
                    self.merge(inner, base);
                }
                if token.kind == TokenKind::Name {
                    self.values.extend(value(source, tokens, index));
                }
                continue;
            }
            let is_filter = index >= 1 && matches!(tokens[index - 1].text(source), "|" | "is");
            let is_method = index >= 2 && tokens[index - 1].text(source) == "." && !is_bare(source, tokens, index - 2);
            let is_attribute = index >= 1 && tokens[index - 1].text(source) == ".";
            let is_keyword = !is_attribute
                && matches!(
                    token.text(source),
                    "in" | "and" | "or" | "not" | "if" | "else" | "elif" | "call" | "macro" | "for"
                );
            if is_filter || is_method || is_keyword {
                continue;
            }
            let Some(closing) = matching(source, tokens, index + 1) else { continue };
            let args = arguments(source, &tokens[index + 2..closing]);
            let dotted = index >= 2 && tokens[index - 1].text(source) == ".";
            let owner = if dotted { tokens.get(index - 2).map(|owner| owner.text(source)) } else { None };
            let offset = base + token.range.start;
            match (token.text(source), owner) {
                ("ref" | "function", None | Some("builtins" | "dbt")) => match reference(source, &args) {
                    Some(call) => self.refs.push((call, offset)),
                    None => self.computed.push(offset),
                },
                ("source", None | Some("builtins" | "dbt")) => {
                    match args.iter().map(|arg| literal(source, arg)).collect::<Option<Vec<_>>>().as_deref() {
                        Some([source, table]) => self.sources.push(((source.clone(), table.clone()), offset)),
                        _ => self.computed.push(offset),
                    }
                }
                ("dispatch", Some("adapter")) => {
                    let first = args.first().map(|arg| {
                        arg.iter()
                            .rposition(|token| token.text(source) == "=")
                            .map_or(*arg, |equals| &arg[equals + 1..])
                    });
                    self.dispatched.extend(first.and_then(|arg| literal(source, arg)));
                }
                (name, owner) => {
                    self.calls.insert((owner.map(ToOwned::to_owned), name.to_owned()));
                }
            }
        }
    }

    fn merge(&mut self, other: Self, base: usize) {
        self.refs.extend(other.refs.into_iter().map(|(call, offset)| (call, offset + base)));
        self.sources.extend(other.sources.into_iter().map(|(call, offset)| (call, offset + base)));
        self.computed.extend(other.computed.into_iter().map(|offset| offset + base));
        self.calls.extend(other.calls);
        self.values.extend(other.values);
        self.dispatched.extend(other.dispatched);
    }
}

/// A name that stands where a value can, after its package if that is named.
fn value(source: &str, tokens: &[Token], index: usize) -> Option<(Option<String>, String)> {
    let name = tokens[index].text(source).to_owned();
    match index.checked_sub(1).map_or("", |before| tokens[before].text(source)) {
        "." => {
            let owner = index.checked_sub(2).filter(|owner| is_bare(source, tokens, *owner))?;
            Some((Some(tokens[owner].text(source).to_owned()), name))
        }
        "|" | "is" => None,
        _ => (!NATIVE.contains(&&*name)).then_some((None, name)),
    }
}

/// Whether a token is a name that stands alone, rather than the end of a longer expression.
fn is_bare(source: &str, tokens: &[Token], index: usize) -> bool {
    let before = index.checked_sub(1).map_or("", |before| tokens[before].text(source));
    tokens[index].kind == TokenKind::Name && before != "."
}

/// A call of `ref` with nothing but literals.
pub(super) fn reference(source: &str, args: &[&[Token]]) -> Option<RefCall> {
    let mut names = Vec::new();
    let mut version = None;
    for arg in args {
        match arg {
            [key, equals, value] if equals.text(source) == "=" => {
                let text = value.text(source);
                match (key.text(source), value.kind) {
                    ("v" | "version", TokenKind::Number) => version = Some(text.to_owned()),
                    ("v" | "version", TokenKind::Text) => version = Some(literal(source, &arg[2..])?),
                    _ => return None,
                }
            }
            arg => names.push(literal(source, arg)?),
        }
    }
    let name = names.pop()?;
    let package = names.pop();
    names.is_empty().then_some(RefCall { package, name, version })
}

/// What a template names together with every macro that it reaches.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Calls of `ref`, each with its offset in the template itself, if it stands there.
    pub(super) refs: BTreeMap<RefCall, Option<usize>>,
    /// Calls of `source`, the same.
    pub(super) sources: BTreeMap<(String, String), Option<usize>>,
    /// Why there may be more.
    pub(super) incomplete: Option<String>,
    /// What it calls that is no macro, nor anything else that is known.
    pub(super) unknown: BTreeSet<String>,
    /// The macros that it reaches.
    pub(super) macros: BTreeMap<(Arc<str>, Arc<str>), Arc<Macro>>,
}

/// Scans a part of a file and, transitively, the macros that it names.
pub(super) fn reach(
    engine: &Engine,
    package: &str,
    local: &[Arc<Macro>],
    source: &str,
    part: Range<usize>,
    sought: &Sought,
) -> Reach {
    let named = |own: &str, scan: &Scan, queue: &mut _, unknown: &mut _| {
        named(engine, sought, (package, own), local, scan, queue, unknown);
    };
    let mut reach = Reach::default();
    let own = template(source, part);
    for (call, offset) in &own.refs {
        reach.refs.entry(call.clone()).or_insert(Some(*offset));
    }
    for (call, offset) in &own.sources {
        reach.sources.entry(call.clone()).or_insert(Some(*offset));
    }
    if !own.computed.is_empty() {
        reach.incomplete = Some("an argument of ref() or source() is computed".to_owned());
    }
    let mut queue: Vec<Arc<Macro>> = Vec::new();
    named(package, &own, &mut queue, &mut reach.unknown);
    while let Some(next) = queue.pop() {
        let key = (Arc::clone(&next.package), Arc::clone(&next.name));
        if reach.macros.contains_key(&key) {
            continue;
        }
        let scan = template(&next.file, next.outer.clone());
        for (call, _) in &scan.refs {
            reach.refs.entry(call.clone()).or_insert(None);
        }
        for (call, _) in &scan.sources {
            reach.sources.entry(call.clone()).or_insert(None);
        }
        if !scan.computed.is_empty() && &*next.package != "dbt" && reach.incomplete.is_none() {
            reach.incomplete = Some(format!("an argument of ref() or source() is computed in macro {}", next.name));
        }
        named(&next.package, &scan, &mut queue, &mut reach.unknown);
        reach.macros.insert(key, next);
    }
    reach
}

fn named(
    engine: &Engine,
    sought: &Sought,
    (package, own): (&str, &str),
    local: &[Arc<Macro>],
    scan: &Scan,
    queue: &mut Vec<Arc<Macro>>,
    unknown: &mut BTreeSet<String>,
) {
    let seeker = For::Kept(sought);
    for (owner, name) in &scan.calls {
        let found = match owner {
            None => local.iter().find(|one| *one.name == **name).or_else(|| engine.resolve(seeker, package, own, name)),
            Some(owner) => engine.find(seeker, owner, name),
        };
        let first = owner.as_deref().unwrap_or(name);
        if found.is_none() && !scan.assigned.contains(first) && !NATIVE.contains(&first) {
            let called = owner.as_ref().map_or_else(|| name.clone(), |owner| format!("{owner}.{name}"));
            unknown.insert(called);
        }
        queue.extend(found.cloned());
    }
    for (owner, name) in &scan.values {
        let found = match owner {
            None if scan.assigned.contains(name) => None,
            None => local.iter().find(|one| *one.name == **name).or_else(|| engine.resolve(seeker, package, own, name)),
            Some(owner) if engine.has_package(owner) => engine.find(seeker, owner, name),
            Some(_) => None,
        };
        queue.extend(found.cloned());
    }
    for name in &scan.dispatched {
        for namespace in engine.packages() {
            for prefix in &engine.world.prefixes {
                queue.extend(engine.find(seeker, namespace, &implementation(prefix, name)).cloned());
            }
        }
    }
}
