//! FITS bytes put together by hand, so that tests hold any header they like.

/// Header blocks made of these cards, each `(keyword, value)`, and an `END`.
pub(crate) fn header(cards: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (keyword, value) in cards {
        bytes.extend(format!("{:<80}", format!("{keyword:<8}= {value:>20}")).into_bytes());
    }
    bytes.extend(format!("{:<80}", "END").into_bytes());
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    bytes
}

/// The header and zero-padded data of one HDU.
pub(crate) fn hdu(cards: &[(&str, &str)], data: &[u8]) -> Vec<u8> {
    let mut bytes = header(cards);
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(2880), 0);
    bytes
}

/// The cards of a primary image.
pub(crate) fn primary<'a>(bitpix: &'a str, axes: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    const NAMES: [&str; 5] = ["NAXIS1", "NAXIS2", "NAXIS3", "NAXIS4", "NAXIS5"];
    let count = ["0", "1", "2", "3", "4", "5"][axes.len()];
    let mut cards = vec![("SIMPLE", "T"), ("BITPIX", bitpix), ("NAXIS", count)];
    cards.extend(NAMES.into_iter().zip(axes.iter().copied()));
    cards
}
