//! Tile-compressed images of the golden files, one at a time, to be damaged by hand.

use std::fs;
use std::io::Read;
use std::path::Path;

use astrogen_fits::FitsError;
use astrogen_fits::{FitsFile, Pixel, Planes};

/// One tile-compressed HDU, found by name, behind a primary HDU.
pub(crate) struct Compressed {
    pub(crate) bytes: Vec<u8>,
}

impl Compressed {
    pub(crate) fn of(name: &str) -> Compressed {
        let bytes = ["fits.fits.gz", "streams.fits.gz"]
            .into_iter()
            .find_map(|file| hdu(&golden(file), name))
            .unwrap();
        assert!(read::<f32>(&bytes).is_ok());
        Compressed { bytes }
    }

    /// The file with one card's value changed.
    pub(crate) fn with(&self, keyword: &str, value: &str) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let card = format!("{keyword:<8}=");
        let at =
            bytes.chunks(80).rposition(|chunk| chunk.starts_with(card.as_bytes())).unwrap() * 80;
        bytes[at..at + 80]
            .copy_from_slice(format!("{:<80}", format!("{card} {value:>20}")).as_bytes());
        bytes
    }

    /// Where the table of the compressed image starts.
    pub(crate) fn table(&self) -> usize {
        let end = format!("{:<80}", "END");
        let at = self.bytes.chunks(80).rposition(|chunk| chunk == end.as_bytes()).unwrap();
        ((at + 1) * 80).next_multiple_of(2880)
    }

    pub(crate) fn patched(&self, at: usize, patch: &[u8]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[at..at + patch.len()].copy_from_slice(patch);
        bytes
    }
}

/// Reads the pixels of the first image of a file that holds these bytes.
pub(crate) fn read<T: Pixel>(bytes: &[u8]) -> Result<Vec<T>, FitsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.fits");
    fs::write(&path, bytes).unwrap();
    let mut file = FitsFile::open(&path)?;
    let index = file.hdu(None)?.index;
    Ok(file.read(index, &Planes::Bands)?.into_iter().collect())
}

/// A golden file, unpacked.
pub(crate) fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The empty primary HDU and the one of this name, if the file has it.
fn hdu(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.fits");
    fs::write(&path, bytes).unwrap();
    let file = FitsFile::open(&path).unwrap();
    let index = file.hdu(Some(&name.parse().unwrap())).ok()?.index;
    // Headers start on blocks with XTENSION.
    let starts: Vec<usize> = (0..bytes.len())
        .step_by(2880)
        .filter(|at| bytes[*at..].starts_with(b"XTENSION") || *at == 0)
        .collect();
    let end = starts.get(index + 1).copied().unwrap_or(bytes.len());
    Some([&bytes[..starts[1]], &bytes[starts[index]..end]].concat())
}
