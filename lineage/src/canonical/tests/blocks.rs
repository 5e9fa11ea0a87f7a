//! Rules on blocks and set operations.

use super::{check_different, check_same};
use crate::dialect::Dialect;

#[test]
fn filters_go_inside() {
    check_same(
        Dialect::Ansi,
        &[("select a from (select a from t) q where a > 1", "select a from (select a from t where a > 1) q")],
    );
    check_different(
        Dialect::Ansi,
        &[("select a from (select a from t limit 3) q where a > 1", "select a from t where a > 1 limit 3")],
    );
}
