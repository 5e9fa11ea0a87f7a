//! `headsup approve`: somebody's word that a change may land, kept in the ledger and bound to what
//! reaches the job.

use super::{deliver, hold, impact};
use crate::audience::Hold;
use crate::cli::{ApproveArgs, Common, ImpactArgs};
use crate::deliver::Ledger;
use crate::error::{Error, ExitStatus, Result, did_you_mean};
use crate::report::approve::{ApprovalEntry, ApproveReport};
use crate::report::{JobEntry, VERSION};
use crate::ui::Ui;

pub(super) fn run(args: &ApproveArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let asked = ImpactArgs {
        base: args.base.clone(),
        head: args.head.clone(),
        base_manifest: args.base_manifest.clone(),
        fail_on: Vec::new(),
        hold: args.hold.clone(),
    };
    let report = impact::compute(&asked, common, ui)?;
    let mut approvals = Vec::new();
    for (job, hold, signer) in waiting(&report.jobs, args)? {
        let ledger = Ledger::open(&hold::ledger(&args.hold, common)?)?;
        ledger.approve(&job.job, &hold.fingerprint, signer)?;
        approvals.push(ApprovalEntry {
            job: job.job.clone(),
            approved_by: signer.to_owned(),
            frozen: hold.frozen.as_ref().map(|frozen| frozen.until.clone()),
            fingerprint: hold.fingerprint.clone(),
        });
    }
    let report = ApproveReport { version: VERSION, base: report.base, head: report.head, approvals };
    deliver(&report, common)?;
    Ok(ExitStatus::Done)
}

/// The jobs that the change reaches and that this word is for, with the word's owner as settings call him.
fn waiting<'r>(jobs: &'r [JobEntry], args: &ApproveArgs) -> Result<Vec<(&'r JobEntry, &'r Hold, &'r str)>> {
    let signer = |hold: &'r Hold| hold.sign_off.iter().find(|signer| hold::is_same(signer, &args.name));
    let Some(name) = &args.job else {
        let held = jobs.iter().filter_map(|job| {
            let hold = job.hold.as_ref()?;
            Some((job, hold, signer(hold)?.as_str()))
        });
        return Ok(held.collect());
    };
    let Some(job) = jobs.iter().find(|job| job.job == *name) else {
        let near = did_you_mean(name, jobs.iter().map(|job| job.job.as_str()));
        let hint =
            near.map_or_else(|| "`headsup jobs` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        return Err(Error::usage(format!("no job is called `{name}`")).hint(hint));
    };
    match &job.hold {
        None => Ok(Vec::new()),
        Some(hold) => match signer(hold) {
            Some(signer) => Ok(vec![(job, hold, signer.as_str())]),
            None if hold.sign_off.is_empty() => Err(Error::usage(format!("nobody signs off `{name}`"))
                .hint("name people under `sign_off` in headsup.yml".to_owned())),
            None => Err(Error::usage(format!("`{}` does not sign off `{name}`", args.name))
                .hint(format!("that is for {}", hold.signers()))),
        },
    }
}
