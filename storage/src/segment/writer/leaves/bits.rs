//! Numbers of few bits one behind the other, and Parquet's levels and dictionary numbers made of them.

/// Numbers packed into bytes, the first in the lowest bits.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// Bits that are not in `bytes` yet, and how many.
    open: u64,
    filled: u32,
}

impl Bits {
    /// Appends the lowest `width` bits of `value`, which has no others; at most 32.
    #[inline]
    pub(super) fn push(&mut self, value: u64, width: u32) {
        self.open |= value << self.filled;
        self.filled += width;
        if self.filled >= 32 {
            self.bytes.extend_from_slice(&(self.open as u32).to_le_bytes());
            self.open >>= 32;
            self.filled -= 32;
        }
    }

    /// Appends everything to `out`, filled up with zeros to a whole byte, and begins anew.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let rest = self.filled.div_ceil(8) as usize;
        self.bytes.extend(self.open.to_le_bytes().into_iter().take(rest));
        (self.open, self.filled) = (0, 0);
        out.append(&mut self.bytes);
    }
}

/// Levels of a page: a number of values that are all the same until one is not.
#[derive(Debug)]
pub(super) struct Levels {
    width: u32,
    count: usize,
    /// The level of all so far.
    same: Option<u8>,
    bits: Bits,
}

impl Levels {
    /// Returns no levels; `width` is 1 or 2 bits.
    pub(super) fn new(width: u32) -> Self {
        Self { width, count: 0, same: Some(0), bits: Bits::default() }
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }

    #[inline]
    pub(super) fn push(&mut self, level: u8) {
        if self.same.is_some() {
            return self.push_run(level, 1);
        }
        self.bits.push(u64::from(level), self.width);
        self.count += 1;
    }

    /// Appends level 2 for each of the lowest `count` bits that is set and 1 for each other; at most 16, in levels of two bits.
    #[inline]
    pub(super) fn push_validity(&mut self, bits: u32, count: usize) {
        let all = (1_u32 << count) - 1;
        if let Some(same) = self.same {
            if bits == all || bits == 0 {
                return self.push_run(1 + u8::from(bits == all), count);
            }
            self.same = None;
            self.pack(same, self.count);
        }
        let levels = spread(bits) << 1 | spread(!bits & all);
        self.bits.push(u64::from(levels), count as u32 * 2);
        self.count += count;
    }

    /// Appends the repetition levels of a row of so many items: 0, then 1 for each further one. Levels are of one bit.
    #[inline]
    pub(super) fn push_row(&mut self, items: usize) {
        if self.same.is_some() || items > 32 {
            self.push_run(0, 1);
            if items > 1 {
                self.push_run(1, items - 1);
            }
            return;
        }
        let count = items.max(1);
        self.bits.push(((1 << count) - 1) ^ 1, count as u32);
        self.count += count;
    }

    /// Appends a level `count` times.
    #[inline]
    pub(super) fn push_run(&mut self, level: u8, count: usize) {
        if let Some(same) = self.same {
            if self.count == 0 || same == level {
                self.same = Some(level);
                self.count += count;
                return;
            }
            self.same = None;
            self.pack(same, self.count);
        }
        self.pack(level, count);
        self.count += count;
    }

    fn pack(&mut self, level: u8, mut count: usize) {
        let most = 32 / self.width as usize;
        let pattern = (0..most).fold(0, |pattern, _| pattern << self.width | u64::from(level));
        while count > 0 {
            let now = count.min(most);
            let bits = now as u32 * self.width;
            self.bits.push(pattern & ((1 << bits) - 1), bits);
            count -= now;
        }
    }

    /// Appends the levels as a data page of version 1 has them, and begins anew.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        match self.same {
            Some(level) => put_run(out, u64::from(level), self.count, self.width),
            None => put_packed(out, &mut self.bits, self.count, self.width),
        }
        let length = u32::try_from(out.len() - length_at - 4).unwrap_or(u32::MAX);
        if let Some(place) = out.get_mut(length_at..length_at + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        (self.count, self.same) = (0, Some(0));
    }
}

/// Puts a zero behind each of the lowest 16 bits.
const fn spread(bits: u32) -> u32 {
    let bits = (bits | bits << 8) & 0x00ff_00ff;
    let bits = (bits | bits << 4) & 0x0f0f_0f0f;
    let bits = (bits | bits << 2) & 0x3333_3333;
    (bits | bits << 1) & 0x5555_5555
}

/// Appends numbers below `numbers_end` as a page of a dictionary has them.
pub(super) fn put_numbers(out: &mut Vec<u8>, numbers: &[u32], numbers_end: usize) {
    let width = (usize::BITS - numbers_end.saturating_sub(1).leading_zeros()).clamp(1, 32);
    out.push(width as u8);
    let Some((first, rest)) = numbers.split_first() else { return };
    if rest.iter().all(|number| number == first) {
        return put_run(out, u64::from(*first), numbers.len(), width);
    }
    let mut bits = Bits::default();
    numbers.iter().for_each(|number| bits.push(u64::from(*number), width));
    put_packed(out, &mut bits, numbers.len(), width);
}

/// Appends a run of the same number.
fn put_run(out: &mut Vec<u8>, number: u64, count: usize, width: u32) {
    put_varint(out, (count as u64) << 1);
    out.extend(number.to_le_bytes().into_iter().take(width.div_ceil(8) as usize));
}

/// Appends one run of packed numbers, filled up to a multiple of eight.
fn put_packed(out: &mut Vec<u8>, bits: &mut Bits, count: usize, width: u32) {
    let groups = count.div_ceil(8);
    put_varint(out, (groups as u64) << 1 | 1);
    let start = out.len();
    bits.finish(out);
    out.resize(start + groups * width as usize, 0);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
