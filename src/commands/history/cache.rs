//! What was found between two commits in an earlier run: commits do not change, so it still holds as long as
//! the same is asked by the same program.

use crate::audience::Job;
use crate::cache::{Cache, Question};
use crate::cli::Common;
use crate::commands::answer::this_program;
use crate::commands::reading::Reading;
use crate::history::Passage;

/// What is known of pairs of commits.
pub(super) struct Kept(Option<(Cache, Question)>);

impl Kept {
    /// What earlier runs found of the same jobs; `None` for those that each commit has.
    pub(super) fn open(common: &Common, jobs: Option<&Vec<Job>>, now: &Reading) -> Self {
        Self(place(common, jobs, now))
    }

    pub(super) fn get(&self, base: &str, head: &str) -> Option<Passage> {
        let (cache, question) = self.0.as_ref()?;
        serde_json::from_slice(&cache.get(&of(question, base, head).key())?).ok()
    }

    pub(super) fn keep(&self, passage: &Passage) {
        if let (Some((cache, question)), Ok(text)) = (&self.0, serde_json::to_vec(passage)) {
            cache.put(&of(question, &passage.base, &passage.commit.id).key(), &text);
        }
    }
}

fn of(question: &Question, base: &str, head: &str) -> Question {
    question.clone().with("base", base).with("head", head)
}

/// What an answer depends on beside the two commits.
fn place(common: &Common, jobs: Option<&Vec<Job>>, now: &Reading) -> Option<(Cache, Question)> {
    if common.no_cache {
        return None;
    }
    let cache = common.cache_dir.clone().map(Cache::new).or_else(Cache::of_user)?;
    let mut question = Question::default()
        .with("program", this_program()?)
        .with("command", "history")
        .with("dialect", format!("{:?}", common.dialect))
        .with("environment", format!("{:?}", now.plan.environment))
        .with("installed", format!("{:?}", now.installed));
    for file in [&common.config, &common.catalog, &common.columns].into_iter().flatten() {
        question = question.with("file", std::fs::read(file).ok()?);
    }
    if let Some(jobs) = jobs {
        question = question.with("settings", format!("{:?}", now.settings)).with("jobs", format!("{jobs:?}"));
    }
    Some((cache, question))
}
