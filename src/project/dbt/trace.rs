//! What a rendering asked of its project, so that the same rendering need not be done again where the
//! answers are the same: for the other version of a comparison, and for another project that uses the
//! same package. What a rendering depends on beside the answers is in its key.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use super::call::Located;
use super::columns::{Known, columns_of};
use super::engine::{Engine, Macro, Run};
use super::properties::Object;
use super::relation::TableName;
use super::rewrite::Rewritten;
use super::sought::{For, Sought};
use super::subject::{Captured, Pass, RefCall, Subject, View};
use super::told;
use super::values::lock;
use super::world::World;
use crate::project::memory::Shelf;

/// A question that a rendering asks of its project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    /// What a bare name means in a template of a package.
    Name(Arc<str>, Arc<str>),
    /// Which macro of a package has a name.
    Macro(Arc<str>, Arc<str>),
    /// What `adapter.dispatch` means by a name and a namespace.
    Dispatch(String, Option<String>),
    /// What `ref` means.
    Ref(RefCall),
    /// What `source` means.
    Source(String, String),
    /// What property files tell of the node itself.
    Told,
    /// Which columns there are in the table with these names of database, schema and table.
    Columns([Option<String>; 3]),
}

/// What a project answers.
#[derive(Debug)]
enum Answer {
    /// A bare name: the macro that comes before dbt's own names, the one that comes after, and whether
    /// there is a package of that name.
    Name(Option<Arc<Macro>>, Option<Arc<Macro>>, bool),
    /// A macro.
    Macro(Option<Arc<Macro>>),
    /// A table; none while the nodes are not all known, or where there is no such node.
    Table(Option<Arc<TableName>>),
    /// What is told.
    Told(Arc<Object>),
    /// All columns of a table, where they are known.
    Columns(Known),
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        let same = |one: &Option<Arc<Macro>>, other: &Option<Arc<Macro>>| match (one, other) {
            (Some(one), Some(other)) => one.is_same(other),
            (None, None) => true,
            _ => false,
        };
        match (self, other) {
            (Self::Name(before, after, package), Self::Name(other_before, other_after, other_package)) => {
                same(before, other_before) && same(after, other_after) && package == other_package
            }
            (Self::Macro(one), Self::Macro(other)) => same(one, other),
            (Self::Table(one), Self::Table(other)) => one == other,
            (Self::Told(one), Self::Told(other)) => told::is_same(one, other),
            (Self::Columns(one), Self::Columns(other)) => one == other,
            _ => false,
        }
    }
}

impl Question {
    /// What a project answers to a node.
    fn answer(&self, engine: &Arc<Engine>, subject: &Subject) -> Answer {
        let graph = engine.graph.get();
        let package = &*subject.package;
        match self {
            Self::Name(own, name) => Answer::Name(
                engine.before_native(For::Asked, package, name).cloned(),
                engine.after_native(For::Asked, own, name).cloned(),
                engine.has_package(name),
            ),
            Self::Macro(package, name) => Answer::Macro(engine.find(For::Asked, package, name).cloned()),
            Self::Dispatch(name, namespace) => {
                Answer::Macro(engine.dispatch(For::Asked, package, name, namespace.as_deref()).cloned())
            }
            Self::Ref(call) => {
                let found = graph.and_then(|graph| graph.reference(package, call));
                Answer::Table(found.map(|entry| entry.table.clone()))
            }
            Self::Told => Answer::Told(Arc::clone(&subject.said)),
            Self::Columns(parts) => Answer::Columns(columns_of(engine, parts)),
            Self::Source(source, table) => {
                let found = graph.and_then(|graph| graph.source(package, source, table));
                Answer::Table(found.map(|entry| entry.table.clone()))
            }
        }
    }
}

/// What one run asked.
pub(super) type Questions = BTreeSet<Question>;

/// What a rendering is of, as far as it is not asked for.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    world: usize,
    pass: Pass,
    /// Id, path, version, folders and configuration.
    subject: String,
    this: Option<TableName>,
    file: Arc<str>,
    body: Range<usize>,
}

