//! What holds for any paste: no panic, linear work, the canonical spelling read as itself.

use proptest::prelude::*;

use super::*;

/// Pieces of which long pastes are made: everything that a reader of shapes begins with.
const PIECE: &str = "(0af7651916cd43dd8448eb211c80319c|b7ad6b7169203331|[0-9a-f]{1,8}|traceIdHigh=1 traceIdLow=2 |x-request-id=|\\||trace_id=|span_id=|%3A|%25|=\n|=3D|1-|00-|[.:;,/\"\n -]|\\[10 |[A-Za-z0-9+/]{8,30}|sw8: 1-|\u{200b}|\u{e9}|sampled=0 ){1,6}";

/// Bytes that are looked at for one byte of a paste, at most: a handful of views, a key before each word.
const BYTES_A_BYTE: u64 = 1_500;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Scenario: a few pieces again and again, up to the bound. Guarantees: twice the paste is no more than about twice
    /// the work, and each byte costs a bounded number of looks.
    #[test]
    fn work_grows_like_the_paste(piece in PIECE) {
        let work = |bytes: usize| {
            let paste = piece.repeat(bytes / piece.len());
            work::measure(|| drop(parse(&paste)))
        };
        let (half, whole) = (work(16 * 1024), work(32 * 1024));
        prop_assert!(whole <= half * 5 / 2 + 64 * 1024, "{half} and {whole} for {piece:?}");
        prop_assert!(whole <= BYTES_A_BYTE * 32 * 1024, "{whole} for {piece:?}");
    }

    /// What a reading is written as is read as the same again.
    #[test]
    fn the_canonical_spelling_is_read_as_itself(text in "[ -~]{0,60}", id in any::<[u8; 16]>()) {
        let pastes = [text, TraceId::new(id).map(|id| id.to_hex()).unwrap_or_default()];
        for candidate in pastes.iter().flat_map(|paste| parse(paste)) {
            let Key::Trace(id) = candidate.key else { continue };
            let again = parse(&id.to_hex());
            prop_assert_eq!(again.first().map(|first| &first.key), Some(&Key::Trace(id)));
            prop_assert_eq!(again.first().map(|first| first.form), Some(Form::Hex32));
        }
    }

    /// Three dots between two ids ask for a comparison, in the order in which they stand.
    #[test]
    fn two_ids_with_dots_between_them_are_a_comparison(a in any::<[u8; 16]>(), b in any::<[u8; 16]>(), url in any::<bool>()) {
        prop_assume!(a != b && a[0] > 0 && b[0] > 0);
        let (a, b) = (TraceId::new(a).unwrap(), TraceId::new(b).unwrap());
        let paste = format!("{}{a}...{b}", if url { "http://j.example/trace/" } else { "" });
        prop_assert_eq!(comparison(&paste, &parse(&paste)), Some([a, b]));
        prop_assert_eq!(comparison(&format!("{a} {b}"), &parse(&format!("{a} {b}"))), None);
    }
}
