//! Two versions of rows that are given as a file, compared as data: by key where there is one, else as a
//! bag. How the file is written, and the order of its rows, does not count. It must not know where files
//! are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::name::ColumnName;
use crate::relation::Relation;

use super::{Effect, EffectKind};

/// Files of more bytes are not compared row by row.
const LARGEST: usize = 16 << 20;
/// Nor are those with more values.
const MOST_VALUES: usize = 2_000_000;

/// What the comparison of two files says.
pub(super) enum Compared {
    /// The same rows.
    Same,
    /// They differ in this, and in nothing else.
    Differ(Vec<Effect>),
    /// It is not worked out.
    Unclear(&'static str),
}

/// Compares the rows of two versions of a relation.
pub(super) fn compare(base: (&Relation, &str), head: (&Relation, &str)) -> Compared {
    if base.1.len().max(head.1.len()) > LARGEST {
        return Compared::Unclear("it is too large to be compared row by row");
    }
    let (old, new) = match (Rows::of(base.0, base.1), Rows::of(head.0, head.1)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(why), _) | (_, Err(why)) => return Compared::Unclear(why),
    };
    let shared: Vec<&ColumnName> = old.columns.keys().filter(|name| new.columns.contains_key(name)).collect();
    if shared.is_empty() {
        return Compared::Unclear("no column is in both versions");
    }
    let mut effects = retyped(&old, &new, &shared, (base.0, head.0));
    match key(&old, &new, &shared, (base.0, head.0)) {
        Some(key) => by_key(&old, &new, &shared, &key, &mut effects),
        None => as_bag(&old, &new, &shared, &mut effects),
    }
    for key in declared_keys(base.0).filter(|key| old.is_unique(key)) {
        let is_there = key.iter().all(|column| new.columns.contains_key(column));
        if is_there && !new.is_unique(&key) {
            let detail = format!("{} is no longer unique in the file", names(&key));
            effects.push(Effect::on_relation(EffectKind::RowsDuplicated, detail));
        }
    }
    if effects.is_empty() { Compared::Same } else { Compared::Differ(effects) }
}

/// The rows of a file.
struct Rows<'t> {
    /// The place of each column.
    columns: BTreeMap<ColumnName, usize>,
    rows: Vec<Vec<std::borrow::Cow<'t, str>>>,
}