/// A rendering that nobody holds is let go of when it was not asked for in so many versions: an edit that is taken back
/// soon is known again, and one of long ago need not be.
const VERSIONS: u32 = 4;

/// A rendering that succeeded.
#[derive(Debug)]
struct Rendering {
    text: Arc<str>,
    captured: Captured,
    answers: Vec<(Question, Answer)>,
    /// The version that asked for it last.
    asked: AtomicU32,
}

/// The renderings of a run of headsup.
#[derive(Debug, Default)]
pub(super) struct Renderings {
    kept: Shelf<Key, Arc<Rendering>>,
    /// How many versions there were.
    version: AtomicU32,
    worlds: Mutex<Vec<Arc<World>>>,
}

impl Renderings {
    /// Says that another version comes, and lets go of what none of the last ones asked for.
    pub(super) fn sweep(&self) {
        let version = self.version.fetch_add(1, Ordering::Relaxed) + 1;
        self.kept.retain(|kept| {
            Arc::strong_count(&kept.text) > 1 || version - kept.asked.load(Ordering::Relaxed) <= VERSIONS
        });
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.kept.values().len()
    }

    /// The number of a world: equal worlds have the same one.
    pub(super) fn number(&self, world: &Arc<World>) -> usize {
        let mut worlds = lock(&self.worlds);
        match worlds.iter().position(|known| known == world) {
            Some(number) => number,
            None => {
                worlds.push(Arc::clone(world));
                worlds.len() - 1
            }
        }
    }

    /// The text of a template, a part of a file, for a subject in one of dbt's readings, and what is found
    /// beside it: as it was kept, if the project answers what it asked as it did then, and else rendered now. What it asks is
    /// told.
    pub(super) fn render(
        &self,
        engine: &Arc<Engine>,
        subject: &Arc<Subject>,
        pass: Pass,
        (file, body): (&Arc<str>, &Range<usize>),
        template: &Rewritten,
        sought: &Sought,
    ) -> (Result<Arc<str>, Located>, Captured) {
        let key = Key::new(engine, subject, pass, file, body);
        if let Some(kept) = self.kept.get(&key)
            && kept.answers.iter().all(|(question, answer)| question.answer(engine, subject) == *answer)
        {
            kept.asked.store(self.version.load(Ordering::Relaxed), Ordering::Relaxed);
            sought.add(kept.answers.iter().map(|(question, _)| question), &engine.world);
            return (Ok(Arc::clone(&kept.text)), kept.captured.clone());
        }
        let run = Run::new(engine, subject, pass);
        let rendered = run.render(template, file).map(Arc::from);
        let captured = lock(&run.captured).clone();
        run.tell(sought);
        let questions = std::mem::take(&mut *lock(&run.questions));
        if let (Ok(text), View::Named) = (&rendered, captured.view) {
            let answer = |question: Question| {
                let answer = question.answer(engine, subject);
                (question, answer)
            };
            let answers = questions.into_iter().map(answer).collect();
            let asked = AtomicU32::new(self.version.load(Ordering::Relaxed));
            let rendering = Rendering { text: Arc::clone(text), captured: captured.clone(), answers, asked };
            self.kept.put(key, Arc::new(rendering));
        }
        (rendered, captured)
    }
}

impl Key {
    /// The key of a part of a file, rendered for a subject.
    fn new(engine: &Engine, subject: &Subject, pass: Pass, file: &Arc<str>, body: &Range<usize>) -> Self {
        let Subject { id, resource, name, version, package, path, fqn, config, this, local: _, said: _, sees: _ } =
            subject;
        let told = (id, resource, name, version, &**package, &**path, fqn, config);
        Self {
            world: engine.world_number,
            pass,
            subject: serde_json::to_string(&told).unwrap_or_default(),
            this: this.clone(),
            file: Arc::clone(file),
            body: body.clone(),
        }
    }
}
