//! One edge of a window: which days it falls on, by date, weekday, or counted from where a month, a
//! quarter or a year begins or ends.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time, Weekday};

use super::Calendar;

/// How far is looked back and ahead: the 29th of February may be eight years away.
const SPAN: i32 = 3_000;

/// A day, and perhaps a time of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) day: Day,
    pub(super) time: Option<Time>,
}

/// A day that comes once or again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// Once.
    Date(Date),
    /// Each year.
    Yearly { month: i8, day: i8 },
    /// Each week.
    Weekday(Weekday),
    /// So many days from where a period begins or ends.
    Counted { period: Period, side: Side, offset: i32, count: Count },
}

/// What books are closed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Month,
    Quarter,
    Year,
}

/// Where days are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The first day of a period.
    Start,
    /// Its last day.
    End,
}

/// Which days are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// All.
    Calendar,
    /// Monday to Friday without holidays.
    Business,
}

impl Edge {
    /// The last time at or before `now` at which a window begins here.
    pub(super) fn last_start(&self, now: DateTime, calendar: &Calendar) -> Option<DateTime> {
        let from = now.date().saturating_sub(SPAN.days());
        self.days(from, now.date(), calendar)
            .into_iter()
            .map(|day| self.start_of(day))
            .filter(|start| *start <= now)
            .max()
    }

    /// The first time after `now` at which a window begins here.
    pub(super) fn first_start_after(&self, now: DateTime, calendar: &Calendar) -> Option<DateTime> {
        let to = now.date().saturating_add(SPAN.days());
        self.days(now.date(), to, calendar).into_iter().map(|day| self.start_of(day)).filter(|start| *start > now).min()
    }

    /// The first time after `start` at which a window ends here.
    pub(super) fn first_end_after(&self, start: DateTime, calendar: &Calendar) -> Option<DateTime> {
        let to = start.date().saturating_add(SPAN.days());
        let days = self.days(start.date(), to, calendar).into_iter();
        days.filter_map(|day| self.end_of(day)).filter(|end| *end > start).min()
    }

    fn start_of(&self, day: Date) -> DateTime {
        day.to_datetime(self.time.unwrap_or(Time::midnight()))
    }

    /// A day without a time is over when the next one begins.
    fn end_of(&self, day: Date) -> Option<DateTime> {
        match self.time {
            Some(time) => Some(day.to_datetime(time)),
            None => Some(day.tomorrow().ok()?.to_datetime(Time::midnight())),
        }
    }

    /// The days on which it falls, from one day to another.
    fn days(&self, from: Date, to: Date, calendar: &Calendar) -> Vec<Date> {
        let found: Vec<Date> = match self.day {
            Day::Date(date) => vec![date],
            Day::Yearly { month, day } => {
                (from.year()..=to.year()).filter_map(|year| Date::new(year, month, day).ok()).collect()
            }
            Day::Weekday(weekday) => {
                let first =
                    from.nth_weekday(1, weekday).ok().into_iter().chain((from.weekday() == weekday).then_some(from));
                let Some(first) = first.min() else { return Vec::new() };
                first.series(7.days()).take_while(|day| *day <= to).collect()
            }
            Day::Counted { period, side, offset, count } => {
                let first = period.index(from, calendar) - 100 / period.months();
                let last = period.index(to, calendar) + 100 / period.months();
                let days = (first..=last).filter_map(|index| {
                    let anchor = period.anchor(index, side, calendar)?;
                    counted(anchor, side, offset, count, calendar)
                });
                days.collect()
            }
        };
        found.into_iter().filter(|day| (from..=to).contains(day)).collect()
    }
}

impl Period {
    const fn months(self) -> i32 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }

    /// How many months the periods are off those that begin in January.
    fn shift(self, calendar: &Calendar) -> i32 {
        (i32::from(calendar.year_starts) - 1).rem_euclid(self.months())
    }

    /// The number of the period that a day is in.
    fn index(self, day: Date, calendar: &Calendar) -> i32 {
        let months = i32::from(day.year()) * 12 + i32::from(day.month()) - 1;
        (months - self.shift(calendar)).div_euclid(self.months())
    }

    /// The first or the last day of a period.
    fn anchor(self, index: i32, side: Side, calendar: &Calendar) -> Option<Date> {
        let first = |index: i32| {
            let months = index * self.months() + self.shift(calendar);
            let year = i16::try_from(months.div_euclid(12)).ok()?;
            let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
            Date::new(year, month, 1).ok()
        };
        match side {
            Side::Start => first(index),
            Side::End => first(index + 1)?.yesterday().ok(),
        }
    }
}

/// So many days from an anchor. In business days the count begins at the first of the period, or at its
/// last.
fn counted(anchor: Date, side: Side, offset: i32, count: Count, calendar: &Calendar) -> Option<Date> {
    /// Nobody lists more holidays in a row.
    const MOST: usize = 2_000;
    if count == Count::Calendar {
        return anchor.checked_add(offset.days()).ok();
    }
    let next = |day: Date, forward: bool| if forward { day.tomorrow().ok() } else { day.yesterday().ok() };
    let (mut day, mut left, mut steps) = (anchor, offset.abs(), 0);
    while !calendar.is_business_day(day) && steps < MOST {
        day = next(day, side == Side::Start)?;
        steps += 1;
    }
    while left > 0 && steps < MOST {
        day = next(day, offset > 0)?;
        left -= i32::from(calendar.is_business_day(day));
        steps += 1;
    }
    (left == 0).then_some(day)
}
