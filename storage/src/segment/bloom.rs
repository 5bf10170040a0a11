//! Split-block bloom filters over ids: "is this trace possibly here" in one cache line.
//!
//! The filters of a segment are one small file that is read at the first question and stays in memory. Layout and
//! hash are in `storage/FORMAT.md`; the block structure is that of Parquet's bloom filters.

use xxhash_rust::xxh3::xxh3_64;

/// First bytes of the file.
const MAGIC: [u8; 8] = *b"telltBLM";
/// Version of the file.
const VERSION: u32 = 1;
/// Bits per distinct key: a false answer in 760 questions. With 12 it was one in 185, and under the fleet's load of an hour, with 220 segments, these
/// were a quarter of what an answer costs.
const BITS_PER_KEY: usize = 16;
/// Words of a block.
const BLOCK_WORDS: usize = 8;
/// Bits of a block.
const BLOCK_BITS: usize = 256;
/// One odd multiplier a word, from Parquet's specification of split-block filters.
const SALTS: [u32; BLOCK_WORDS] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = BLOCK_BITS / 8;

/// A block: one bit in each word a key.
pub(super) type Block = [u32; BLOCK_WORDS];

/// What a filter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// Whole trace ids: in files of before 2026-11-30 only, beside their right halves, which tell as much.
    Trace,
    /// The right halves of trace ids, which are the random ones (W3C Trace Context level 2, "random-trace-id").
    Low64,
    /// Span ids.
    Span,
}

/// One filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Filter {
    blocks: Vec<Block>,
}

/// The filters of a segment. A kind that was not written answers "possibly".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Blooms {
    filters: [Option<Filter>; 3],
}

impl Filter {
    /// Makes a filter over hashes, which may repeat.
    fn of(mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        let blocks = (hashes.len() * BITS_PER_KEY).div_ceil(BLOCK_BITS).max(1);
        let mut filter = Self { blocks: vec![[0; BLOCK_WORDS]; blocks] };
        for hash in hashes {
            let (place, mask) = place(hash, blocks);
            if let Some(block) = filter.blocks.get_mut(place) {
                block.iter_mut().zip(mask).for_each(|(word, bit)| *word |= bit);
            }
        }
        filter
    }

    fn may_contain(&self, key: &[u8]) -> bool {
        let (place, mask) = place(hash(key), self.blocks.len());
        self.blocks.get(place).is_none_or(|block| block.iter().zip(mask).all(|(word, bit)| word & bit != 0))
    }
}

/// Returns the hash by which a filter knows a key.
pub(crate) fn hash(key: &[u8]) -> u64 {
    xxh3_64(key)
}

/// The upper half of the hash chooses one of `blocks` blocks, the lower one a bit of each word.
pub(super) fn place(hash: u64, blocks: usize) -> (usize, Block) {
    let place = ((hash >> 32) * blocks as u64) >> 32;
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
    let low = hash as u32;
    (usize::try_from(place).unwrap_or(0), SALTS.map(|salt| 1 << (low.wrapping_mul(salt) >> 27)))
}

/// Returns the block of its bytes.
pub(super) fn read_block(bytes: &[u8; BLOCK_BYTES]) -> Block {
    let mut block = Block::default();
    for (word, chunk) in block.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*chunk);
    }
    block
}

impl Blooms {
    /// Tells whether a filter was written and no key is in it.
    pub(crate) fn is_empty(&self, key: Key) -> bool {
        let filter = self.filters.get(key as usize).and_then(Option::as_ref);
        filter.is_some_and(|filter| filter.blocks.iter().flatten().all(|word| *word == 0))
    }

    /// Adds a filter over keys, given by their hashes ([`hash`]), which may repeat.
    pub(crate) fn insert(&mut self, key: Key, hashes: Vec<u64>) {
        if let Some(slot) = self.filters.get_mut(key as usize) {
            *slot = Some(Filter::of(hashes));
        }
    }

    /// Tells whether a trace may have rows in the segment; never false when it has.
    pub(crate) fn may_contain_trace(&self, id: &[u8; 16]) -> bool {
        let may_have_right = id.last_chunk::<8>().is_none_or(|right| self.may_contain(Key::Low64, right));
        may_have_right && self.may_contain(Key::Trace, id)
    }

    /// Tells whether a key may be in the segment; never false when it is.
    pub(crate) fn may_contain(&self, key: Key, id: &[u8]) -> bool {
        self.filters.get(key as usize).and_then(Option::as_ref).is_none_or(|filter| filter.may_contain(id))
    }

