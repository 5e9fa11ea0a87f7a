//! Maps and sets whose hash is fast. It is seeded anew in every run, so that no text can be made to fill
//! one place of a map; nothing may depend on the order in which they hand out what they hold.

pub(crate) use foldhash::{HashMap, HashSet};
