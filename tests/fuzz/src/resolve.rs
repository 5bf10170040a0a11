//! Pastes: no panic, bounded candidates, and every whole id that is found is found again in its own spelling.

use telltale_story::limits::CANDIDATES;
use telltale_story::resolve::{Key, comparison, parse};

/// The property.
pub(crate) fn check(data: &[u8]) {
    let paste = String::from_utf8_lossy(data);
    let found = parse(&paste);
    assert!(found.len() <= CANDIDATES);
    assert!(found.is_sorted_by_key(|candidate| std::cmp::Reverse(candidate.confidence)));
    let _pair = comparison(&paste, &found);
    for candidate in found {
        assert!(candidate.confidence <= 100 && !candidate.key.to_string().is_empty());
        if let Key::Trace(id) = candidate.key {
            assert_eq!(parse(&id.to_hex()).first().map(|first| first.key.clone()), Some(Key::Trace(id)));
        }
    }
}
