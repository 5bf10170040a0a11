//! Which form of an answer a client wants: `Accept` and `Accept-Encoding`, after RFC 9110 section 12.
//!
//! Works on media types and codings as whole words; parameters other than `q` are not compared. It never refuses: a
//! client that wants nothing of what there is gets the first offer, since a readable answer helps more than a 406.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING};

/// Returns the offered media type that `Accept` ranks highest; the first offer on a tie, or without the header.
pub(crate) fn media_type<'a>(headers: &HeaderMap, offers: &[&'a str]) -> &'a str {
    let accepted = ranges(headers, &ACCEPT);
    let first = offers.first().copied().unwrap_or("*/*");
    let mut best = (first, quality_of(&accepted, first));
    for offer in offers.iter().skip(1) {
        let quality = quality_of(&accepted, offer);
        if quality > best.1 {
            best = (offer, quality);
        }
    }
    best.0
}

/// Tells whether `Accept-Encoding` allows a coding by name; `*` does not count, it says nothing about decoders.
pub(crate) fn accepts_coding(headers: &HeaderMap, coding: &str) -> bool {
    ranges(headers, &ACCEPT_ENCODING).iter().any(|(name, quality)| name == coding && *quality > 0)
}

/// Reads a header of the form `a;q=0.5, b`: lower-case names with their quality in thousandths.
fn ranges(headers: &HeaderMap, name: &http::HeaderName) -> Vec<(String, u16)> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(range).collect()
}

fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';');
    let name = parts.next()?.trim().to_ascii_lowercase();
    let quality = parts.filter_map(|part| part.trim().strip_prefix("q=")).find_map(|text| text.parse::<f32>().ok());
    let permille = quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1_000.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 1000 above")]
    (!name.is_empty()).then_some((name, permille as u16))
}

/// Returns the quality of the most specific range that covers `offer`; 1 when the client did not say anything.
fn quality_of(accepted: &[(String, u16)], offer: &str) -> u16 {
    if accepted.is_empty() {
        return 1;
    }
    let family = offer.split('/').next().unwrap_or_default();
    let specificity = |range: &str| {
        if range == offer {
            3
        } else if range.strip_suffix("/*") == Some(family) {
            2
        } else {
            u8::from(range == "*/*")
        }
    };
    let covering = accepted.iter().map(|(range, quality)| (specificity(range), *quality));
    covering.filter(|(rank, _)| *rank > 0).max_by_key(|(rank, _)| *rank).map_or(0, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn accept(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        headers
    }

    #[test]
    fn the_form_a_client_ranks_highest_is_chosen() {
        let offers = ["text/html", "text/plain", "application/json"];
        for (header, expected) in [
            ("*/*", "text/html"),
            ("text/plain", "text/plain"),
            ("text/plain, */*", "text/html"),
            ("text/html;q=0.1, text/plain;q=0.2", "text/plain"),
            ("text/*;q=0.3, application/json", "application/json"),
            ("*/*;q=0.9, text/html;q=0.1", "text/plain"),
            ("image/png", "text/html"),
            ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
            ("TEXT/PLAIN", "text/plain"),
        ] {
            assert_eq!(media_type(&accept(header), &offers), expected, "{header}");
        }
        assert_eq!(media_type(&HeaderMap::new(), &offers), "text/html");
    }

    #[test]
    fn a_coding_counts_only_by_its_name_and_above_zero() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br;q=0, *"));
        assert!(accepts_coding(&headers, "gzip"));
        assert!(!accepts_coding(&headers, "br"));
        assert!(!accepts_coding(&headers, "zstd"));
    }

    proptest! {
        #[test]
        fn any_header_yields_one_of_the_offers(value in "[ -~]{0,60}") {
            let offers = ["text/html", "text/plain"];
            prop_assert!(offers.contains(&media_type(&accept(&value), &offers)));
        }
    }
}