impl<'t> Rows<'t> {
    fn of(relation: &Relation, text: &'t str) -> Result<Self, &'static str> {
        let delimiter = match relation.config.get("delimiter").map(|text| text.chars().collect::<Vec<char>>()) {
            None => ',',
            Some(letters) => match letters.as_slice() {
                [one] => *one,
                _ => return Err("its delimiter is not known"),
            },
        };
        let mut records = records(text, delimiter).ok_or("a quoted value does not end")?.into_iter();
        let header = records.next().ok_or("it has no header")?;
        let mut columns = BTreeMap::new();
        for (place, name) in header.iter().enumerate() {
            let is_it = |column: &&ColumnName| column.as_str().eq_ignore_ascii_case(name.trim());
            let mut found = relation.schema.columns.iter().map(|column| &column.name).filter(is_it);
            let (Some(column), None) = (found.next(), found.next()) else {
                return Err("its header is not understood");
            };
            if columns.insert(column.clone(), place).is_some() {
                return Err("two of its columns have one name");
            }
        }
        let rows: Vec<_> = records.collect();
        if rows.iter().any(|row| row.len() != header.len()) {
            return Err("its rows are not of one length");
        }
        if rows.len().saturating_mul(header.len()) > MOST_VALUES {
            return Err("it is too large to be compared row by row");
        }
        Ok(Self { columns, rows })
    }

    fn places(&self, columns: &[ColumnName]) -> Option<Vec<usize>> {
        columns.iter().map(|column| self.columns.get(column).copied()).collect()
    }

    /// Whether no two rows have the same values in some columns, none of them empty.
    fn is_unique(&self, columns: &[ColumnName]) -> bool {
        let Some(places) = self.places(columns) else { return false };
        let mut seen = BTreeSet::new();
        !places.is_empty()
            && self.rows.iter().all(|row| {
                let values: Vec<&str> = places.iter().map(|place| &*row[*place]).collect();
                values.iter().all(|value| !value.is_empty()) && seen.insert(values)
            })
    }
}

/// The records of a text of values between delimiters; none where quotes do not match.
fn records(text: &str, delimiter: char) -> Option<Vec<Vec<std::borrow::Cow<'_, str>>>> {
    use std::borrow::Cow;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut records = Vec::new();
    let mut record: Vec<Cow<'_, str>> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let value: Cow<'_, str> = if let Some(quoted) = rest.strip_prefix('"') {
            let mut value = String::new();
            let mut left = quoted;
            loop {
                let end = left.find('"')?;
                value.push_str(&left[..end]);
                left = &left[end + 1..];
                match left.strip_prefix('"') {
                    Some(more) => {
                        value.push('"');
                        left = more;
                    }
                    None => break,
                }
            }
            // What follows the closing quote is part of the value.
            let end = left.find([delimiter, '\n', '\r']).unwrap_or(left.len());
            value.push_str(&left[..end]);
            rest = &left[end..];
            // Some loaders take a bare nothing for NULL, and a quoted one for a text.
            if value.is_empty() {
                value.push_str("\"\"");
            }
            Cow::Owned(value)
        } else {
            let end = rest.find([delimiter, '\n', '\r']).unwrap_or(rest.len());
            let value = &rest[..end];
            rest = &rest[end..];
            Cow::Borrowed(value)
        };
        record.push(value);
        if let Some(more) = rest.strip_prefix(delimiter) {
            rest = more;
            if rest.is_empty() {
                record.push(Cow::Borrowed(""));
            }
            continue;
        }
        rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\r', '\n'])).unwrap_or(rest);
        records.push(std::mem::take(&mut record));
    }
    if !record.is_empty() {
        records.push(record);
    }
    Some(records)
}

fn names(columns: &[ColumnName]) -> String {
    columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn declared_keys(relation: &Relation) -> impl Iterator<Item = Vec<ColumnName>> + '_ {
    relation.schema.keys.iter().map(|key| key.columns.clone())
}

/// Columns that tell rows apart in both versions: those that are declared, else the first that do.
fn key(
    old: &Rows<'_>,
    new: &Rows<'_>,
    shared: &[&ColumnName],
    (base, head): (&Relation, &Relation),
) -> Option<Vec<ColumnName>> {
    /// Of so many columns, two are tried together.
    const PAIRED: usize = 4;
    let tells = |key: &Vec<ColumnName>| old.is_unique(key) && new.is_unique(key);
    let mut in_order: Vec<&ColumnName> = shared.to_vec();
    in_order.sort_by_key(|column| new.columns.get(column).copied());
    let singles = in_order.iter().map(|column| vec![(*column).clone()]);
    let first = &in_order[..in_order.len().min(PAIRED)];
    let pairs = first
        .iter()
        .enumerate()
        .flat_map(|(at, one)| first[at + 1..].iter().map(move |other| vec![(*one).clone(), (*other).clone()]));
    declared_keys(head).chain(declared_keys(base)).chain(singles).chain(pairs).find(tells)
}

fn counted(number: usize) -> String {
    if number == 1 { "1 row".to_owned() } else { format!("{number} rows") }
}

