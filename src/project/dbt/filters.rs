//! The filters, tests and functions that dbt's Jinja has beyond the renderer's, and those whose
//! results must be lists that can change.

use minijinja::value::{Kwargs, Rest, Tuple, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State, Value};

use super::call::{Cause, caused, function, stateful};
use super::natives::{from_json, to_json};
use super::values::{self, dict, invalid, list, own, own_deep, representation};
use super::work;

/// How long a text in a variable may be.
const MAX_TEXT: usize = 8 << 20;

/// How wide a text may be padded or indented, and how many pieces a list may be cut into.
const WIDEST: usize = 1_000;

/// Refuses a format whose width alone would fill the memory: no table needs four digits of blanks.
fn narrow(format: &str) -> Result<(), Error> {
    let wide = |spec: &str| {
        let digits = spec.trim_start_matches(['-', '+', ' ', '#', '0', '<', '>', '^', '=', '*', '.']);
        digits.chars().take_while(char::is_ascii_digit).count() > 3
    };
    let of_percent = format.split('%').skip(1).any(wide);
    let braces = format.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let of_braces = braces
        .filter_map(|field| field.split_once(':'))
        .any(|(_, spec)| wide(spec.trim_start_matches(|c: char| !c.is_ascii_digit())));
    match of_percent || of_braces {
        true => Err(caused(Cause::Limit, "a format is wider than any text may be")),
        false => Ok(()),
    }
}

fn format(state: &mut State<'_, '_>, text: &Value, args: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    narrow(&text.to_string())?;
    minijinja::filters::format(state, text, args)
}

fn batch(state: &State<'_, '_>, value: Value, count: usize, fill_with: Option<Value>) -> Result<Value, Error> {
    minijinja::filters::batch(state, value, count.min(WIDEST), fill_with)
}

fn slice(state: &State<'_, '_>, value: Value, count: usize, fill_with: Option<Value>) -> Result<Value, Error> {
    minijinja::filters::slice(state, value, count.min(WIDEST), fill_with)
}

