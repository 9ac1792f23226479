//! Bits of a compressed stream, the highest of a byte first.

/// Bits that a load has at least, wherever it starts.
pub(super) const WINDOW: usize = 57;

/// At least [`WINDOW`] bits from bit `at` on, the first the highest; zeros behind the end.
#[inline]
pub(super) fn window(stream: &[u8], at: usize) -> u64 {
    let rest = stream.get(at / 8..).unwrap_or_default();
    let word = match rest.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => {
            let mut bytes = [0; 8];
            bytes[..rest.len()].copy_from_slice(rest);
            u64::from_be_bytes(bytes)
        }
    };
    word << (at % 8)
}