fn by_key(old: &Rows<'_>, new: &Rows<'_>, shared: &[&ColumnName], key: &[ColumnName], effects: &mut Vec<Effect>) {
    let (Some(before), Some(after)) = (old.places(key), new.places(key)) else { return };
    fn of<'r>(row: &'r [std::borrow::Cow<'_, str>], places: &[usize]) -> Vec<&'r str> {
        places.iter().map(|place| &*row[*place]).collect()
    }
    let known: HashMap<Vec<&str>, usize> =
        old.rows.iter().enumerate().map(|(at, row)| (of(row, &before), at)).collect();
    let mut kept = 0;
    let mut come = 0;
    let mut differing: BTreeMap<&ColumnName, usize> = BTreeMap::new();
    for row in &new.rows {
        let Some(was) = known.get(&of(row, &after)).and_then(|at| old.rows.get(*at)) else {
            come += 1;
            continue;
        };
        kept += 1;
        for column in shared {
            let value = |rows: &Rows<'_>, row: &[std::borrow::Cow<'_, str>]| {
                rows.columns.get(*column).map(|place| row[*place].to_string())
            };
            if value(old, was) != value(new, row) {
                *differing.entry(*column).or_default() += 1;
            }
        }
    }
    let by = names(key);
    if come > 0 {
        effects.push(Effect::on_relation(EffectKind::RowsAdded, format!("{} more, by {by}", counted(come))));
    }
    let gone = old.rows.len() - kept;
    if gone > 0 {
        effects.push(Effect::on_relation(EffectKind::RowsRemoved, format!("{} gone, by {by}", counted(gone))));
    }
    for (column, number) in differing {
        let detail = format!("another value in {}, by {by}", counted(number));
        effects.push(Effect::on_column(EffectKind::Revalued, column, detail));
    }
}

fn as_bag(old: &Rows<'_>, new: &Rows<'_>, shared: &[&ColumnName], effects: &mut Vec<Effect>) {
    let mut balance: HashMap<Vec<&str>, (usize, usize)> = HashMap::new();
    for row in &old.rows {
        let values = shared.iter().filter_map(|column| old.columns.get(*column)).map(|place| &*row[*place]);
        balance.entry(values.collect()).or_default().0 += 1;
    }
    for row in &new.rows {
        let values = shared.iter().filter_map(|column| new.columns.get(*column)).map(|place| &*row[*place]);
        balance.entry(values.collect()).or_default().1 += 1;
    }
    let sum = |of: &dyn Fn(usize, usize) -> usize| balance.values().map(|(was, is)| of(*was, *is)).sum::<usize>();
    let come = sum(&|was, is| if was == 0 { is } else { 0 });
    let repeated = sum(&|was, is| if was > 0 { is.saturating_sub(was) } else { 0 });
    let gone = sum(&|was, is| was.saturating_sub(is));
    for (kind, number, words) in [
        (EffectKind::RowsAdded, come, "new"),
        (EffectKind::RowsDuplicated, repeated, "repeated"),
        (EffectKind::RowsRemoved, gone, "gone"),
    ] {
        if number > 0 {
            effects.push(Effect::on_relation(kind, format!("{} {words}", counted(number))));
        }
    }
}

/// What the values of a column look like, where that decides its type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// There are none.
    Empty,
    Integers,
    Decimals,
    Dates,
    Booleans,
    /// A value that can be nothing else is among them.
    Text,
    /// How a loader takes them is not known.
    Unclear,
}

/// Columns whose type a loader finds by the values, and that look otherwise now.
fn retyped(
    old: &Rows<'_>,
    new: &Rows<'_>,
    shared: &[&ColumnName],
    (base, head): (&Relation, &Relation),
) -> Vec<Effect> {
    let mut effects = Vec::new();
    for column in shared {
        let has_type = |relation: &Relation| {
            relation.schema.columns.iter().any(|known| known.name == **column && !known.data_type.is_empty())
        };
        if has_type(base) && has_type(head) {
            continue;
        }
        let (Some(before), Some(after)) = (old.columns.get(*column), new.columns.get(*column)) else { continue };
        let values = |rows: &'_ Rows<'_>, place: usize| -> BTreeSet<String> {
            rows.rows.iter().map(|row| row[place].to_string()).collect()
        };
        let (before, after) = (values(old, *before), values(new, *after));
        if before == after {
            continue;
        }
        let (was, is) = (look(&before), look(&after));
        if was != is || is == Look::Unclear {
            let detail = "its values look otherwise, and by them its type is found";
            effects.push(Effect::on_column(EffectKind::Retyped, column, detail));
        }
    }
    effects
}

