//! The test vectors of `tests/vectors/trace-ids.json`, natively; the black-box tests run the same file in wasm.
//!
//! Each has the row of the table of spellings that it belongs to, the paste, and what must be read: form, key, span and
//! note of the best reading, or with `"best": false` of any one; the number of readings; the two ids of a comparison.

use serde_json::Value;

use super::*;

mod check;

/// The vectors as they lie in the repository.
const VECTORS: &str = include_str!("../../../../tests/vectors/trace-ids.json");

/// Scenario: every row of the table, every key of log lines, every link of other products.
#[test]
fn every_vector_is_read_as_it_says() {
    assert_eq!(check::faults(VECTORS), Vec::<String>::new());
}

/// Guarantees: no row of the table is without a vector.
#[test]
fn every_row_has_a_vector() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    for row in 1..=42 {
        assert!(vectors.iter().any(|vector| vector["row"] == row), "row {row} has no vector");
    }
    assert!(vectors.iter().any(|vector| vector["row"] == "5.3") && vectors.iter().any(|vector| vector["row"] == "5.4"));
}
