//! Freeze windows: days and hours in which a job must be left alone, as people who close books write
//! them. Times are those of a zone; there is no clock here: whoever asks brings the moment.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

mod day;
mod parse;

use day::Edge;
pub use parse::BadWindow;

/// A stretch of time that may come again and again: `month-end-2..month-start+3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    text: String,
    start: Edge,
    end: Edge,
}

/// How days are counted, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    /// Days off besides Saturdays and Sundays.
    holidays: Vec<Holiday>,
    /// The month in which a year of the books begins, from 1.
    year_starts: i8,
}

/// A day off, in one year or in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holiday {
    year: Option<i16>,
    month: i8,
    day: i8,
}

/// Windows, and the calendar that they are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// The windows, as written.
    pub windows: Vec<Window>,
    /// The calendar.
    pub calendar: Calendar,
}

/// A freeze that holds at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The window, as written.
    pub window: String,
    /// When it is over, for people: `until the end of Thu 3 December 2026 (Europe/Berlin)`.
    pub until: String,
    /// The same as a moment.
    pub ends: Timestamp,
}

/// There is no time zone of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoZone;

impl Default for Calendar {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, holidays: Vec::new(), year_starts: 1 }
    }
}

impl Calendar {
    /// The same in a time zone, such as `Europe/Berlin`.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn in_zone(mut self, name: &str) -> Result<Self, NoZone> {
        self.zone = TimeZone::get(name).map_err(|_| NoZone)?;
        Ok(self)
    }

    /// The same with days off.
    #[must_use]
    pub fn with_holidays(mut self, holidays: Vec<Holiday>) -> Self {
        self.holidays = holidays;
        self
    }

    /// The same with years that begin in a month, from 1 to 12.
    #[must_use]
    pub fn with_years_from(mut self, month: i8) -> Self {
        self.year_starts = month.clamp(1, 12);
        self
    }

    /// What the time zone is called.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The next morning at eight after a moment, or the next Monday's.
    #[must_use]
    pub fn morning_after(&self, moment: Timestamp, is_weekly: bool) -> Timestamp {
        let now = self.local(moment);
        let eight = jiff::civil::Time::constant(8, 0, 0, 0);
        let days = now.date().series(jiff::ToSpan::days(1)).take(9);
        let mornings = days.map(|day| day.to_datetime(eight)).filter(|morning| *morning > now);
        let mut wanted = mornings.filter(|morning| !is_weekly || morning.weekday() == jiff::civil::Weekday::Monday);
        let zoned = wanted.next().and_then(|morning| morning.to_zoned(self.zone.clone()).ok());
        zoned.map_or(moment, |morning| morning.timestamp())
    }

    /// A moment for people: `Mon 23 November 2026, 08:00 (UTC)`.
    #[must_use]
    pub fn shown(&self, moment: Timestamp) -> String {
        format!("{} ({})", self.local(moment).strftime("%a %-d %B %Y, %H:%M"), self.zone())
    }

    fn is_business_day(&self, date: Date) -> bool {
        let is_off = |holiday: &Holiday| {
            holiday.year.is_none_or(|year| year == date.year())
                && (holiday.month, holiday.day) == (date.month(), date.day())
        };
        date.weekday().to_monday_zero_offset() < 5 && !self.holidays.iter().any(is_off)
    }

    fn local(&self, moment: Timestamp) -> DateTime {
        self.zone.to_datetime(moment)
    }
}

impl Window {
    /// When the window ends that a local time lies in, if it lies in one.
    fn end_at(&self, now: DateTime, calendar: &Calendar) -> Option<DateTime> {
        // Of two windows of one rule the later does not end earlier, so the last to begin decides.
        let start = self.start.last_start(now, calendar)?;
        let end = self.end.first_end_after(start, calendar)?;
        (end > now).then_some(end)
    }

    /// When it next begins after a local time.
    fn next_start(&self, now: DateTime, calendar: &Calendar) -> Option<DateTime> {
        self.start.first_start_after(now, calendar)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl Freeze {
    /// Whether a moment lies in a window, and until when it is frozen: windows that meet are one.
    #[must_use]
    pub fn at(&self, moment: Timestamp) -> Option<Frozen> {
        /// More windows than these do not follow each other without a gap.
        const MOST: usize = 60;
        let end_at = |time: DateTime| {
            let ends = self.windows.iter().filter_map(|window| Some((window.end_at(time, &self.calendar)?, window)));
            ends.max_by_key(|(end, _)| *end)
        };
        let now = self.calendar.local(moment);
        let (mut end, window) = end_at(now)?;
        for _ in 0..MOST {
            match end_at(end) {
                Some((later, _)) => end = later,
                None => break,
            }
        }
        let ends = end.to_zoned(self.calendar.zone.clone()).map_or(moment, |end| end.timestamp());
        Some(Frozen { window: window.to_string(), until: self.until(end), ends })
    }

    /// When the next window begins, for people.
    #[must_use]
    pub fn next(&self, moment: Timestamp) -> Option<String> {
        let now = self.calendar.local(moment);
        let next = self.windows.iter().filter_map(|window| window.next_start(now, &self.calendar)).min()?;
        let time = if next.time() == jiff::civil::Time::midnight() { "" } else { " %H:%M" };
        Some(format!("from {} ({})", next.strftime(&format!("%a %-d %B %Y{time}")), self.calendar.zone()))
    }

    fn until(&self, end: DateTime) -> String {
        let zone = self.calendar.zone();
        let last_day = (end.time() == jiff::civil::Time::midnight()).then(|| end.date().yesterday().ok()).flatten();
        match last_day {
            Some(day) => format!("until the end of {} ({zone})", day.strftime("%a %-d %B %Y")),
            None => format!("until {} ({zone})", end.strftime("%a %-d %B %Y, %H:%M")),
        }
    }
}

#[cfg(test)]
mod tests;
