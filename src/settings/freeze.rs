//! When jobs must be left alone, and whose word lifts that: `freeze`, `sign_off`, and the calendar that
//! all windows share.

use super::fields::{Fields, Problems, Value};
use super::names::Rejected;
use crate::calendar::{BadWindow, Calendar, Freeze, Holiday, Window};
use crate::yaml::Content;

/// The keys of `calendar`.
pub(super) const CALENDAR: [&str; 3] = ["time_zone", "holidays", "year_starts"];
/// The keys of `freeze`, where it is a mapping.
pub(super) const FREEZE: [&str; 2] = ["windows", "time_zone"];

const MONTHS: [(&str, i8); 12] = [
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
];

/// What `freeze` says, before the calendar is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezeSettings {
    /// The windows; none lifts what the team says.
    pub windows: Vec<Window>,
    /// The time zone, over that of the calendar.
    pub time_zone: Option<String>,
}

impl FreezeSettings {
    /// The windows in the calendar of the file.
    #[must_use]
    pub fn in_calendar(&self, calendar: &Calendar) -> Freeze {
        let zoned = self.time_zone.as_ref().and_then(|name| calendar.clone().in_zone(name).ok());
        Freeze { windows: self.windows.clone(), calendar: zoned.unwrap_or_else(|| calendar.clone()) }
    }
}

/// Reads `calendar`.
pub(super) fn calendar(value: &Value<'_>, problems: &mut Problems) -> Calendar {
    let mut calendar = Calendar::default();
    let Some(fields) = value.fields(problems, "the calendar", &CALENDAR) else { return calendar };
    if let Some(name) = time_zone(&fields, problems)
        && let Ok(zoned) = calendar.clone().in_zone(&name)
    {
        calendar = zoned;
    }
    if let Some(month) = fields.get("year_starts").and_then(|value| value.choice(problems, &MONTHS)) {
        calendar = calendar.with_years_from(month);
    }
    let hint = "write 2026-12-25, or 12-25 for each year";
    let days = fields.get("holidays").map(|value| value.items(problems)).unwrap_or_default();
    let holiday = |text: &str| {
        text.parse::<Holiday>().map_err(|bad: BadWindow| Rejected { message: bad.to_string(), hint: hint.to_owned() })
    };
    let days = days.iter().filter_map(|day| day.checked(problems, holiday)).collect();
    calendar.with_holidays(days)
}

/// Reads `freeze`: a window, a list of them, or a mapping.
pub(super) fn freeze(fields: &Fields<'_>, problems: &mut Problems) -> Option<FreezeSettings> {
    let value = fields.get("freeze")?;
    match &value.node.content {
        Content::Mapping(_) => {
            let fields = value.fields(problems, "the freeze", &FREEZE)?;
            let windows = fields.required(problems, "windows").map(|value| windows(&value, problems));
            Some(FreezeSettings { windows: windows?, time_zone: time_zone(&fields, problems) })
        }
        _ => Some(FreezeSettings { windows: windows(&value, problems), time_zone: None }),
    }
}

/// Reads `sign_off`: a name, or a list of them.
pub(super) fn sign_off(fields: &Fields<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let value = fields.get("sign_off")?;
    Some(match &value.node.content {
        Content::List(_) => value.texts(problems).into_iter().map(|name| name.name).collect(),
        _ => value.text(problems).into_iter().collect(),
    })
}

fn windows(value: &Value<'_>, problems: &mut Problems) -> Vec<Window> {
    let hint = "for instance 2026-12-20..2027-01-03, month-end-2..month-start+3, or friday 16:00..monday 08:00";
    let window = |text: &str| {
        text.parse::<Window>().map_err(|bad: BadWindow| Rejected { message: bad.to_string(), hint: hint.to_owned() })
    };
    match &value.node.content {
        Content::List(_) => value.items(problems).iter().filter_map(|item| item.checked(problems, window)).collect(),
        _ => value.checked(problems, window).into_iter().collect(),
    }
}

fn time_zone(fields: &Fields<'_>, problems: &mut Problems) -> Option<String> {
    fields.get("time_zone")?.checked(problems, |name| match Calendar::default().in_zone(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => Err(Rejected {
            message: format!("there is no time zone `{name}`"),
            hint: "it is a name such as Europe/Berlin or America/New_York, or UTC".to_owned(),
        }),
    })
}
