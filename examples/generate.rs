//! Writes a dbt project of so many models as a git repository, to measure how time and memory grow:
//!
//!     cargo run --release --example generate -- 8000 FOLDER
//!
//! Half of the models are joins of two others in the style of import CTEs, a quarter read sources, and a
//! quarter add up; every tenth join is incremental, and each model has a key that is tested. The branch
//! `change` differs in ten of the models that read sources: half of them are only written otherwise. The
//! same number gives the same repository.
#![allow(clippy::print_stderr)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use headsup::git::create::{Branch, create};

/// So many models lie in one folder, with one property file.
const FOLDER: usize = 100;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let number = arguments.next().and_then(|text| text.parse::<usize>().ok());
    let (Some(number), Some(folder), None) = (number, arguments.next().map(PathBuf::from), arguments.next()) else {
        eprintln!("usage: generate MODELS FOLDER");
        return ExitCode::from(2);
    };
    let project = Project { models: number.max(8) };
    match project.write(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A path and a text.
type File = (String, String);

/// How a model that reads a source is written.
#[derive(Clone, Copy)]
enum Spelling {
    /// As on main.
    First,
    /// Otherwise, and it returns the same.
    Other,
    /// So that one column has other values.
    Changed,
}

struct Project {
    models: usize,
}

impl Project {
    fn staging(&self) -> usize {
        self.models / 4
    }

    fn marts(&self) -> usize {
        self.models / 4
    }

    fn joins(&self) -> usize {
        self.models - self.staging() - self.marts()
    }

    fn write(&self, folder: &std::path::Path) -> Result<(), headsup::error::Error> {
        let files = self.files();
        let changed = self.changed();
        let branch = |name, message, files| Branch { name, message, files };
        let main = branch("main", "a warehouse", as_bytes(&files));
        create(folder, &main, &[branch("change", "some models", as_bytes(&changed))], "change")
    }

    fn files(&self) -> Vec<File> {
        let mut files = fixed();
        files.push(("models/sources.yml".to_owned(), self.sources()));
        files.extend((0..self.staging()).map(|number| staging(number, Spelling::First)));
        files.extend((0..self.joins()).map(|number| self.join(number)));
        files.extend((0..self.marts()).map(|number| self.mart(number)));
        for (kind, models) in [("stg", self.staging()), ("int", self.joins()), ("mart", self.marts())] {
            files.extend((0..models).step_by(FOLDER).map(|first| properties(kind, first, models)));
        }
        files.push(("models/exposures.yml".to_owned(), self.exposures()));
        files
    }

    /// Ten models spread over those that read sources.
    fn changed(&self) -> Vec<File> {
        let step = (self.staging() / 10).max(1);
        let spelling = |place: usize| if place.is_multiple_of(2) { Spelling::Other } else { Spelling::Changed };
        (0..self.staging())
            .step_by(step)
            .take(10)
            .enumerate()
            .map(|(place, number)| staging(number, spelling(place)))
            .collect()
    }

    fn sources(&self) -> String {
        let mut text = "version: 2\nsources:\n  - name: shop\n    tables:\n".to_owned();
        for number in 0..self.staging() {
            let _ = writeln!(text, "      - name: events_{number}");
        }
        text
    }

    /// A join of a model that reads a source with another join, of half its number: so there are many, and
    /// no way is long.
    fn join(&self, number: usize) -> File {
        let staging = number % self.staging();
        let other = if number == 0 { "stg_0".to_owned() } else { format!("int_{}", number / 2) };
        let is_incremental = number % 10 == 9;
        let (config, filter) = if is_incremental {
            let filter = "{% if is_incremental() %}\nwhere happened_at > (select max(happened_at) from {{ this }})\n{% endif %}\n";
            ("{{ config(materialized='incremental', unique_key='event_id') }}\n", filter)
        } else {
            ("", "")
        };
        let text = format!(
            "{config}with events as (\n    select * from {{{{ ref('stg_{staging}') }}}}\n),\n\nothers as (\n    \
             select * from {{{{ ref('{other}') }}}}\n),\n\njoined as (\n    select\n        events.event_id,\n        \
             events.customer_id,\n        events.happened_at,\n        coalesce(events.amount, 0) + coalesce(others.amount, 0) as amount,\n        \
             case when events.kind = 'refund' then 'back' else others.kind end as kind,\n        others.region\n    \
             from events\n    left join others on events.event_id = others.event_id\n)\n\nselect * from joined\n{filter}"
        );
        (path("int", number), text)
    }

    fn mart(&self, number: usize) -> File {
        let joins = self.joins();
        let (one, other) = (number % joins, (number * 7 + 3) % joins);
        let text = format!(
            "select\n    {{{{ dimension('one.region') }}}} as region,\n    one.kind,\n    sum(one.amount) as amount,\n    \
             count(distinct other.customer_id) as customers,\n    min(one.happened_at) as first_at\nfrom {{{{ ref('int_{one}') }}}} as one\n\
             inner join {{{{ ref('int_{other}') }}}} as other on one.event_id = other.event_id\nwhere one.kind <> 'test'\ngroup by 1, 2\n"
        );
        (path("mart", number), text)
    }

    fn exposures(&self) -> String {
        let mut text = "version: 2\nexposures:\n".to_owned();
        for number in (0..self.marts()).step_by(50) {
            let _ = writeln!(
                text,
                "  - name: report_{number}\n    type: dashboard\n    owner: {{ name: Team {} , email: team@example.com }}\n    depends_on: [\"ref('mart_{number}')\"]",
                number % 7
            );
        }
        text
    }
}

fn as_bytes(files: &[File]) -> Vec<(&str, &[u8])> {
    files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect()
}

fn path(kind: &str, number: usize) -> String {
    format!("models/{kind}/{:04}/{kind}_{number}.sql", number / FOLDER)
}

/// The files that every project has.
fn fixed() -> Vec<File> {
    let files = [
        (
            "dbt_project.yml",
            "name: shop\nversion: '1.0'\nprofile: shop\nmodels:\n  shop:\n    stg: { +materialized: view }\n    int: { +materialized: table }\n    mart: { +materialized: table }\n",
        ),
        ("profiles.yml", "shop:\n  target: dev\n  outputs:\n    dev: { type: duckdb, path: ':memory:' }\n"),
        (
            "macros/shop.sql",
            "{% macro cents(column) %}cast({{ column }} as bigint) / 100{% endmacro %}\n\n{% macro dimension(column) %}{% if target.type == 'duckdb' %}coalesce({{ column }}, 'none'){% else %}{{ column }}{% endif %}{% endmacro %}\n",
        ),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

fn staging(number: usize, spelling: Spelling) -> File {
    let source = format!("{{{{ source('shop', 'events_{number}') }}}}");
    let columns = |amount: &str| {
        format!(
            "id as event_id,\n    customer_id,\n    cast(happened as timestamp) as happened_at,\n    {amount} as amount,\n    \
             lower(kind) as kind,\n    {{{{ dimension('region') }}}} as region"
        )
    };
    let first = columns("{{ cents('amount') }}");
    let text = match spelling {
        Spelling::First => format!("select\n    {first}\nfrom {source}\n"),
        Spelling::Other => {
            format!("with source as (\n    select * from {source}\n)\n\nselect\n    {first}\nfrom source as s\n")
        }
        Spelling::Changed => format!("select\n    {}\nfrom {source}\n", columns("{{ cents('amount - discount') }}")),
    };
    (path("stg", number), text)
}

fn properties(kind: &str, first: usize, models: usize) -> File {
    let mut text = "version: 2\nmodels:\n".to_owned();
    let key = if kind == "mart" { "region" } else { "event_id" };
    let tests = if kind == "mart" { "[not_null]" } else { "[unique, not_null]" };
    for number in first..models.min(first + FOLDER) {
        let _ = writeln!(
            text,
            "  - name: {kind}_{number}\n    description: one of many\n    columns:\n      - name: {key}\n        data_tests: {tests}\n      - name: amount"
        );
    }
    (format!("models/{kind}/{:04}/models.yml", first / FOLDER), text)
}
