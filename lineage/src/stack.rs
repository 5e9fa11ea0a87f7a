//! Room on the stack for queries inside queries, however deep they are.

/// Past so much stack left, work goes on on a new piece.
const RED_ZONE: usize = 128 * 1024;
const PIECE: usize = 4 * 1024 * 1024;

/// Does some work with room to call itself.
pub(crate) fn with_room<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RED_ZONE, PIECE, work)
}
