//! Dates and times as templates and events need them: to add days, to format, to compare. No clock:
//! whoever wants a moment gives it.

use std::fmt::Write as _;

mod rfc3339;

pub use rfc3339::{NoMoment, Rfc3339};

/// A moment, in seconds since 1970, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    seconds: i64,
    date_only: bool,
}

/// A difference between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// In seconds.
    pub(crate) seconds: i64,
}

const DAY: i64 = 86_400;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl Moment {
    /// The one moment at which everything is rendered: the start of 2000.
    pub(crate) const START: Self = Self { seconds: 946_684_800, date_only: false };

    /// A moment from year, month, day and hour, minute, second; `None` if there is none such.
    pub(crate) fn new(date: [i64; 3], time: [i64; 3], date_only: bool) -> Option<Self> {
        let [year, month, day] = date;
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && (0..24).contains(&time[0])
            && time[1..].iter().all(|part| (0..60).contains(part));
        let seconds = days(year, month, day) * DAY + time[0] * 3_600 + time[1] * 60 + time[2];
        valid.then_some(Self { seconds, date_only })
    }

    /// A moment in seconds since 1970; the nearest in years of four digits.
    pub(crate) const fn from_seconds(seconds: i64) -> Self {
        const FIRST: i64 = -62_135_596_800;
        const LAST: i64 = 253_402_300_799;
        let seconds = if seconds < FIRST { FIRST } else { seconds };
        Self { seconds: if seconds > LAST { LAST } else { seconds }, date_only: false }
    }

    /// Whether it is a date without a time.
    pub(crate) const fn is_date(self) -> bool {
        self.date_only
    }

    /// Seconds since 1970.
    pub(crate) const fn seconds(self) -> i64 {
        self.seconds
    }

    /// The start of its day, as a date.
    pub(crate) const fn midnight(self) -> Self {
        Self { seconds: self.seconds - self.seconds.rem_euclid(DAY), date_only: true }
    }

    /// Later by a span, or earlier if `sign` is negative.
    pub(crate) fn plus(self, span: Span, sign: i64) -> Option<Self> {
        let seconds = self.seconds.checked_add(span.seconds.checked_mul(sign)?)?;
        // From the start of year 1 to the end of year 9999, as Python has it.
        (-62_135_596_800..253_402_300_800).contains(&seconds).then_some(Self { seconds, ..self })
    }

    /// Year, month and day.
    pub(crate) fn date(self) -> (i64, i64, i64) {
        let mut rest = self.seconds.div_euclid(DAY);
        // 400 years have 146097 days; a count of years by their mean length is never off by more than one.
        let mut year = 1970 + rest * 400 / 146_097;
        while days(year, 1, 1) > rest {
            year -= 1;
        }
        while days(year + 1, 1, 1) <= rest {
            year += 1;
        }
        rest -= days(year, 1, 1);
        let mut month = 1;
        while rest >= days_in(year, month) {
            rest -= days_in(year, month);
            month += 1;
        }
        (year, month, rest + 1)
    }

    /// Hour, minute and second.
    pub(crate) fn time(self) -> (i64, i64, i64) {
        let rest = self.seconds.rem_euclid(DAY);
        (rest / 3_600, rest / 60 % 60, rest % 60)
    }

    /// The day of the week, Monday is 0.
    pub(crate) fn weekday(self) -> i64 {
        (self.seconds.div_euclid(DAY) + 3).rem_euclid(7)
    }

    /// As `strftime` writes it.
    pub(crate) fn format(self, format: &str) -> String {
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        let name = |names: &'static [&'static str], index: i64| {
            usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
        };
        let mut text = String::new();
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                text.push(character);
                continue;
            }
            let mut code = characters.next();
            let padded = code != Some('-');
            if !padded {
                code = characters.next();
            }
            let mut two = |value: i64| {
                let _ = if padded { write!(text, "{value:02}") } else { write!(text, "{value}") };
            };
            match code {
                Some('Y') => {
                    let _ = write!(text, "{year:04}");
                }
                Some('y') => two(year % 100),
                Some('m') => two(month),
                Some('d') => two(day),
                Some('H') => two(hour),
                Some('I') => two((hour + 11) % 12 + 1),
                Some('M') => two(minute),
                Some('S') => two(second),
                Some('j') => {
                    let _ = write!(text, "{:03}", days(year, month, day) - days(year, 1, 1) + 1);
                }
                Some('f') => text.push_str("000000"),
                Some('B') => text.push_str(name(&MONTHS, month - 1)),
                Some('b') => text.push_str(&name(&MONTHS, month - 1)[..3]),
                Some('A') => text.push_str(name(&WEEKDAYS, self.weekday())),
                Some('a') => text.push_str(&name(&WEEKDAYS, self.weekday())[..3]),
                Some('p') => text.push_str(if hour < 12 { "AM" } else { "PM" }),
                Some('z') => text.push_str("+0000"),
                Some('Z') => text.push_str("UTC"),
                Some('F') => text.push_str(&self.format("%Y-%m-%d")),
                Some('T') => text.push_str(&self.format("%H:%M:%S")),
                Some('%') => text.push('%'),
                Some(other) => {
                    text.push('%');
                    text.push(other);
                }
                None => text.push('%'),
            }
        }
        text
    }

    /// As `strptime` reads it.
    pub(crate) fn parse(text: &str, format: &str) -> Option<Self> {
        let mut rest = text.trim();
        let (mut date, mut time) = ([1900, 1, 1], [0; 3]);
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                rest = rest.strip_prefix(character)?;
                continue;
            }
            let width = |most: usize| rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
            let (place, most) = match characters.next()? {
                'Y' => (&mut date[0], 4),
                'm' => (&mut date[1], 2),
                'd' => (&mut date[2], 2),
                'H' => (&mut time[0], 2),
                'M' => (&mut time[1], 2),
                'S' => (&mut time[2], 2),
                'f' => {
                    rest = &rest[width(6)..];
                    continue;
                }
                'z' | 'Z' => {
                    rest = "";
                    continue;
                }
                _ => return None,
            };
            let end = width(most);
            *place = rest.get(..end)?.parse().ok()?;
            rest = &rest[end..];
        }
        if rest.is_empty() { Self::new(date, time, false) } else { None }
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970 of a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let of_years = before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 719_162;
    of_years + (1..month).map(|month| days_in(year, month)).sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_at_the_start_of_2000() {
        assert_eq!(Moment::START.format("%Y-%m-%d %H:%M:%S %A %j"), "2000-01-01 00:00:00 Saturday 001");
    }

    #[test]
    fn dates_survive_the_round_trip() {
        for text in ["1970-01-01", "1999-12-31", "2000-02-29", "2024-02-29", "2100-03-01", "1969-12-31", "0001-01-01"] {
            assert_eq!(Moment::parse(text, "%Y-%m-%d").unwrap().format("%Y-%m-%d"), text);
        }
        assert_eq!(Moment::parse("2023-02-29", "%Y-%m-%d"), None);
    }

    #[test]
    fn a_span_moves_a_date() {
        let moved = Moment::START.plus(Span { seconds: DAY }, -1).unwrap();
        assert_eq!(moved.format("%Y-%m-%d %a"), "1999-12-31 Fri");
    }
}
