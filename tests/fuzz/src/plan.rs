//! Query plans: no panic, the text is kept, depths make a tree, shares are shares.

use telltale_story::plan::parse;

/// The property.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let view = parse(&text);
    assert_eq!(view.text, text);
    assert_eq!(view.format == "text", view.nodes.is_empty());
    assert!(view.nodes.first().is_none_or(|first| first.depth == 0));
    assert!(view.nodes.windows(2).all(|pair| pair[1].depth <= pair[0].depth + 1));
    assert!(view.worst.is_none_or(|worst| (worst as usize) < view.nodes.len()));
}
