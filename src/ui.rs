//! Standard error: progress, warnings, and what ends a run. It must not know standard output.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use headsup_lineage::diagnostic::{Diagnostic, Severity};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::ColorWhen;
use crate::error::{Error, Result};
use crate::text::turns_direction;

/// How long a run may take before it says what it is doing.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much is said beside the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only errors.
    Quiet,
    /// What a person needs.
    Normal,
    /// Everything.
    Verbose,
}

/// Standard error, and what may be said there.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    verbosity: Verbosity,
    color: anstream::ColorChoice,
}

impl Ui {
    /// Standard error as the arguments want it.
    #[must_use]
    pub fn new(verbosity: Verbosity, color: ColorWhen) -> Self {
        let color = match color {
            ColorWhen::Auto => anstream::AutoStream::choice(&std::io::stderr()),
            ColorWhen::Always => anstream::ColorChoice::Always,
            ColorWhen::Never => anstream::ColorChoice::Never,
        };
        Self { verbosity, color }
    }

    /// How much is said.
    #[must_use]
    pub const fn verbosity(self) -> Verbosity {
        self.verbosity
    }

    /// Says what is being done until the guard is dropped; on a terminal, and once it takes long.
    #[must_use]
    pub fn progress(self, doing: &'static str) -> Progress {
        if self.verbosity == Verbosity::Quiet || !std::io::stderr().is_terminal() {
            return Progress { running: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(doing);
        let (done, is_done) = channel::<()>();
        let shown = bar.clone();
        let thread = std::thread::spawn(move || {
            if is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                shown.set_draw_target(ProgressDrawTarget::stderr());
                shown.enable_steady_tick(Duration::from_millis(100));
                // Ends when the guard is dropped, which closes the channel.
                let _ = is_done.recv();
                shown.finish_and_clear();
            }
        });
        Progress { running: Some((bar, done, thread)) }
    }

    /// Whether there is somebody to ask.
    #[must_use]
    pub fn can_ask(self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Asks, and waits for a line: what was typed, without space around it.
    ///
    /// # Errors
    /// If nobody answers.
    pub fn ask(self, question: &str) -> Result<String> {
        let mut out = anstream::AutoStream::new(std::io::stderr(), self.color);
        let asked = write!(out, "{} ", printable(question)).and_then(|()| out.flush());
        let mut answer = String::new();
        let read = asked.and_then(|()| std::io::stdin().read_line(&mut answer));
        match read {
            Ok(length) if length > 0 => Ok(answer.trim().to_owned()),
            _ => Err(Error::usage("nobody answered").hint("--yes takes what is proposed".to_owned())),
        }
    }

    /// Says how many of many things of one kind are done, and how much time is left, until the guard is dropped.
    #[must_use]
    pub fn count(self, doing: &'static str, all: usize) -> Progress {
        let progress = self.progress(doing);
        if let Some((bar, ..)) = &progress.running {
            bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
            let template = "{spinner} {msg}, {pos} of {len}, {elapsed} so far, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
        }
        progress
    }

    /// Says what ended the run.
    pub fn error(self, error: &Error) {
        let mut out = anstream::AutoStream::new(std::io::stderr(), self.color);
        let red = AnsiColor::Red.on_default().bold();
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(out, "{red}error:{red:#} {}", printable(&error.to_string()));
        let mut behind = std::error::Error::source(error);
        while let Some(source) = behind {
            let _ = writeln!(out, "  because {}", printable(&source.to_string()));
            behind = source.source();
        }
        for diagnostic in error.diagnostics() {
            let _ = writeln!(out, "  {}", line(diagnostic));
            if let Some(hint) = &diagnostic.hint {
                let _ = writeln!(out, "    {}", printable(hint));
            }
        }
        if let Some(hint) = error.hint_text() {
            let _ = writeln!(out, "{}hint:{} {}", Style::new().bold(), anstyle::Reset, printable(hint));
        }
    }

    /// Says what could not be read: each diagnostic if verbose, else nothing, for reports count them.
    pub fn diagnostics(self, diagnostics: &[Diagnostic]) {
        if self.verbosity < Verbosity::Verbose {
            return;
        }
        let mut out = anstream::AutoStream::new(std::io::stderr(), self.color);
        for diagnostic in diagnostics {
            let colour = match diagnostic.severity {
                Severity::Note => AnsiColor::Cyan,
                Severity::Warning => AnsiColor::Yellow,
                Severity::Error => AnsiColor::Red,
            };
            let style = colour.on_default();
            let severity = format!("{:?}", diagnostic.severity).to_lowercase();
            let _ = writeln!(out, "{style}{severity}:{style:#} {}", line(diagnostic));
        }
    }
}

/// A diagnostic in one line: where, what, and its code.
fn line(diagnostic: &Diagnostic) -> String {
    let place = match (&diagnostic.path, diagnostic.position) {
        (Some(path), Some(position)) => format!("{path}:{position}: "),
        (Some(path), None) => format!("{path}: "),
        (None, Some(position)) => format!("{position}: "),
        (None, None) => String::new(),
    };
    printable(&format!("{place}{} ({})", diagnostic.message, diagnostic.code))
}

/// A text whose control characters and changes of direction cannot reach the terminal.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            let steers = (c.is_control() && c != '\n') || turns_direction(c);
            if steers { c.escape_default().to_string() } else { c.to_string() }
        })
        .collect()
}

/// Says what is being done while it lives.
#[derive(Debug)]
pub struct Progress {
    running: Option<(ProgressBar, Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Says what is being done now.
    pub fn now(&self, doing: impl Into<std::borrow::Cow<'static, str>>) {
        if let Some((bar, ..)) = &self.running {
            bar.set_message(doing);
        }
    }
}

impl Progress {
    /// One more is done.
    pub fn done_one(&self) {
        if let Some((bar, ..)) = &self.running {
            bar.inc(1);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((_, done, thread)) = self.running.take() {
            drop(done);
            // A thread that panicked has nothing left to clear.
            let _ = thread.join();
        }
    }
}
