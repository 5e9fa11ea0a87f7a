//! Moments as RFC 3339 writes them. No clock.

use std::fmt;
use std::str::FromStr;

use super::Moment;

/// A moment that was checked to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rfc3339(String);

/// The text is no moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoMoment;

impl fmt::Display for NoMoment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("it is no moment such as 2026-01-31T12:00:00Z")
    }
}

impl std::error::Error for NoMoment {}

impl fmt::Display for Rfc3339 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Rfc3339 {
    /// A moment in seconds since the beginning of 1970, in UTC.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(Moment::from_seconds(seconds).format("%Y-%m-%dT%H:%M:%SZ"))
    }

    /// Seconds since the beginning of 1970, in UTC; fractions are dropped.
    #[must_use]
    pub fn seconds(&self) -> Option<i64> {
        let local = Moment::parse(&self.0.get(..19)?.replace('t', "T"), "%Y-%m-%dT%H:%M:%S")?.seconds();
        let zone = self.0.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
        let Some((hours, minutes)) = zone.get(1..).and_then(|zone| zone.split_once(':')) else { return Some(local) };
        let offset = hours.parse::<i64>().ok()? * 3_600 + minutes.parse::<i64>().ok()? * 60;
        Some(if zone.starts_with('-') { local + offset } else { local - offset })
    }
}

impl FromStr for Rfc3339 {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        is_moment(text).then(|| Self(text.to_owned())).ok_or(NoMoment)
    }
}

fn is_moment(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    let Some(date) = numbers(date, '-', &[4, 2, 2]) else { return false };
    let (time, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, "00:00"),
        None => time.split_once(['+', '-']).unwrap_or_default(),
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let Some(time) = numbers(time, ':', &[2, 2, 2]) else { return false };
    let offset = numbers(offset, ':', &[2, 2]).is_some_and(|offset| offset[0] < 24 && offset[1] < 60);
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|c| c.is_ascii_digit());
    let there = Moment::new([date[0], date[1], date[2]], [time[0], time[1], time[2]], false).is_some();
    there && offset && is_fraction
}

/// Numbers with so many digits each, and one character between them.
fn numbers(text: &str, between: char, digits: &[usize]) -> Option<Vec<i64>> {
    let parts: Vec<&str> = text.split(between).collect();
    let is_number = |(part, digits): (&&str, &usize)| part.len() == *digits && part.bytes().all(|c| c.is_ascii_digit());
    let fits = parts.len() == digits.len() && parts.iter().zip(digits).all(is_number);
    fits.then(|| parts.iter().filter_map(|part| part.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_a_moment() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
            (i64::MAX, "9999-12-31T23:59:59Z"),
            (i64::MIN, "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(Rfc3339::from_seconds(seconds).to_string(), text);
        }
    }

    #[test]
    fn only_moments_are_taken() {
        for text in ["2026-01-31T12:00:00Z", "2024-02-29t23:59:59.5+02:00", "2026-12-31T00:00:00-11:30"] {
            assert!(text.parse::<Rfc3339>().is_ok(), "{text}");
        }
        for text in [
            "",
            "2026-01-31",
            "2026-01-31 12:00:00Z",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00Z",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00+2:00",
            "2026-01-31T12:00:00+",
            "2026-01-31-01T12:00:00Z",
            "٢٠٢٦-01-31T12:00:00Z",
        ] {
            assert!(text.parse::<Rfc3339>().is_err(), "{text}");
        }
    }
}
