//! XXH64 of a label set as Prometheus computes it, so that `limit_ratio` picks the series that Prometheus picks.
//!
//! Algorithm: <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>, seed 0, over each name and each value with its length
//! in front (one byte, or 255 and three bytes little-endian).

use super::Labels;

const P1: u64 = 0x9E37_79B1_85EB_CA87;
const P2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const P3: u64 = 0x1656_67B1_9E37_79F9;
const P4: u64 = 0x85EB_CA77_C2B2_AE63;
const P5: u64 = 0x27D4_EB2F_1656_67C5;

impl Labels {
    /// The hash that decides in `limit_ratio`.
    #[must_use]
    pub fn ratio_hash(&self) -> u64 {
        let mut bytes = Vec::with_capacity(64);
        for (name, value) in self.iter() {
            for text in [name, value] {
                match u8::try_from(text.len()) {
                    Ok(short) if short < 255 => bytes.push(short),
                    _ => {
                        bytes.push(255);
                        bytes.extend(text.len().to_le_bytes().iter().take(3));
                    }
                }
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        xxh64(&bytes)
    }
}

fn round(sum: u64, lane: u64) -> u64 {
    sum.wrapping_add(lane.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1)
}

fn word<const N: usize>(bytes: &[u8]) -> u64 {
    bytes.iter().take(N).rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

pub(super) fn xxh64(bytes: &[u8]) -> u64 {
    let stripes = bytes.chunks_exact(32);
    let rest = stripes.remainder();
    let mut hash = if bytes.len() >= 32 {
        let mut sums = [P1.wrapping_add(P2), P2, 0, 0u64.wrapping_sub(P1)];
        for stripe in stripes {
            for (sum, lane) in sums.iter_mut().zip(stripe.chunks_exact(8)) {
                *sum = round(*sum, word::<8>(lane));
            }
        }
        let turns = [1, 7, 12, 18];
        let start = sums.iter().zip(turns).fold(0u64, |all, (sum, turn)| all.wrapping_add(sum.rotate_left(turn)));
        sums.iter().fold(start, |all, sum| (all ^ round(0, *sum)).wrapping_mul(P1).wrapping_add(P4))
    } else {
        P5
    };
    hash = hash.wrapping_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let words = rest.chunks_exact(8);
    let mut tail = words.remainder();
    for lane in words {
        hash = (hash ^ round(0, word::<8>(lane))).rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
    }
    if let Some((four, left)) = tail.split_at_checked(4) {
        hash = (hash ^ word::<4>(four).wrapping_mul(P1)).rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
        tail = left;
    }
    for byte in tail {
        hash = (hash ^ u64::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(P2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(P3);
    hash ^ (hash >> 32)
}
