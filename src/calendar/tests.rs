//! Windows as finance writes them, and the moments that lie in them.

use super::*;

fn freeze(windows: &[&str], calendar: Calendar) -> Freeze {
    Freeze { windows: windows.iter().map(|text| text.parse().unwrap()).collect(), calendar }
}

fn at(windows: &[&str], calendar: &Calendar, moment: &str) -> String {
    let found = freeze(windows, calendar.clone()).at(moment.parse().unwrap());
    found.map_or("open".to_owned(), |frozen| format!("{} {}", frozen.window, frozen.until))
}

#[test]
fn windows_are_where_one_would_look_for_them() {
    let utc = Calendar::default();
    for (window, inside, until, outside) in [
        (
            "2026-12-24",
            &["2026-12-24T00:00:00Z", "2026-12-24T23:59:59Z"][..],
            "the end of Thu 24 December 2026",
            &["2026-12-23T23:59:59Z", "2026-12-25T00:00:00Z", "2025-12-24T12:00:00Z"][..],
        ),
        (
            "2026-12-20..2027-01-03",
            &["2026-12-20T00:00:00Z", "2027-01-03T23:00:00Z"],
            "the end of Sun 3 January 2027",
            &["2027-01-04T00:00:00Z"],
        ),
        (
            "12-24..01-02",
            &["2026-12-24T00:00:00Z", "2027-01-02T12:00:00Z"],
            "the end of Sat 2 January 2027",
            &["2026-12-23T12:00:00Z", "2027-01-03T00:00:00Z"],
        ),
        (
            "month-end-2..month-start+3",
            &["2026-11-28T00:00:00Z", "2026-11-30T12:00:00Z", "2026-12-04T23:00:00Z"],
            "the end of Fri 4 December 2026",
            &["2026-11-27T23:59:00Z", "2026-12-05T00:00:00Z"],
        ),
        ("month-end", &["2027-02-28T08:00:00Z"], "the end of Sun 28 February 2027", &["2027-02-27T08:00:00Z"]),
        (
            "quarter-end-5..quarter-start+9",
            &["2026-12-26T00:00:00Z", "2027-01-10T12:00:00Z"],
            "the end of Sun 10 January 2027",
            &["2026-11-30T12:00:00Z", "2027-01-11T00:00:00Z"],
        ),
        (
            "year-end-10..year-start+14",
            &["2026-12-21T00:00:00Z", "2027-01-15T12:00:00Z"],
            "the end of Fri 15 January 2027",
            &["2026-09-30T12:00:00Z"],
        ),
        (
            "friday",
            &["2026-11-27T12:00:00Z"],
            "the end of Fri 27 November 2026",
            &["2026-11-26T12:00:00Z", "2026-11-28T12:00:00Z"],
        ),
        (
            "Fri 16:00..mon 08:00",
            &["2026-11-27T16:00:00Z", "2026-11-30T07:59:00Z"],
            "Mon 30 November 2026, 08:00",
            &["2026-11-27T15:59:00Z", "2026-11-30T08:00:00Z"],
        ),
        (
            "quarter-end-1..month-start+2",
            &["2026-12-30T12:00:00Z", "2027-01-03T12:00:00Z"],
            "the end of Sun 3 January 2027",
            &["2026-11-30T12:00:00Z"],
        ),
        ("month-start..month-end", &["2026-11-01T00:00:00Z"], "the end of", &[]),
        ("02-29", &["2028-02-29T12:00:00Z"], "the end of Tue 29 February 2028", &["2027-02-28T12:00:00Z"]),
    ] {
        for moment in inside {
            let found = at(&[window], &utc, moment);
            assert!(found.starts_with(&format!("{window} until {until}")), "{window} at {moment}: {found}");
        }
        for moment in outside {
            assert_eq!(at(&[window], &utc, moment), "open", "{window} at {moment}");
        }
    }
}

#[test]
fn business_days_leave_out_weekends_and_holidays() {
    let plain = Calendar::default();
    let with = plain.clone().with_holidays(vec!["12-01".parse().unwrap(), "2026-11-30".parse().unwrap()]);
    // November 2026 ends on a Monday; the first of December is a Tuesday.
    let last = |calendar: &Calendar, moment| at(&["month-end-2bd..month-start+3bd"], calendar, moment);
    assert_eq!(last(&plain, "2026-11-25T12:00:00Z"), "open");
    assert_eq!(
        last(&plain, "2026-11-26T00:00:00Z"),
        "month-end-2bd..month-start+3bd until the end of Fri 4 December 2026 (UTC)"
    );
    // Friday the 27th is the last business day, Wednesday the 25th two before it.
    assert_eq!(
        last(&with, "2026-11-25T00:00:00Z"),
        "month-end-2bd..month-start+3bd until the end of Mon 7 December 2026 (UTC)"
    );
    assert_eq!(at(&["month-start+0bd"], &plain, "2026-08-03T12:00:00Z").split(' ').next(), Some("month-start+0bd"));
    assert_eq!(at(&["month-start+0bd"], &plain, "2026-08-01T12:00:00Z"), "open", "the first is a Saturday");
    assert_eq!(at(&["month-end+1bd"], &plain, "2026-12-01T12:00:00Z").split(' ').next(), Some("month-end+1bd"));
}

