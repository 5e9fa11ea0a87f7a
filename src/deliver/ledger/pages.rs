//! What services said, each with the tag by which they know it. It is there to ask less, so what cannot be read or
//! written of it is as if it were not there.

use rusqlite::{OptionalExtension as _, params};

use super::{Ledger, clock};

/// The table; a ledger of an earlier form has none.
pub(super) const SCHEMA: &str = "
    create table page (
        url text primary key,
        tag text not null,
        content text not null,
        created integer not null
    ) strict;
";

impl Ledger {
    /// The tag and the content that are kept of a page.
    pub(in crate::deliver) fn page(&self, url: &str) -> Option<(String, String)> {
        let query = "select tag, content from page where url = ?";
        let found = self.connection.query_row(query, [url], |row| Ok((row.get(0)?, row.get(1)?)));
        found.optional().ok().flatten()
    }

    /// Keeps a page.
    pub(in crate::deliver) fn keep_page(&self, url: &str, tag: &str, content: &str) {
        let keep = "insert into page (url, tag, content, created) values (?, ?, ?, ?)
                    on conflict (url) do update set tag = excluded.tag, content = excluded.content,
                    created = excluded.created";
        // It is asked for in full the next time.
        let _ = self.connection.execute(keep, params![url, tag, content, clock::now()]);
    }
}