    /// Returns the bytes that the filters take in memory.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let blocks: usize = self.filters.iter().flatten().map(|filter| filter.blocks.capacity()).sum();
        (blocks * BLOCK_BYTES) as u64
    }

    /// Returns the bytes of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        for filter in &self.filters {
            // 0 blocks: this kind was not written.
            let blocks = filter.as_ref().map_or(0, |filter| filter.blocks.len());
            out.extend_from_slice(&u32::try_from(blocks).unwrap_or(u32::MAX).to_le_bytes());
        }
        for word in self.filters.iter().flatten().flat_map(|filter| &filter.blocks).flatten() {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out
    }

    /// Reads the bytes of the file.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let (body, crc) = bytes.split_last_chunk().ok_or("too short")?;
        if u32::from_le_bytes(*crc) != crc32c::crc32c(body) {
            return Err("wrong checksum");
        }
        let body = body.strip_prefix(&MAGIC).ok_or("not a bloom file")?;
        let mut words = body.as_chunks().0.iter().map(|chunk| u32::from_le_bytes(*chunk));
        if words.next() != Some(VERSION) {
            return Err("another version");
        }
        let mut counts = [0_u32; 3];
        for count in &mut counts {
            *count = words.next().ok_or("too short")?;
        }
        let mut blooms = Self { filters: counts.map(|count| (count > 0).then(Filter::default)) };
        for (filter, count) in blooms.filters.iter_mut().zip(counts) {
            let Some(filter) = filter else { continue };
            // Not more than there is, and nothing to spare: filters of all segments stay in memory.
            filter.blocks.reserve_exact((count as usize).min(body.len() / BLOCK_BYTES));
            for _ in 0..count {
                let mut block = [0; BLOCK_WORDS];
                for word in &mut block {
                    *word = words.next().ok_or("too short")?;
                }
                filter.blocks.push(block);
            }
        }
        blooms.forget_whole_ids();
        if words.next().is_some() { Err("too long") } else { Ok(blooms) }
    }

    /// Gives back the memory of the filter over whole trace ids where there is one over their right halves.
    fn forget_whole_ids(&mut self) {
        let [whole, right, _] = &mut self.filters;
        if right.is_some() {
            *whole = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_is_found_again_also_after_the_file(
            traces in prop::collection::hash_set(any::<[u8; 16]>(), 0..300),
            spans in prop::collection::hash_set(any::<[u8; 8]>(), 0..300),
        ) {
            let mut blooms = Blooms::default();
            blooms.insert(Key::Trace, traces.iter().map(|id| hash(id)).collect());
            blooms.insert(Key::Span, spans.iter().map(|id| hash(id)).collect());
            let bytes = blooms.encode();
            let read = Blooms::decode(&bytes).unwrap();
            prop_assert_eq!(&read, &blooms);
            prop_assert!(traces.iter().all(|id| read.may_contain(Key::Trace, id)));
            prop_assert!(spans.iter().all(|id| read.may_contain(Key::Span, id)));
            prop_assert!(read.may_contain(Key::Low64, &[1; 8]));
        }

        #[test]
        fn a_changed_or_cut_file_is_noticed(
            keys in prop::collection::hash_set(any::<[u8; 16]>(), 0..50),
            at in any::<prop::sample::Index>(),
        ) {
            let mut blooms = Blooms::default();
            blooms.insert(Key::Trace, keys.iter().map(|id| hash(id)).collect());
            let mut bytes = blooms.encode();
            prop_assert!(Blooms::decode(&bytes[..at.index(bytes.len())]).is_err());
            let bit = at.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Blooms::decode(&bytes).is_err());
        }
    }

    #[test]
    fn right_halves_answer_for_whole_ids_also_in_older_files() {
        let traces: Vec<[u8; 16]> =
            (0..300_u128).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) << 3).to_be_bytes()).collect();
        let (known, others) = traces.split_at(150);
        let whole = || known.iter().map(|id| hash(id)).collect();
        let right = || known.iter().filter_map(|id| id.last_chunk::<8>()).map(|half| hash(half)).collect();
        let of = |keys: &[(Key, Vec<u64>)]| {
            let mut blooms = Blooms::default();
            keys.iter().for_each(|(key, hashes)| blooms.insert(*key, hashes.clone()));
            Blooms::decode(&blooms.encode()).unwrap()
        };
        let today = of(&[(Key::Low64, right())]);
        assert_eq!(of(&[(Key::Trace, whole()), (Key::Low64, right())]), today, "one of the two is enough in memory");
        for blooms in [today, of(&[(Key::Trace, whole())])] {
            assert!(known.iter().all(|id| blooms.may_contain_trace(id)));
            assert!(others.iter().filter(|id| blooms.may_contain_trace(id)).count() < 15);
        }
        assert!(Blooms::default().may_contain_trace(&[1; 16]));
    }

    #[test]
    fn false_answers_are_rare() {
        let keys = (0..20_000_u64).map(|key| hash(&key.to_le_bytes())).collect();
        let mut blooms = Blooms::default();
        blooms.insert(Key::Span, keys);
        let wrong = (20_000..120_000_u64).filter(|key| blooms.may_contain(Key::Span, &key.to_le_bytes())).count();
        assert!(wrong < 1_000, "{wrong} of 100,000");
    }
}
