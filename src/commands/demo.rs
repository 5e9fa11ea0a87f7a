//! `headsup demo`: the main job on the sample warehouse, and what to try next.

use std::path::{Path, PathBuf};

use super::{impact, page, write};
use crate::cli::{Common, DemoArgs, Format, HoldArgs, ImpactArgs};
use crate::error::{Error, ExitStatus, Result};
use crate::git::Side;
use crate::render::{Detail, Page, render};
use crate::sample::{self, STORY};
use crate::ui::Ui;

pub(super) fn run(args: &DemoArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    sample::story_of(&args.branch)?;
    let directory = match &args.directory {
        Some(directory) => directory.clone(),
        None => temporary()?,
    };
    sample::write(&directory, &args.branch)?;
    let asked = ImpactArgs {
        base: Some(Side::Revision("main".to_owned())),
        head: Some(Side::Revision(args.branch.clone())),
        base_manifest: None,
        fail_on: Vec::new(),
        hold: HoldArgs::default(),
    };
    let there = Common { project_dir: Some(directory.clone()), config: None, manifest: None, ..common.clone() };
    let report = impact::compute(&asked, &there, ui)?;
    let page = Page { detail: Detail::Full, ..page(common) };
    let mut text = render(&report, common.format, &page)
        .map_err(|error| Error::input("cannot write the report").caused_by(error))?;
    if common.format == Format::Text && !common.quiet {
        text.push_str(&what_next(&directory, &args.branch));
    }
    write(&text, common)?;
    Ok(ExitStatus::Done)
}

fn temporary() -> Result<PathBuf> {
    let folder = tempfile::Builder::new().prefix("headsup-demo-").tempdir();
    let folder = folder.map_err(|error| Error::input("cannot make a temporary folder").caused_by(error))?;
    // The folder is the user's to look at, so it stays.
    Ok(folder.keep())
}

fn what_next(directory: &Path, shown: &str) -> String {
    let place = directory.display();
    let mut text = format!(
        "\nThe sample is a git repository with {shown} checked out, in\n  {place}\n\
         Look around there, or compare another branch:\n\n  git diff main {shown}\n"
    );
    for (branch, gist) in STORY.iter().filter(|(branch, _)| *branch != shown) {
        text.push_str(&format!("  headsup impact --head {branch}\n      {gist}\n"));
    }
    text.push_str("  headsup jobs\n  headsup models\n");
    text
}
