//! Payment card numbers: digits with the length and the first digits of a card network, and a right check digit (Luhn).

use std::ops::Range;

use super::patterns::Found;

/// Returns the card number in a run of groups of digits: other numbers may stand before and behind it, each a group. A group
/// that is part of a known id is none of a card's.
pub(super) fn find_card(found: &Found<'_>) -> Option<Range<usize>> {
    let text = found.text.as_bytes();
    let mut groups = Vec::new();
    let mut start = found.range.start;
    let run = text.get(found.range.clone()).unwrap_or_default();
    for (at, byte) in run.iter().copied().chain([b' ']).enumerate() {
        if !byte.is_ascii_digit() {
            groups.push(start..found.range.start + at);
            start = found.range.start + at + 1;
        }
    }
    groups.iter().enumerate().find_map(|(first, from)| {
        let mut digits = Vec::new();
        let window = groups.iter().skip(first).take_while(|group| !found.ids.contains(word(found.text, group)));
        window.into_iter().find_map(|group| {
            digits.extend_from_slice(text.get(group.clone()).unwrap_or_default());
            is_card(&digits).then_some(from.start..group.end)
        })
    })
}

/// Returns the word of letters and digits around a group.
fn word<'t>(text: &'t str, group: &Range<usize>) -> &'t str {
    let bytes = text.as_bytes();
    let before = bytes.get(..group.start).unwrap_or_default();
    let after = bytes.get(group.end..).unwrap_or_default();
    let left = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let right = after.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    text.get(group.start - left..group.end + right).unwrap_or_default()
}

/// Whether digits are a card number. Times in nanoseconds (19 digits beginning with 1) are none of any network.
fn is_card(digits: &[u8]) -> bool {
    is_of_a_network(digits) && luhn(digits)
}

/// Returns the number of the first `count` digits.
fn prefix(digits: &[u8], count: usize) -> u32 {
    digits.iter().take(count).fold(0, |sum, digit| sum * 10 + u32::from(digit.wrapping_sub(b'0')))
}

fn is_of_a_network(digits: &[u8]) -> bool {
    let (two, three, four) = (prefix(digits, 2), prefix(digits, 3), prefix(digits, 4));
    match digits.len() {
        13 => prefix(digits, 1) == 4,
        14 => matches!(three, 300..=305) || matches!(two, 36 | 38 | 39),
        15 => matches!(two, 34 | 37),
        16 => {
            prefix(digits, 1) == 4
                || matches!(two, 51..=55 | 62 | 64 | 65 | 50 | 56..=58)
                || matches!(four, 2221..=2720 | 3528..=3589 | 6011)
        }
        17..=19 => matches!(two, 62 | 50 | 56..=58 | 63 | 67) || (digits.len() == 19 && prefix(digits, 1) == 4),
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let digits = digits.iter().rev().map(|digit| u32::from(digit.wrapping_sub(b'0')));
    let sum: u32 = digits.enumerate().map(|(place, digit)| if place % 2 == 1 { doubled(digit) } else { digit }).sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(run: &str) -> Option<Range<usize>> {
        find_card(&Found { text: run, range: 0..run.len(), ids: &super::super::KnownIds::new() })
    }

    #[test]
    fn a_card_is_found_between_other_numbers() {
        for (run, card) in [
            ("17 4111111111111111", "4111111111111111"),
            ("4111 1111 1111 1111 12-34", "4111 1111 1111 1111"),
            ("2026-11-28 3782-822463-10005", "3782-822463-10005"),
        ] {
            assert_eq!(find(run).and_then(|range| run.get(range)), Some(card), "{run}");
        }
        assert_eq!(find("1763716443221000000 1234"), None);
        assert_eq!(find("174111111111111111"), None, "a longer number is another number");
    }

    #[test]
    fn test_numbers_of_the_networks_are_cards_and_times_are_not() {
        for card in [
            "4111111111111111",
            "4012888888881881",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "6011111111111117",
            "30569309025904",
            "3530111333300000",
            "6200000000000005",
            "4222222222222",
        ] {
            assert!(is_card(card.as_bytes()), "{card}");
        }
        for other in ["4111111111111112", "1763716443221000000", "1763716443221000", "0000000000000000", "411111111111"]
        {
            assert!(!is_card(other.as_bytes()), "{other}");
        }
    }
}
