//! Room on the stack for what is worked out from its parts, however deep they stand in each other. It
//! must not know what is worked out.

/// Past so little stack left, work goes on on a new piece.
const RED_ZONE: usize = 128 * 1024;
const PIECE: usize = 4 * 1024 * 1024;

/// Does some work with enough stack for one more level of it.
pub(crate) fn with_room<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RED_ZONE, PIECE, work)
}