/// Adds all of them to a renderer.
pub(super) fn install(env: &mut Environment<'static>) {
    env.set_unknown_method_callback(method);
    env.add_global("__list", stateful(literal_of));
    env.add_global("__dict", stateful(literal_of));
    env.add_global("__own", stateful(kept));
    env.add_global("__tick", stateful(work::tick));
    env.add_filter("__operand", work::operand);
    env.add_filter("__factor", work::factor);
    env.add_filter("__join", minijinja::filters::join);
    env.add_filter("join", join);
    env.add_filter("replace", replace);
    env.add_filter("sort", |state: &mut State<'_, '_>, value: Value, kwargs: Kwargs| {
        work::weigh(state, &value)?;
        minijinja::filters::sort(state, value, kwargs)
    });
    env.add_filter("unique", |state: &mut State<'_, '_>, value: Value, kwargs: Kwargs| {
        work::weigh(state, &value)?;
        minijinja::filters::unique(state, value, kwargs)
    });
    env.add_filter("__mod", modulo);
    env.add_filter("__add", |state: &mut State<'_, '_>, left: Value, right: Value| sum(state, "__add__", left, right));
    env.add_filter("__sub", |state: &mut State<'_, '_>, left: Value, right: Value| sum(state, "__sub__", left, right));
    env.add_global(
        "dict",
        function(|arguments| {
            let mut pairs = Vec::new();
            for value in &arguments.positional {
                for key in value.try_iter()? {
                    if value.kind() == ValueKind::Map {
                        pairs.push((key.clone(), value.get_item(&key)?));
                    } else {
                        pairs.push((key.get_item(&Value::from(0))?, key.get_item(&Value::from(1))?));
                    }
                }
            }
            pairs.extend(arguments.keywords.iter().map(|(key, value)| (Value::from(key.as_str()), value.clone())));
            Ok(dict(pairs))
        }),
    );
    env.add_global("cycler", function(|arguments| Ok(list(arguments.positional.clone()))));
    env.add_global("lipsum", function(|_| Ok(Value::from(""))));
    // In the text of a model dbt leaves alone what has no such form.
    env.add_filter("as_bool", |value: Value| native(&value, ValueKind::Bool).unwrap_or(value));
    env.add_filter("as_number", |value: Value| native(&value, ValueKind::Number).unwrap_or(value));
    env.add_filter("as_native", |value: Value| literal(&value).unwrap_or(value));
    env.add_filter("as_text", text_of);
    env.add_filter("list", |state: &mut State<'_, '_>, value: Value| -> Result<Value, Error> {
        work::weigh(state, &value)?;
        Ok(list(value.try_iter()?))
    });
    env.add_filter("string", text_of);
    env.add_filter("tojson", |value: Value| -> Result<Value, Error> {
        work::text_of(&value, 0)?;
        Ok(Value::from(to_json(&value).to_string()))
    });
    env.add_filter("fromjson", |value: String| -> Result<Value, Error> {
        let json = serde_json::from_str(&value).map_err(|error| invalid(format!("not JSON: {error}")))?;
        Ok(own_deep(&from_json(&json), 0))
    });
    env.add_filter("int", |value: Value, default: Option<Value>| {
        let text = value.to_string();
        let number = value.as_i64().or_else(|| text.trim().parse::<i64>().ok());
        let number = number.or_else(|| text.trim().parse::<f64>().ok().map(|number| number.trunc() as i64));
        match value.kind() {
            ValueKind::Bool => Value::from(i64::from(value.is_true())),
            _ => number.map_or_else(|| default.unwrap_or_else(|| Value::from(0)), Value::from),
        }
    });
    env.add_filter("float", |value: Value, default: Option<Value>| {
        let number = value.to_string().trim().parse::<f64>().ok();
        number.map_or_else(|| default.unwrap_or_else(|| Value::from(0.0)), Value::from)
    });
    env.add_filter("wordcount", |value: String| value.split_whitespace().count());
    env.add_filter("center", |value: String, width: usize| format!("{value:^width$}", width = width.min(1_000)));
    env.add_filter("indent", |value: String, width: Option<usize>, first: Option<bool>| {
        let gap = " ".repeat(width.unwrap_or(4).min(WIDEST));
        let lines: Vec<String> = value
            .lines()
            .enumerate()
            .map(|(number, line)| match number > 0 && !line.is_empty() || number == 0 && first == Some(true) {
                true => format!("{gap}{line}"),
                false => line.to_owned(),
            })
            .collect();
        lines.join("\n")
    });
    env.add_filter("format", format);
    env.add_filter("batch", batch);
    env.add_filter("slice", slice);
    env.add_filter("truncate", |value: String, length: Option<usize>| {
        value.chars().take(length.unwrap_or(255)).collect::<String>()
    });
    env.add_filter("striptags", |value: String| value);
    env.add_filter("forceescape", |value: String| value);
    env.add_filter("wordwrap", |value: String, _: Rest<Value>| value);
    env.add_filter("random", |value: Value| -> Result<Value, Error> {
        Ok(value.try_iter()?.next().unwrap_or_default())
    });
    env.add_filter("filesizeformat", |value: Value| value.to_string());
    env.add_filter("xmlattr", |value: Value| value.to_string());
    env.add_filter("set", |value: Value| -> Result<Value, Error> { Ok(list(values::distinct(value.try_iter()?))) });
    env.add_test("callable", |value: &Value| value.kind() == ValueKind::Plain);
}

/// The value of a list or a dict that is written out.
fn literal_of(_: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
    let value = args.first().cloned().unwrap_or_default();
    work::nested(&value)?;
    Ok(own(value))
}

fn text_of(value: Value) -> Result<Value, Error> {
    work::text_of(&value, 0)?;
    Ok(Value::from(value.to_string()))
}

fn join(
    state: &mut State<'_, '_>,
    value: Value,
    joiner: Option<Value>,
    attribute: Option<String>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let named = || kwargs.peek::<Option<Value>>("d").ok().flatten();
    let between = joiner.clone().or_else(named).filter(|joiner| !joiner.is_none());
    work::text_of(&value, between.as_ref().and_then(Value::as_str).map_or(0, str::len))?;
    let joiner = joiner.filter(|joiner| !joiner.is_none()).map(|joiner| joiner.to_string());
    let mut args = vec![value];
    args.extend([joiner.map(Value::from).unwrap_or_else(|| Value::from(())), Value::from(attribute)]);
    args.push(Value::from(kwargs));
    state.apply_filter("__join", &args)
}

