//! Windows, edges and holidays as texts.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday};

use super::day::{Count, Day, Edge, Period, Side};
use super::{Holiday, Window};

/// Nobody counts further from the end of a year.
const FURTHEST: i32 = 366;
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];
const ANCHORS: [(&str, Period, Side); 6] = [
    ("month-start", Period::Month, Side::Start),
    ("month-end", Period::Month, Side::End),
    ("quarter-start", Period::Quarter, Side::Start),
    ("quarter-end", Period::Quarter, Side::End),
    ("year-start", Period::Year, Side::Start),
    ("year-end", Period::Year, Side::End),
];

/// Why a text is no window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadWindow(String);

impl fmt::Display for BadWindow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for BadWindow {}

fn bad<T>(message: impl Into<String>) -> Result<T, BadWindow> {
    Err(BadWindow(message.into()))
}

impl FromStr for Window {
    type Err = BadWindow;

    fn from_str(text: &str) -> Result<Self, BadWindow> {
        let text = text.trim();
        let (start, end) = match text.split_once("..") {
            Some((start, end)) => (edge(start)?, edge(end)?),
            None => {
                let edge = edge(text)?;
                if edge.time.is_some() {
                    return bad(format!("`{text}` is a moment: a window has two, with `..` between them"));
                }
                (edge, edge)
            }
        };
        match (start.day, end.day) {
            (Day::Date(first), Day::Date(last))
                if (last, end.time.unwrap_or(Time::MAX)) <= (first, start.time.unwrap_or(Time::MIN)) =>
            {
                return bad(format!("`{text}` ends before it begins"));
            }
            (Day::Date(_), _) | (_, Day::Date(_)) if !matches!((start.day, end.day), (Day::Date(_), Day::Date(_))) => {
                return bad(format!("`{text}` has one day with a year and one without"));
            }
            _ => {}
        }
        Ok(Self { text: text.to_owned(), start, end })
    }
}

impl FromStr for Holiday {
    type Err = BadWindow;

    fn from_str(text: &str) -> Result<Self, BadWindow> {
        match edge(text)? {
            Edge { day: Day::Date(date), time: None } => {
                Ok(Self { year: Some(date.year()), month: date.month(), day: date.day() })
            }
            Edge { day: Day::Yearly { month, day }, time: None } => Ok(Self { year: None, month, day }),
            _ => bad(format!("`{text}` is no date")),
        }
    }
}

fn edge(text: &str) -> Result<Edge, BadWindow> {
    let text = text.trim();
    let (day, time) = match text.split_once(' ') {
        Some((day, time)) => (day, Some(self::time(time.trim())?)),
        None => (text, None),
    };
    Ok(Edge { day: self::day(day)?, time })
}

fn time(text: &str) -> Result<Time, BadWindow> {
    let parsed = numbers(text, ':').and_then(|parts| match parts.as_slice() {
        [hour, minute] => Time::new(i8::try_from(*hour).ok()?, i8::try_from(*minute).ok()?, 0, 0).ok(),
        _ => None,
    });
    parsed.map_or_else(|| bad(format!("`{text}` is no time such as 16:30")), Ok)
}

fn day(text: &str) -> Result<Day, BadWindow> {
    let lower = text.to_ascii_lowercase();
    if let Some((_, weekday)) = WEEKDAYS.iter().find(|(name, _)| *name == lower || name.get(..3) == Some(&*lower)) {
        return Ok(Day::Weekday(*weekday));
    }
    if let Some((name, period, side)) = ANCHORS.iter().find(|(name, ..)| lower.starts_with(name)) {
        let (offset, count) = offset(&lower[name.len()..], text)?;
        return Ok(Day::Counted { period: *period, side: *side, offset, count });
    }
    let date = numbers(text, '-').and_then(|parts| match parts.as_slice() {
        [year, month, day] if *year >= 1_000 => {
            let date = Date::new(*year, i8::try_from(*month).ok()?, i8::try_from(*day).ok()?).ok()?;
            Some(Day::Date(date))
        }
        [month, day] => {
            let (month, day) = (i8::try_from(*month).ok()?, i8::try_from(*day).ok()?);
            // A year that has every day.
            Date::new(2_000, month, day).ok().map(|_| Day::Yearly { month, day })
        }
        _ => None,
    });
    date.map_or_else(|| bad(format!("`{text}` is no day")), Ok)
}

/// `+3`, `-2bd`, or nothing.
fn offset(text: &str, whole: &str) -> Result<(i32, Count), BadWindow> {
    if text.is_empty() {
        return Ok((0, Count::Calendar));
    }
    let (number, count) = match text.strip_suffix("bd") {
        Some(number) => (number, Count::Business),
        None => (text, Count::Calendar),
    };
    let digits = number.trim_start_matches(['+', '-']);
    let is_number =
        number.len() == digits.len() + 1 && !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    match number.parse::<i32>() {
        Ok(offset) if is_number && offset.abs() <= FURTHEST => Ok((offset, count)),
        Ok(offset) if is_number => bad(format!("`{whole}` counts {} days; the most is {FURTHEST}", offset.abs())),
        _ => bad(format!("`{whole}` is no day: after `month-end` comes nothing, `-2` or `+3bd`")),
    }
}

/// Numbers of digits alone, with a character between them.
fn numbers(text: &str, between: char) -> Option<Vec<i16>> {
    let parts = text.split(between).map(|part| {
        let is_number = !part.is_empty() && part.len() <= 4 && part.bytes().all(|c| c.is_ascii_digit());
        is_number.then(|| part.parse().ok()).flatten()
    });
    parts.collect()
}
