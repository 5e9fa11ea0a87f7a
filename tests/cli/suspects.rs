//! `headsup suspects`: which commit could have made a job fail, and that it says so when none could.

use crate::replay::quarter;
use crate::support::{Fixture, list, names};

const RUNS: &str = "job,status,started_at,error\n\
    audit,success,2026-01-08T06:00:00Z,\n\
    audit,success,2026-01-20T06:00:00Z,\n\
    audit,failed,2026-01-22T06:00:00Z,\"Got 3 results, configured to fail if != 0: unique_revenue_revenue\"\n\
    newsletter,success,2026-02-05T06:00:00Z,\n\
    newsletter,failed,2026-02-09T06:00:00Z,Connection timed out\n\
    newsletter,success,2026-02-11T06:00:00Z,\n\
    newsletter,failed,2026-02-12T06:00:00Z,Table marts.audience does not exist\n";

/// The quarter with a log of runs beside it, which git does not know.
fn with_runs() -> Fixture {
    let fixture = quarter();
    fixture.write("runs.csv", RUNS);
    fixture
}

#[test]
fn a_job_that_failed_after_a_merge() {
    let fixture = quarter();
    let asked = "suspects audit --failed-at 2026-01-25 --last-good 2026-01-02";
    insta::assert_snapshot!(fixture.text(asked), @"
    audit, of finance
    Failed 2026-01-25; it last worked 2026-01-02. Times are in UTC.
    5 commits came to the branch in between; 2 reach it.

    1.  2026-01-21  1f3d2f2  Ann
        Add refunds to the orders (#14)
        core.orders: rows may be duplicated: the join to refunds on (order_id) is
          not on a unique key
        core.orders → marts.revenue.revenue
        because revenue may differ, as rows may be duplicated where it begins; it
                came 4 days before; it begins 1 table upstream

    2.  2026-01-24  4d2a8a7  Ann
        Revert refunds (#15)
        core.orders: rows may no longer be duplicated: the join to refunds on
          (order_id) is gone
        core.orders → marts.revenue.revenue
        because it came 1 day before; it takes an earlier commit back, and so
                revenue may differ; it begins 1 table upstream

    3 other commits do not reach it; -v lists them.
    ");
}

#[test]
fn times_and_errors_of_a_log() {
    let fixture = with_runs();
    insta::assert_snapshot!(fixture.text("suspects audit --runs runs.csv"), @"
    audit, of finance
    Failed 2026-01-22 06:00; it last worked 2026-01-20 06:00. Times are in UTC.
      said: Got 3 results, configured to fail if != 0: unique_revenue_revenue
    1 commit came to the branch in between, which reaches it.

    1.  2026-01-21  1f3d2f2  Ann
        Add refunds to the orders (#14)
        core.orders: rows may be duplicated: the join to refunds on (order_id) is
          not on a unique key
        core.orders → marts.revenue.revenue
        because the error names revenue, which it touches; what is not unique can
                come of it: rows may be duplicated; revenue may differ, as rows may
                be duplicated where it begins; it came 20 hours before; it reaches
                the job through marts.revenue, which failed; it begins 1 table
                upstream
    ");
    insta::assert_snapshot!(fixture.text("suspects newsletter --runs runs.csv --quiet"), @"
    newsletter, of marketing
    Failed 2026-02-12 06:00; it last worked 2026-02-11 06:00. Times are in UTC.
      said: Table marts.audience does not exist
    1 commit came to the branch in between, which reaches it.

    1.  2026-02-11  c5d6f22  Ann
        Give up the audience
        marts.audience: removed model
        marts.audience
        because the error names marts.audience, which it changes; it no longer runs;
                it changes marts.audience, which failed; a missing table can come of
                it: something that was there is gone; it came 20 hours before; it
                changes marts.audience, which is read directly
    ");
}

#[test]
fn no_commit_reaches_it() {
    let fixture = with_runs();
    let asked = "suspects newsletter --failed-at 2026-02-09T06:00:00Z --last-good joined -v";
    insta::assert_snapshot!(fixture.text(asked), @"
    newsletter, of marketing
    Failed 2026-02-09 06:00; it worked with the commit of 2026-01-21 10:00. Times
    are in UTC.
    1 commit came to the branch in between, which does not reach it.

    No change of the warehouse's code reaches newsletter since 2026-01-21 10:00:
    look at the sources, raw.people.

    1 other commit does not reach it:
      2026-01-24  4d2a8a7  Revert refunds (#15)
    ");
    insta::assert_snapshot!(fixture.text("suspects newsletter --runs runs.csv --failed-at 2026-02-09"), @"
    newsletter, of marketing
    Failed 2026-02-09; it last worked 2026-02-05 06:00. Times are in UTC.
      said: Connection timed out
    No commit came to the branch in between.

    No change of the warehouse's code reaches newsletter since 2026-02-05 06:00:
    look at the sources, raw.people.
    ");
}

#[test]
fn results_of_dbt_name_what_failed() {
    let fixture = quarter();
    fixture.write(
        "run_results.json",
        r#"{"metadata":{"generated_at":"2026-01-22T06:10:00Z"},"results":[
            {"unique_id":"model.shop.orders","status":"success"},
            {"unique_id":"test.shop.unique_revenue_revenue.ab12","status":"fail","message":"Got 3 results, configured to fail if != 0"}]}"#,
    );
    insta::assert_snapshot!(fixture.text("suspects --run-results run_results.json"), @"
    marts.revenue
    Failed 2026-01-22 06:10; nobody says when it last worked, so this looks back to
    2025-12-23 06:10. Times are in UTC.
      said: unique_revenue_revenue: Got 3 results, configured to fail if != 0
    4 commits came to the branch in between; 1 reaches it.

    1.  2026-01-21  1f3d2f2  Ann
        Add refunds to the orders (#14)
        core.orders: rows may be duplicated: the join to refunds on (order_id) is
          not on a unique key
        core.orders → marts.revenue.revenue
        because the error names revenue, which it touches; what is not unique can
                come of it: rows may be duplicated; revenue may differ, as rows may
                be duplicated where it begins; it came 20 hours before; it reaches
                the job through marts.revenue, which failed; it begins 1 table
                upstream

    3 other commits do not reach it; -v lists them.
    ");
    let report = fixture.json("suspects audit --run-results run_results.json");
    let first = &report["failures"][0];
    assert_eq!(first["failed_at"]["by"], "results");
    assert_eq!(names(&first["suspects"][0]["reached"], "job"), ["audit"]);
}

#[test]
fn a_table_that_is_gone_today() {
    let fixture = quarter();
    fixture.day(
        80,
        "Give up people",
        &[
            ("models/core/people.sql", crate::support::GONE),
            ("models/marts/audience.sql", "select mail from raw.people"),
        ],
    );
    let report = fixture.json("suspects core.people --failed-at 2026-02-12 --last-good 2026-02-05");
    assert_eq!(list(&report["failures"][0]["suspects"]).len(), 1);
}

#[test]
fn a_page_and_a_post_mortem() {
    let fixture = with_runs();
    let text = |asked: &str| fixture.text(asked).replace('\u{200b}', "");
    insta::assert_snapshot!(text("suspects audit --runs runs.csv --format markdown"), @r#"
    ## What could have broken `audit`

    Failed 2026-01-22 06:00; it last worked 2026-01-20 06:00. Times are in UTC.

    1 commit came to the branch in between, which reaches it.

    |  | when | commit | by | changes | way | because |
    | --- | --- | --- | --- | --- | --- | --- |
    | 1 | 2026-01-21 10:00 | `1f3d2f2` Add refunds to the orders \(\#14\) | Ann | core.orders: rows may be duplicated: the join to refunds on \(order\_id\) is not on a unique key | core.orders → marts.revenue.revenue | the error names revenue, which it touches; what is not unique can come of it: rows may be duplicated; revenue may differ, as rows may be duplicated where it begins; it came 20 hours before; it reaches the job through marts.revenue, which failed; it begins 1 table upstream |
    "#);
    insta::assert_snapshot!(text("suspects audit --runs runs.csv --post-mortem"), @r#"
    # Post-mortem: `audit` failed on 2026-01-22

    Owner of the job: finance. Written by: … Status: draft

    ## Summary

    Two sentences for those who read no further: …

    ## Timeline

    All times in UTC.

    | when | what |
    | --- | --- |
    | 2026-01-20 06:00 | it last worked |
    | 2026-01-21 10:00 | `1f3d2f2` came to the branch, by Ann: Add refunds to the orders \(\#14\) |
    | 2026-01-22 06:00 | `audit` failed |
    | … | somebody noticed |
    | … | the damage was stopped |
    | … | all was well again |

    ```text
    Got 3 results, configured to fail if != 0: unique_revenue_revenue
    ```

    ## Root cause

    Candidates, most suspicious first. 1 commit came to the branch in between, which reaches it.

    |  | when | commit | by | changes | way | because |
    | --- | --- | --- | --- | --- | --- | --- |
    | 1 | 2026-01-21 10:00 | `1f3d2f2` Add refunds to the orders \(\#14\) | Ann | core.orders: rows may be duplicated: the join to refunds on \(order\_id\) is not on a unique key | core.orders → marts.revenue.revenue | the error names revenue, which it touches; what is not unique can come of it: rows may be duplicated; revenue may differ, as rows may be duplicated where it begins; it came 20 hours before; it reaches the job through marts.revenue, which failed; it begins 1 table upstream |

    The cause was: …

    ## Impact

    Everything that `1f3d2f2` reaches:

    | job | owner |  | what happens to it |
    | --- | --- | --- | --- |
    | `audit` | finance | critical | revenue may differ |

    Who was told wrong numbers, and since when: …

    ## Fix

    - what stopped the damage: …
    - what was repaired, and how that was checked: …

    ## Prevention

    - would a message before the merge have helped? `headsup replay --incident COMMIT` says which standard would have sent one
    - a test that would have failed: …
    - what else: …
    "#);
}

#[test]
fn slips_are_met_with_what_was_meant() {
    let fixture = with_runs();
    insta::assert_snapshot!(fixture.error("suspects audti"), @"
    exit 2
    error: no job, table or column is called `audti`
    hint: did you mean the job `audit`?
    ");
    insta::assert_snapshot!(fixture.error("suspects"), @"
    exit 2
    error: the following required arguments were not provided:
      <JOB_OR_TABLE>

    Usage: headsup suspects <JOB_OR_TABLE>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(fixture.error("suspects audit --last-good 2026-02-01 --failed-at 2026-01-01"), @"
    exit 2
    error: it last worked after it failed
    hint: check --last-good and --failed-at
    ");
    fixture.write("bad.csv", "job,status,started_at\naudit,green,2026-01-01\n");
    insta::assert_snapshot!(fixture.error("suspects audit --runs bad.csv"), @"
    exit 3
    error: cannot read bad.csv:2: `green` is no status: `success` and `failed` are
    hint: a log is CSV with job,status,started_at,error, or one JSON object a line with these
    ");
    insta::assert_snapshot!(fixture.error("suspects marts.revenue --runs runs.csv"), @"
    exit 2
    error: the log has no run of `marts.revenue`
    hint: the names are those in its column `job`
    ");
    fixture.write("results.json", "{}");
    insta::assert_snapshot!(fixture.error("suspects audit --run-results results.json"), @"
    exit 3
    error: results.json is no run_results.json: missing field `results` at line 1 column 2
    hint: dbt writes one to `target/` at the end of each run
    ");
}