/// How a text becomes with some of its parts replaced.
fn replace(
    _: &mut State<'_, '_>,
    value: Value,
    from: Value,
    to: Value,
    _: Rest<ValueOrKwargs>,
) -> Result<Value, Error> {
    let [text, from, to] = [value, from, to].map(|value| value.to_string());
    work::product(text.matches(&*from).count(), to.len())?;
    Ok(Value::from(text.replace(&*from, &to)))
}

/// The value that a variable holds: changeable, and not too large.
fn kept(state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
    for value in args {
        work::weigh(state, value)?;
    }
    match args {
        [one] => {
            if one.as_str().is_some_and(|text| text.len() > MAX_TEXT) {
                return Err(caused(Cause::Limit, "a variable holds more than 8 MB of text"));
            }
            Ok(own(one.clone()))
        }
        many => Ok(Value::from(Tuple::from(many))),
    }
}

/// How many bytes the longest of some values may print.
fn longest<'a>(values: impl IntoIterator<Item = &'a Value>) -> usize {
    let bytes = values.into_iter().map(|value| super::size::printed(value, 1 << 27, 0)).max();
    bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or_default()
}

/// `+` and `-`, where a date may stand on one of the sides.
fn sum(state: &mut State<'_, '_>, method: &str, left: Value, right: Value) -> Result<Value, Error> {
    if left.kind() == ValueKind::Plain {
        return left.call_method(state, method, &[right]);
    }
    let sides = Value::from_pairs([("left", left), ("right", right)]);
    let text = if method == "__add__" { "left + right" } else { "left - right" };
    state.env().compile_expression(text)?.eval(sides)
}

/// `%`: a format where the left side is a text, the remainder elsewhere.
fn modulo(state: &mut State<'_, '_>, left: Value, right: Value) -> Result<Value, Error> {
    if let Some(text) = left.as_str() {
        narrow(text)?;
        work::product(text.matches('%').count(), longest([&right]))?;
        let mut args = vec![left];
        match right.kind() {
            ValueKind::Seq if right.downcast_object_ref::<Tuple>().is_some() => args.extend(right.try_iter()?),
            ValueKind::Map => {
                let pairs = right.as_object().and_then(minijinja::value::DynObject::try_iter_pairs);
                let pairs = pairs.into_iter().flatten().map(|(key, value)| (key.to_string(), value));
                args.push(Value::from(pairs.collect::<Kwargs>()));
            }
            _ => args.push(right),
        }
        return state.apply_filter("format", &args);
    }
    match (left.as_i64(), right.as_i64()) {
        (Some(_), Some(0)) => Err(invalid("a division by zero")),
        (Some(left), Some(right)) => {
            let rest = left.checked_rem_euclid(right).unwrap_or(0);
            Ok(Value::from(if right < 0 && rest != 0 { rest + right } else { rest }))
        }
        _ => match (f64::try_from(left), f64::try_from(right)) {
            (Ok(left), Ok(right)) if right != 0.0 => Ok(Value::from(left.rem_euclid(right))),
            _ => Err(invalid("`%` needs numbers or a text")),
        },
    }
}

/// A value of Python's spelled in a text.
fn literal(value: &Value) -> Option<Value> {
    let text = value.as_str()?.trim();
    Some(match text {
        "True" | "true" => Value::from(true),
        "False" | "false" => Value::from(false),
        "None" | "none" | "null" => Value::from(()),
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) => Value::from(number),
            (_, Ok(number)) if number.is_finite() => Value::from(number),
            _ if text.starts_with(['[', '{']) => {
                let json = super::yaml::parse(text).ok()?;
                own_deep(&from_json(&json), 0)
            }
            _ => return None,
        },
    })
}

fn native(value: &Value, kind: ValueKind) -> Option<Value> {
    let read = literal(value).unwrap_or_else(|| value.clone());
    (read.kind() == kind).then_some(read)
}

