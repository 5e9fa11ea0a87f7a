//! Rules on scalar terms.

use super::{check_different, check_same};
use crate::dialect::Dialect;

#[test]
fn conjunctions_are_sets() {
    check_same(
        Dialect::Ansi,
        &[
            ("select 1 as x from t where a and (b and c)", "select 1 as x from t where c and a and b and a"),
            (
                "select 1 as x from t where a = 1 or (b = 2 or c = 3)",
                "select 1 as x from t where (c = 3 or a = 1) or b = 2",
            ),
        ],
    );
    check_different(
        Dialect::Ansi,
        &[("select 1 as x from t where a and b or c", "select 1 as x from t where a and (b or c)")],
    );
}
