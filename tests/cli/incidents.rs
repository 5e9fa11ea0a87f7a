//! `headsup incidents`: a row a team, and by whose change its jobs failed.

use crate::replay::quarter;
use crate::support::{Fixture, list, word};

/// Failures of each cause: one by the team's own tables, one by another's, one by the network, one by nothing that
/// came, and two of which nothing can be told.
const RUNS: &str = "job,status,started_at,error\n\
    audit,success,2026-01-20T06:00:00Z,\n\
    audit,failed,2026-01-22T06:00:00Z,unique_revenue_revenue\n\
    audit,failed,2026-01-23T06:00:00Z,unique_revenue_revenue\n\
    audit,success,2026-01-24T12:00:00Z,\n\
    audit,failed,2026-01-28T06:00:00Z,Connection timed out\n\
    audit,success,2026-02-01T06:00:00Z,\n\
    audit,failed,2026-02-02T06:00:00Z,\n\
    newsletter,failed,2026-01-21T06:00:00Z,\n\
    newsletter,success,2026-02-11T06:00:00Z,\n\
    newsletter,failed,2026-02-12T06:00:00Z,Table marts.audience does not exist\n\
    elsewhere,failed,2026-02-12T06:00:00Z,\n";

fn logged() -> Fixture {
    let fixture = quarter();
    let settings = fixture.read("headsup.yml");
    let owners = "owners:\n  - { path: models/core/orders.sql, team: platform }\n  \
                  - { path: models/marts/audience.sql, team: marketing }\n";
    let settings = settings.replace("teams: {", "teams: { platform: {},");
    fixture.write("headsup.yml", format!("{settings}{owners}"));
    fixture.write("runs.csv", RUNS);
    fixture
}

#[test]
fn a_row_a_team() {
    insta::assert_snapshot!(logged().text("incidents --runs runs.csv"), @"
    2026-01-20 to 2026-02-12: 6 failures.

    team       failures  own change  upstream change  source or external  unknown
    finance    3         0           1                2                   0
    marketing  2         1           0                0                   1
    (nobody)   1         0           0                0                   1
    ");
}

#[test]
fn each_failure_by_its_rule() {
    insta::assert_snapshot!(logged().text("incidents --runs runs.csv -v"), @"
    2026-01-20 to 2026-02-12: 6 failures.

    team       failures  own change  upstream change  source or external  unknown
    finance    3         0           1                2                   0
    marketing  2         1           0                0                   1
    (nobody)   1         0           0                0                   1

    2026-01-21 06:00  newsletter: unknown, as the log has no run before it that
                      worked
    2026-01-22 06:00  audit, and 1 time more: upstream change, as the commit
                      suspected most begins at a table of somebody else (1f3d2f2)
    2026-01-28 06:00  audit: source or external, as the error is of the machine or
                      the network
    2026-02-02 06:00  audit: source or external, as no change of the code reaches it
                      since it last worked
    2026-02-12 06:00  elsewhere: unknown, as no job of the repository has this name
    2026-02-12 06:00  newsletter: own change, as the commit suspected most begins at
                      a table of the team itself (c5d6f22)
    ");
}

#[test]
fn week_by_week() {
    insta::assert_snapshot!(logged().text("incidents --runs runs.csv --by week"), @"
    2026-01-20 to 2026-02-12: 6 failures.

    from 2026-01-19
    team       failures  own change  upstream change  source or external  unknown
    finance    1         0           1                0                   0
    marketing  1         0           0                0                   1

    from 2026-01-26
    team     failures  own change  upstream change  source or external  unknown
    finance  1         0           0                1                   0

    from 2026-02-02
    team     failures  own change  upstream change  source or external  unknown
    finance  1         0           0                1                   0

    from 2026-02-09
    team       failures  own change  upstream change  source or external  unknown
    marketing  1         1           0                0                   0
    (nobody)   1         0           0                0                   1
    ");
    insta::assert_snapshot!(logged().text("incidents --runs runs.csv --by month --format csv"), @"
    from,team,failures,own change,upstream change,source or external,unknown
    2026-01-01,finance,2,0,1,1,0
    2026-01-01,marketing,1,0,0,0,1
    2026-02-01,finance,1,0,0,1,0
    2026-02-01,marketing,1,1,0,0,0
    2026-02-01,,1,0,0,0,1
    ");
}

#[test]
fn for_a_page_and_as_a_picture() {
    let fixture = logged();
    let text = fixture.text("incidents --runs runs.csv --format markdown").replace('\u{200b}', "");
    insta::assert_snapshot!(text, @r#"
    ## Failures

    2026-01-20 to 2026-02-12: 6 failures.

    | team | failures | own change | upstream change | source or external | unknown |
    | --- | --- | --- | --- | --- | --- |
    | finance | 3 | 0 | 1 | 2 | 0 |
    | marketing | 2 | 1 | 0 | 0 | 1 |
    | \(nobody\) | 1 | 0 | 0 | 0 | 1 |

    <details><summary>each of them</summary>

    - 2026-01-21 06:00 newsletter: unknown, as the log has no run before it that worked
    - 2026-01-22 06:00 audit, and 1 time more: upstream change, as the commit suspected most begins at a table of somebody else \(1f3d2f2\)
    - 2026-01-28 06:00 audit: source or external, as the error is of the machine or the network
    - 2026-02-02 06:00 audit: source or external, as no change of the code reaches it since it last worked
    - 2026-02-12 06:00 elsewhere: unknown, as no job of the repository has this name
    - 2026-02-12 06:00 newsletter: own change, as the commit suspected most begins at a table of the team itself \(c5d6f22\)

    </details>
    "#);
    let picture = fixture.text("incidents --runs runs.csv --format svg");
    let words = picture.lines().filter_map(|line| line.strip_suffix("</text>")?.rsplit('>').next());
    insta::assert_snapshot!(words.collect::<Vec<_>>().join("\n"), @"
    Failures by cause, 2026-01-20 to 2026-02-12
    2
    source or external
    2
    unknown
    1
    own change
    1
    upstream change
    33 %
    67 %
    83 %
    100 %
    ");
}

#[test]
fn for_a_program() {
    let report = logged().json("incidents --runs runs.csv");
    let causes: Vec<String> = list(&report["list"]).iter().map(|one| word(&one["cause"])).collect();
    let expected = ["unknown", "upstream_change", "source_or_external", "source_or_external", "unknown", "own_change"];
    assert_eq!(causes, expected);
    assert_eq!(report["list"][1]["repeats"], 1);
}

#[test]
fn a_log_without_runs() {
    let fixture = logged();
    fixture.write("empty.csv", "job,status,started_at\n");
    insta::assert_snapshot!(fixture.error("incidents --runs empty.csv"), @"
    exit 3
    error: empty.csv has no runs
    hint: a log has a line for each run of a job
    ");
    insta::assert_snapshot!(fixture.error("incidents --runs nowhere.csv"), @"
    exit 2
    error: cannot read nowhere.csv
      because No such file or directory (os error 2)
    ");
}