#[test]
fn a_day_is_that_of_the_zone() {
    let berlin = Calendar::default().in_zone("Europe/Berlin").unwrap();
    let los_angeles = Calendar::default().in_zone("America/Los_Angeles").unwrap();
    assert_eq!(at(&["2026-12-24"], &berlin, "2026-12-23T22:59:59Z"), "open");
    assert_eq!(
        at(&["2026-12-24"], &berlin, "2026-12-23T23:00:00Z"),
        "2026-12-24 until the end of Thu 24 December 2026 (Europe/Berlin)"
    );
    assert_eq!(at(&["2026-12-24"], &los_angeles, "2026-12-24T07:59:59Z"), "open");
    assert!(at(&["2026-12-24"], &los_angeles, "2026-12-25T07:59:59Z").contains("America/Los_Angeles"));
    // The day on which clocks go back has 25 hours.
    let frozen = freeze(&["2026-10-25"], berlin).at("2026-10-25T22:30:00Z".parse().unwrap()).unwrap();
    assert_eq!(frozen.ends.to_string(), "2026-10-25T23:00:00Z");
    assert_eq!(Calendar::default().in_zone("Europe/Berlim"), Err(NoZone));
}

#[test]
fn years_and_quarters_begin_where_the_books_do() {
    let april = Calendar::default().with_years_from(4);
    assert!(at(&["year-end-1..year-start+1"], &april, "2027-03-31T12:00:00Z").contains("Fri 2 April 2027"));
    assert_eq!(at(&["year-end-1..year-start+1"], &april, "2026-12-31T12:00:00Z"), "open");
    let february = Calendar::default().with_years_from(2);
    assert!(at(&["quarter-end"], &february, "2027-01-31T12:00:00Z").starts_with("quarter-end"));
    assert_eq!(at(&["quarter-end"], &february, "2027-03-31T12:00:00Z"), "open");
}

#[test]
fn windows_that_meet_are_one() {
    let utc = Calendar::default();
    let found = at(&["friday", "saturday..sunday", "2026-11-30..2026-12-02"], &utc, "2026-11-27T12:00:00Z");
    assert_eq!(found, "friday until the end of Wed 2 December 2026 (UTC)");
    let always = freeze(&["month-start..month-end"], utc.clone());
    assert!(always.at("2026-11-27T12:00:00Z".parse().unwrap()).is_some(), "it ends");
    assert_eq!(always.next("2026-11-27T12:00:00Z".parse().unwrap()).unwrap(), "from Tue 1 December 2026 (UTC)");
    let evening = freeze(&["friday 16:00..monday 8:00"], utc);
    assert_eq!(evening.next("2026-11-24T12:00:00Z".parse().unwrap()).unwrap(), "from Fri 27 November 2026 16:00 (UTC)");
}

#[test]
fn what_is_no_window_is_said_to_be_none() {
    for (text, said) in [
        ("", "`` is no day"),
        ("month", "`month` is no day"),
        ("month-end-", "`month-end-` is no day: after `month-end` comes nothing, `-2` or `+3bd`"),
        ("month-end--2", "`month-end--2` is no day: after"),
        ("month-end-400", "`month-end-400` counts 400 days; the most is 366"),
        ("2026-02-30", "`2026-02-30` is no day"),
        ("02-30", "`02-30` is no day"),
        ("13-01", "`13-01` is no day"),
        ("2026-12-24..2026-12-20", "`2026-12-24..2026-12-20` ends before it begins"),
        ("2026-12-24 18:00..2026-12-24 08:00", "`2026-12-24 18:00..2026-12-24 08:00` ends before"),
        ("2026-12-24..month-end", "`2026-12-24..month-end` has one day with a year and one without"),
        ("friday 16:00", "`friday 16:00` is a moment"),
        ("friday 16:70..monday", "`16:70` is no time such as 16:30"),
        ("friday..", "`` is no day"),
        ("٢٠٢٦-12-24", "`٢٠٢٦-12-24` is no day"),
    ] {
        let found = text.parse::<Window>().unwrap_err().to_string();
        assert!(found.starts_with(said), "{text}: {found}");
    }
    assert!("friday".parse::<Holiday>().is_err() && "2026-12-25 10:00".parse::<Holiday>().is_err());
}
