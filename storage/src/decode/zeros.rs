//! Zeros that all batches share, for the columns of attributes without any value: most requests have no doubles, and clearing
//! memory for them costs as much as the numbers.
//!
//! There is one buffer a power of two, and a column gets the smallest that suffices. Whoever asks Arrow for the memory of an
//! array (query operators against their bound, live readers) is told whole allocations: one large buffer for all would make every
//! request look as large.

use std::sync::LazyLock;

use arrow::buffer::Buffer;

use super::limits::{SHARED_ZERO_BYTES, SHARED_ZERO_BYTES_MIN};

/// From the smallest to the largest, each twice as large as the one before.
static ZEROS: LazyLock<Vec<Buffer>> = LazyLock::new(|| {
    let sizes = std::iter::successors(Some(SHARED_ZERO_BYTES_MIN), |bytes| Some(bytes * 2));
    sizes.take_while(|bytes| *bytes <= SHARED_ZERO_BYTES).map(owned).collect()
});

/// Returns a buffer of zeros, aligned for numbers of 64 bits.
pub(super) fn zeros(bytes: usize) -> Buffer {
    shared(bytes).map_or_else(|| owned(bytes), Buffer::clone).slice_with_length(0, bytes)
}

/// Tells whether a buffer is of the zeros that all batches share, so that it takes no memory of its own.
pub(crate) fn is_shared_zeros(buffer: &Buffer) -> bool {
    shared(buffer.capacity()).is_some_and(|zeros| zeros.data_ptr() == buffer.data_ptr())
}

/// Returns the smallest of the shared buffers that has so many bytes.
fn shared(bytes: usize) -> Option<&'static Buffer> {
    let zeros = &*ZEROS;
    zeros.get(zeros.partition_point(|zeros| zeros.len() < bytes))
}

fn owned(bytes: usize) -> Buffer {
    Buffer::from_vec(vec![0_u64; bytes.div_ceil(size_of::<u64>())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_shared_up_to_a_size_and_never_much_larger_than_asked_for() {
        for bytes in [0, 1, 8, SHARED_ZERO_BYTES_MIN, SHARED_ZERO_BYTES_MIN + 1, 100_000, SHARED_ZERO_BYTES] {
            let buffer = zeros(bytes);
            assert_eq!(buffer.as_slice(), vec![0; bytes]);
            assert!(is_shared_zeros(&buffer), "{bytes}");
            assert!(buffer.capacity() <= SHARED_ZERO_BYTES_MIN.max(bytes * 2), "{bytes}: {}", buffer.capacity());
        }
        let large = zeros(SHARED_ZERO_BYTES + 1);
        assert_eq!(large.as_slice(), vec![0; SHARED_ZERO_BYTES + 1]);
        assert!(!is_shared_zeros(&large) && !is_shared_zeros(&Buffer::from_vec(vec![0_u64; 16])));
    }
}
