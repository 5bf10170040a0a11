//! JUnit XML of any bytes: no panic, bounded test cases, and texts that are cut to their bound.

use telltale_signals::junit::read;
use telltale_signals::limits::{JUNIT_CASES, JUNIT_TEXT_BYTES};

/// The property.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(cases) = read(&text) else { return };
    assert!(cases.len() <= JUNIT_CASES);
    for case in cases {
        assert!(
            case.output.len() <= JUNIT_TEXT_BYTES + 64 && case.details.len() <= JUNIT_TEXT_BYTES + 64,
            "{}",
            case.name
        );
    }
}