/// Methods of Python's that neither our objects nor the renderer's companion have.
fn method(state: &mut State<'_, '_>, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        let argument = |index: usize| args.get(index).map(ToString::to_string);
        let width = |index: usize| args.get(index).and_then(Value::as_usize).unwrap_or(0).min(10_000);
        let length = text.chars().count();
        let padding = |width: usize, fill: Option<String>| {
            fill.unwrap_or_else(|| " ".to_owned()).repeat(width.saturating_sub(length))
        };
        match method {
            "format" => {
                narrow(text)?;
                work::product(text.matches('{').count(), longest(args))?;
            }
            "replace" => {
                let from = argument(0).unwrap_or_default();
                work::product(text.matches(&*from).count(), longest(&args[args.len().min(1)..]))?;
            }
            "join" => args.first().map_or(Ok(()), |items| work::text_of(items, text.len()))?,
            _ => {}
        }
        match method {
            "zfill" => {
                let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
                return Ok(Value::from(format!("{sign}{}{digits}", padding(width(0), Some("0".to_owned())))));
            }
            "ljust" => return Ok(Value::from(format!("{text}{}", padding(width(0), argument(1))))),
            "rjust" => return Ok(Value::from(format!("{}{text}", padding(width(0), argument(1))))),
            "encode" | "decode" | "expandtabs" | "casefold" | "swapcase" => {
                return Ok(Value::from(if method == "casefold" { text.to_lowercase() } else { text.to_owned() }));
            }
            "removeprefix" | "removesuffix" => {
                let part = argument(0).unwrap_or_default();
                let rest = if method == "removeprefix" { text.strip_prefix(&*part) } else { text.strip_suffix(&*part) };
                return Ok(Value::from(rest.unwrap_or(text)));
            }
            "partition" | "rpartition" => {
                let part = argument(0).unwrap_or_default();
                let found = if method == "partition" { text.split_once(&*part) } else { text.rsplit_once(&*part) };
                let parts = match found {
                    Some((before, after)) => [before, &part, after],
                    None if method == "partition" => [text, "", ""],
                    None => ["", "", text],
                };
                return Ok(Value::from(Tuple::from(parts.map(Value::from))));
            }
            "index" | "rindex" => {
                let part = argument(0).unwrap_or_default();
                let at = if method == "index" { text.find(&*part) } else { text.rfind(&*part) };
                let at = at.map(|at| text[..at].chars().count());
                return at.map(Value::from).ok_or_else(|| invalid("no such part of the text"));
            }
            "rsplit" => {
                let most = args.get(1).and_then(Value::as_usize);
                let separator = argument(0).filter(|separator| separator != "None");
                let mut parts: Vec<&str> = match (separator.as_deref(), most) {
                    (Some(separator), Some(most)) => text.rsplitn(most + 1, separator).collect(),
                    (Some(separator), None) => text.rsplit(separator).collect(),
                    (None, _) => text.split_whitespace().rev().collect(),
                };
                parts.reverse();
                return Ok(list(parts.into_iter().map(Value::from)));
            }
            "isidentifier" => {
                let plain = text.chars().all(|character| character.is_alphanumeric() || character == '_');
                return Ok(Value::from(plain && !text.starts_with(|first: char| first.is_ascii_digit())));
            }
            "isdecimal" => return Ok(Value::from(!text.is_empty() && text.chars().all(|one| one.is_ascii_digit()))),
            "__len__" => return Ok(Value::from(length)),
            "__str__" => return Ok(value.clone()),
            "__repr__" => return Ok(Value::from(representation(value))),
            _ => {}
        }
    }
    if method == "copy" && value.as_object().is_some() {
        return Ok(own(value.clone()));
    }
    if matches!(method, "index" | "count") && matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return list(value.try_iter()?).call_method(state, method, args);
    }
    minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args).map(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_width_of_a_format_is_limited() {
        for fine in ["select 20240101 as d, '%s' as x", "{} in 2024", "{:>10}", "%05d", "{0:.2f} 12345", "10:30000"] {
            assert!(narrow(fine).is_ok(), "{fine}");
        }
        for wide in ["%0100000d", "%99999s", "{:>99999999999}", "{0:100000}"] {
            assert!(narrow(wide).is_err(), "{wide}");
        }
    }
}
