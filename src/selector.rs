//! What somebody asks about, as dbt users write it: `orders`, `+orders+2`, `tag:finance`. It must not
//! know what a project holds.

use crate::error::{Error, Result, did_you_mean};

pub mod definition;

/// A name or a set of tables, and how far to look around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// As typed, for messages.
    pub typed: String,
    /// What is asked about.
    pub subject: Subject,
    /// How many steps upstream, where a `+` stands before it.
    pub upstream: Option<Steps>,
    /// How many steps downstream, where a `+` stands after it.
    pub downstream: Option<Steps>,
}

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A table or a column by its name, or by the end of it; `*` and `?` stand for any characters.
    Name(String),
    /// Every table with a tag.
    Tag(String),
    /// Every table that a file below a path fills or declares.
    Path(String),
    /// A dbt source, `shop.orders`, or every table of one, `shop`.
    Source(String),
    /// What a job reads.
    Exposure(String),
    /// Every table that another method of dbt picks.
    Method(Method, String),
}

/// The methods of dbt that pick tables by what is configured of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// The models of a group.
    Group,
    /// The models that are private, protected or public.
    Access,
    /// What a package builds and declares.
    Package,
    /// Models, seeds, snapshots or sources.
    ResourceType,
    /// Those of which a key is configured so.
    Config(String),
    /// Those that a file fills.
    File,
    /// Those that a name, or package and folders, fit.
    Fqn,
    /// A selection that `selectors.yml` defines.
    Selector,
}

impl Method {
    /// The name that it is asked for by.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Group => "group".to_owned(),
            Self::Access => "access".to_owned(),
            Self::Package => "package".to_owned(),
            Self::ResourceType => "resource_type".to_owned(),
            Self::Config(key) => format!("config.{key}"),
            Self::File => "file".to_owned(),
            Self::Fqn => "fqn".to_owned(),
            Self::Selector => "selector".to_owned(),
        }
    }
}

/// How many steps are taken from a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Steps {
    /// At most so many.
    AtMost(usize),
    /// As many as there are.
    All,
}

impl Steps {
    /// Whether a step of that number, from one, is taken.
    #[must_use]
    pub const fn allow(self, number: usize) -> bool {
        match self {
            Self::AtMost(most) => number <= most,
            Self::All => true,
        }
    }
}

/// The methods that are understood.
const METHODS: [&str; 15] = [
    "tag",
    "path",
    "source",
    "exposure",
    "metric",
    "semantic_model",
    "saved_query",
    "group",
    "access",
    "package",
    "resource_type",
    "config",
    "file",
    "fqn",
    "selector",
];
/// Those of dbt that are not.
const METHODS_OF_DBT: [&str; 7] =
    ["result", "source_status", "state", "test_name", "test_type", "unit_test", "version"];

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// If it is empty, or uses what dbt has and headsup does not.
    pub fn parse(typed: &str) -> Result<Self> {
        let text = typed.trim();
        if let Some(name) = text.strip_prefix('@') {
            return Err(Error::usage(format!("`{text}`: the `@` of dbt is not understood"))
                .hint(format!("`+{name}+` shows what is upstream and what is downstream")));
        }
        if text.contains(',') && !text.contains('"') {
            return Err(Error::usage(format!("`{text}`: tables that several selectors share cannot be asked for"))
                .hint("write the selectors with spaces between them to ask about each".to_owned()));
        }
        let (upstream, rest) = steps_before(text);
        let (downstream, body) = steps_after(rest);
        if body.is_empty() {
            let message =
                if text.is_empty() { "the name is empty".to_owned() } else { format!("`{text}` names no table") };
            return Err(Error::usage(message).hint("name a table or a column, such as `core.orders.amount`".to_owned()));
        }
        Ok(Self { typed: text.to_owned(), subject: subject(body)?, upstream, downstream })
    }
}

/// `+` or `2+` at the beginning, and the rest.
fn steps_before(text: &str) -> (Option<Steps>, &str) {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match text[digits..].strip_prefix('+') {
        Some(rest) => (Some(steps(&text[..digits])), rest),
        None => (None, text),
    }
}

/// `+` or `+2` at the end, and what stands before.
fn steps_after(text: &str) -> (Option<Steps>, &str) {
    let without = text.trim_end_matches(|c: char| c.is_ascii_digit());
    match without.strip_suffix('+') {
        Some(body) => (Some(steps(&text[without.len()..])), body),
        None => (None, text),
    }
}

/// A number that is too large to be one is as many as there are.
fn steps(digits: &str) -> Steps {
    digits.parse().map_or(Steps::All, Steps::AtMost)
}