fn look(values: &BTreeSet<String>) -> Look {
    let values: Vec<&str> = values.iter().map(String::as_str).filter(|value| !value.is_empty()).collect();
    let digits = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
    let unsigned = |text: &str| text.strip_prefix('-').unwrap_or(text).to_owned();
    let is_integer = |value: &str| digits(&unsigned(value));
    let is_decimal = |value: &str| match unsigned(value).split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part),
        None => false,
    };
    let is_date = |value: &str| {
        let parts: Vec<&str> = value.split('-').collect();
        matches!(parts.as_slice(), [year, month, day]
            if year.len() == 4 && month.len() == 2 && day.len() == 2 && parts.iter().all(|part| digits(part)))
    };
    let is_boolean = |value: &str| value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false");
    // Words that loaders read as something else than text are short; a number has no two letters in a row
    // that are not among these.
    let is_text = |value: &str| {
        let lower = value.to_lowercase();
        const READ: [&str; 20] = [
            "true", "false", "null", "none", "nan", "inf", "infinity", "yes", "no", "on", "off", "n/a", "na", "utc",
            "gmt", "today", "now", "am", "pm", "nil",
        ];
        let longest = lower.split(|letter: char| !letter.is_alphabetic()).map(str::len).max().unwrap_or_default();
        longest > 3 && !READ.contains(&&*lower) && !value.chars().any(|letter| letter.is_ascii_digit())
    };
    if values.is_empty() {
        Look::Empty
    } else if values.iter().all(|value| is_integer(value)) {
        Look::Integers
    } else if values.iter().all(|value| is_integer(value) || is_decimal(value)) {
        Look::Decimals
    } else if values.iter().all(|value| is_date(value)) {
        Look::Dates
    } else if values.iter().all(|value| is_boolean(value)) {
        Look::Booleans
    } else if values.iter().any(|value| is_text(value) || is_version(value) || is_identifier(value)) {
        Look::Text
    } else {
        Look::Unclear
    }
}

/// Whether a value is a number of a version, such as `10.11.0`, and no date: of these a year has two digits or four.
fn is_version(value: &str) -> bool {
    let parts: Vec<&str> = value.strip_prefix('v').unwrap_or(value).split('.').collect();
    let are_digits = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|letter| letter.is_ascii_digit()));
    let has_year = |part: Option<&&str>| part.is_some_and(|part| matches!(part.len(), 2 | 4));
    let may_be_date = parts.len() == 3 && (has_year(parts.last()) || parts.first().is_some_and(|part| part.len() == 4));
    parts.len() > 2 && are_digits && !may_be_date
}

/// Whether a value is letters and digits in turns, as identifiers have them that a machine makes up, and neither a
/// number with an exponent nor a moment.
fn is_identifier(value: &str) -> bool {
    const READ: [&str; 28] = [
        "e", "x", "t", "z", "w", "p", "am", "pm", "utc", "gmt", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug",
        "sep", "oct", "nov", "dec", "st", "nd", "rd", "th", "inf", "nan",
    ];
    let lower = value.to_lowercase();
    let is_long = lower.len() >= 12 && lower.bytes().all(|letter| letter.is_ascii_alphanumeric());
    let is_spelled = lower.starts_with("0x") || lower.starts_with('p');
    let runs = lower.split(|letter: char| letter.is_ascii_digit()).filter(|run| !run.is_empty());
    let strange = runs.filter(|run| !READ.contains(run)).count();
    is_long && !is_spelled && strange > 1 && lower.bytes().any(|letter| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests;
