//! `headsup outbox`: what was to be sent and was not, and another attempt at it.

use super::notify::Place;
use super::{deliver, hold};
use crate::cli::{Common, OutboxArgs};
use crate::error::{ExitStatus, Result};
use crate::report::VERSION;
use crate::report::notify::{CollectedEntry, LetterEntry, OutboxReport};
use crate::ui::Ui;

pub(super) fn run(args: &OutboxArgs, common: &Common, ui: Ui) -> Result<ExitStatus> {
    let place = Place::new(None, &args.delivery, common)?;
    let Some(ledger) = place.ledger()? else {
        deliver(&OutboxReport { version: VERSION, letters: Vec::new(), collected: Vec::new() }, common)?;
        return Ok(ExitStatus::Done);
    };
    if args.due {
        drop(ledger);
        let sent = place.outbox().send_digests(hold::now(args.now))?;
        return place.report(sent, None, common, ui);
    }
    if args.retry {
        ledger.revive()?;
        drop(ledger);
        let sent = place.outbox().resume()?;
        return place.report(sent, None, common, ui);
    }
    let entries = if args.all { ledger.all()? } else { ledger.unsent()? };
    let letters = entries.iter().map(LetterEntry::new).collect();
    let collected = ledger.collected()?.into_values().flatten();
    let collected = collected.map(|waiting| CollectedEntry::new(&waiting)).collect();
    deliver(&OutboxReport { version: VERSION, letters, collected }, common)?;
    Ok(ExitStatus::Done)
}
