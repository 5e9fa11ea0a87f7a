//! The time, waiting, and chance: all that delivery takes from the machine besides the network.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// A number that nobody can foresee.
pub(super) fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// How long to wait before the next attempt: twice as long each time, up to half a minute, and then
/// somewhere between half of that and all of it, so that many who failed together do not come together.
pub(super) fn backoff(attempt: u32) -> Duration {
    const FIRST: u64 = 500;
    const LONGEST: u64 = 30_000;
    let whole = FIRST.saturating_mul(1 << attempt.min(10)).min(LONGEST);
    Duration::from_millis(whole / 2 + chance() % (whole / 2 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_and_stays_bounded() {
        for attempt in 0..64 {
            let whole = 500_u64.saturating_mul(1 << attempt.min(10)).min(30_000);
            let time = u64::try_from(backoff(attempt).as_millis()).unwrap();
            assert!((whole / 2..=whole).contains(&time), "{attempt}: {time}");
        }
    }
}