fn subject(body: &str) -> Result<Subject> {
    let Some((method, value)) = body.split_once(':').filter(|(method, _)| is_word(method)) else {
        return Ok(Subject::Name(body.to_owned()));
    };
    if value.is_empty() {
        return Err(Error::usage(format!("`{body}` says no {method}")).hint(format!("write `{method}:NAME`")));
    }
    let value = value.to_owned();
    match method {
        "tag" => Ok(Subject::Tag(value)),
        "path" => Ok(Subject::Path(value)),
        "source" => Ok(Subject::Source(value)),
        "exposure" => Ok(Subject::Exposure(value)),
        "metric" | "semantic_model" | "saved_query" => Ok(Subject::Exposure(format!("{method}:{value}"))),
        "group" => Ok(Subject::Method(Method::Group, value)),
        "access" => Ok(Subject::Method(Method::Access, value)),
        "package" => Ok(Subject::Method(Method::Package, value)),
        "resource_type" => Ok(Subject::Method(Method::ResourceType, value)),
        "file" => Ok(Subject::Method(Method::File, value)),
        "fqn" => Ok(Subject::Method(Method::Fqn, value)),
        "selector" => Ok(Subject::Method(Method::Selector, value)),
        "model" | "seed" | "snapshot" => Ok(Subject::Name(value)),
        other => match other.strip_prefix("config.").filter(|key| !key.is_empty()) {
            Some(key) => Ok(Subject::Method(Method::Config(key.to_owned()), value)),
            None => Err(unknown_method(other)),
        },
    }
}

/// Whether a text can be a method: `config.materialized` is one, and a quoted name is not.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

fn unknown_method(method: &str) -> Error {
    let family = method.split('.').next().unwrap_or_default();
    let message = if METHODS_OF_DBT.contains(&family) {
        format!("the selector `{method}:` of dbt is not understood")
    } else {
        format!("there is no selector `{method}:`")
    };
    let hint = match did_you_mean(method, METHODS) {
        Some(near) => format!("did you mean `{near}:`?"),
        None => format!("there are {}", METHODS.map(|method| format!("{method}:")).join(", ")),
    };
    Error::usage(message).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::Steps::{All, AtMost};
    use super::*;

    fn parsed(text: &str) -> (Option<Steps>, Subject, Option<Steps>) {
        let selector = Selector::parse(text).unwrap();
        (selector.upstream, selector.subject, selector.downstream)
    }

    #[test]
    fn a_plus_says_how_far_to_look() {
        let orders = || Subject::Name("core.orders".to_owned());
        for (text, upstream, downstream) in [
            ("core.orders", None, None),
            ("+core.orders", Some(All), None),
            ("core.orders+", None, Some(All)),
            ("+core.orders+", Some(All), Some(All)),
            ("2+core.orders+3", Some(AtMost(2)), Some(AtMost(3))),
            (" core.orders+1 ", None, Some(AtMost(1))),
            ("99999999999999999999999+core.orders", Some(All), None),
        ] {
            assert_eq!(parsed(text), (upstream, orders(), downstream), "{text}");
        }
    }

    #[test]
    fn a_digit_of_a_name_is_no_number_of_steps() {
        let name = |text: &str| Subject::Name(text.to_owned());
        assert_eq!(parsed("orders_2024"), (None, name("orders_2024"), None));
        assert_eq!(parsed("2024_orders"), (None, name("2024_orders"), None));
        assert_eq!(parsed("orders2+"), (None, name("orders2"), Some(All)));
    }

    #[test]
    fn methods_select_sets() {
        assert_eq!(parsed("tag:finance+").1, Subject::Tag("finance".to_owned()));
        assert_eq!(parsed("+path:models/marts").1, Subject::Path("models/marts".to_owned()));
        assert_eq!(parsed("source:shop.orders").1, Subject::Source("shop.orders".to_owned()));
        assert_eq!(parsed("+exposure:audit").1, Subject::Exposure("audit".to_owned()));
        assert_eq!(parsed("metric:revenue").1, Subject::Exposure("metric:revenue".to_owned()));
        assert_eq!(
            parsed("config.materialized:view+"),
            (None, Subject::Method(Method::Config("materialized".to_owned()), "view".to_owned()), Some(All))
        );
        assert_eq!(parsed("selector:nightly").1, Subject::Method(Method::Selector, "nightly".to_owned()));
        assert_eq!(parsed("model:orders").1, Subject::Name("orders".to_owned()));
        assert_eq!(parsed("\"a:b\".c").1, Subject::Name("\"a:b\".c".to_owned()));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let refused = |text: &str| {
            let error = Selector::parse(text).unwrap_err();
            format!("{error} / {}", error.hint_text().unwrap_or_default())
        };
        assert_eq!(
            refused("@orders"),
            "`@orders`: the `@` of dbt is not understood / `+orders+` shows what is upstream and what is downstream"
        );
        assert_eq!(
            refused("a,b"),
            "`a,b`: tables that several selectors share cannot be asked for / write the selectors with spaces between \
             them to ask about each"
        );
        assert_eq!(
            refused("state:modified"),
            "the selector `state:` of dbt is not understood / there are tag:, path:, source:, exposure:, metric:, \
             semantic_model:, saved_query:, group:, access:, package:, resource_type:, config:, file:, fqn:, selector:"
        );
        assert_eq!(refused("tags:x"), "there is no selector `tags:` / did you mean `tag:`?");
        assert_eq!(refused("+"), "`+` names no table / name a table or a column, such as `core.orders.amount`");
        assert_eq!(refused("tag:"), "`tag:` says no tag / write `tag:NAME`");
        assert_eq!(refused(""), "the name is empty / name a table or a column, such as `core.orders.amount`");
    }
}
