//! What can happen to a file.

use std::path::{Path, PathBuf};

use telltale_tests::rng::Rng;

/// Bytes that a disk loses or mixes up at once.
const PAGE: usize = 512;

/// A kind of damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Damage {
    /// One bit is another one.
    Bit,
    /// A page reads as zeros.
    Zeros,
    /// The end is missing.
    Cut,
    /// A page holds anything.
    Garbage,
    /// Something is behind the end.
    Longer,
    /// There is nothing in it.
    Empty,
    /// It is not there.
    Removed,
    /// Two pages stand in each other's place.
    Swapped,
    /// Another file of the same kind stands in its place.
    Misplaced,
}

pub(super) const DAMAGES: [Damage; 9] = [
    Damage::Bit,
    Damage::Zeros,
    Damage::Cut,
    Damage::Garbage,
    Damage::Longer,
    Damage::Empty,
    Damage::Removed,
    Damage::Swapped,
    Damage::Misplaced,
];

impl Damage {
    /// Damages a file; `others` are files of the same kind. False when nothing is different afterwards.
    pub(super) fn apply(self, path: &Path, others: &[PathBuf], rng: &mut Rng) -> bool {
        let before = std::fs::read(path).unwrap();
        let mut bytes = before.clone();
        // Preallocated files end in zeros, where nothing can be damaged.
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let place = usize::try_from(rng.range(0, used.max(1) as u64)).unwrap();
        let page = place - place % PAGE..(place - place % PAGE + PAGE).min(bytes.len());
        match self {
            Self::Bit if !bytes.is_empty() => bytes[place] ^= 1 << rng.range(0, 8),
            Self::Bit | Self::Empty => bytes.clear(),
            Self::Zeros => bytes[page].fill(0),
            Self::Cut => bytes.truncate(place),
            Self::Garbage => bytes[page].iter_mut().for_each(|byte| *byte = rng.next_u64().to_le_bytes()[0]),
            Self::Longer => bytes.extend((0..PAGE).map(|_| rng.next_u64().to_le_bytes()[0])),
            Self::Removed => {
                std::fs::remove_file(path).unwrap();
                return true;
            }
            Self::Swapped => {
                let pages = used / PAGE;
                let other = usize::try_from(rng.range(0, pages.max(1) as u64)).unwrap() * PAGE;
                for offset in 0..PAGE {
                    if page.start + offset < bytes.len() && other + offset < bytes.len() {
                        bytes.swap(page.start + offset, other + offset);
                    }
                }
            }
            Self::Misplaced => match others.get(usize::try_from(rng.range(0, others.len().max(1) as u64)).unwrap()) {
                Some(other) => bytes = std::fs::read(other).unwrap(),
                None => return false,
            },
        }
        std::fs::write(path, &bytes).unwrap();
        bytes != before
    }
}
