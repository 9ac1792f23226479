//! Files of `torch.save` that someone else made: refused in words, with no more memory than they
//! explain.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../astrogen-preprocess/examples/fuzz/memory.rs"]
mod memory;

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use astrogen_nn::NnError;
use astrogen_nn::weights::{self, Value, read_pytorch};
use tch::Kind;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// What reading a file may take beside what is in proportion to its size.
const PEAK: usize = 1 << 20;

/// Bytes that a byte of a pickle may take: a list of one value has two operations.
const SHARE: usize = 160;

/// The allocator counts what all threads take, so these tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn archive(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A file of a pickle of protocol 2 and a storage `0` of four floats.
fn file(pickle: &[u8]) -> Vec<u8> {
    let pickle = [b"\x80\x02", pickle, b"."].concat();
    let storage: Vec<u8> = [1f32, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let entries = [("a/data.pkl", &pickle[..]), ("a/data/0", &storage)];
    archive(&entries, CompressionMethod::Stored)
}

/// Reads a file whole, down to the elements of its tensors; the error's words.
fn read(folder: &Path, bytes: &[u8]) -> Result<(), String> {
    let path = folder.join("x.pth");
    fs::write(&path, bytes).unwrap();
    let (value, peak) = memory::peak_of(|| read_pytorch(&path).map(|file| file.value));
    assert!(peak < PEAK + SHARE * bytes.len(), "{peak} bytes of {}", bytes.len());
    match value {
        Ok(value) => {
            touch(&value);
            Ok(())
        }
        Err(error) => {
            assert!(matches!(error, NnError::InvalidFile { .. }), "{error}");
            assert!(weights::read(&path).is_err());
            Err(error.to_string())
        }
    }
}

fn touch(value: &Value) {
    match value {
        Value::Tensor(tensor) => {
            tensor.to_kind(Kind::Double).sum(Kind::Double).double_value(&[]);
        }
        Value::List(values) | Value::Tuple(values) => values.iter().for_each(touch),
        Value::Dict(items) => items.iter().for_each(|(_, value)| touch(value)),
        _ => {}
    }
}

fn int(number: i64) -> Vec<u8> {
    [b"\x8a\x08".to_vec(), number.to_le_bytes().to_vec()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [b"X".to_vec(), (text.len() as u32).to_le_bytes().to_vec(), text.as_bytes().to_vec()].concat()
}

fn tuple(parts: &[Vec<u8>]) -> Vec<u8> {
    [b"(".to_vec(), parts.concat(), b"t".to_vec()].concat()
}

/// A tensor of a storage of so many floats.
fn tensor(elements: i64, offset: i64, size: &[i64], stride: &[i64]) -> Vec<u8> {
    let storage = tuple(&[
        text("storage"),
        b"ctorch\nFloatStorage\n".to_vec(),
        text("0"),
        text("cpu"),
        int(elements),
    ]);
    let integers = |of: &[i64]| tuple(&of.iter().map(|n| int(*n)).collect::<Vec<_>>());
    let arguments = tuple(&[
        [storage, b"Q".to_vec()].concat(),
        int(offset),
        integers(size),
        integers(stride),
        b"\x89".to_vec(),
        b"ccollections\nOrderedDict\n)R".to_vec(),
    ]);
    [b"ctorch._utils\n_rebuild_tensor_v2\n".to_vec(), arguments, b"R".to_vec()].concat()
}

#[test]
fn views_lie_within_their_storage() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let whole = 1 << 40;
    type Case = (i64, i64, &'static [i64], &'static [i64], Option<&'static str>);
    let cases: [Case; 17] = [
        (4, 0, &[2, 2], &[2, 1], None),
        (4, 0, &[2, 2], &[1, 1], None),
        (4, 3, &[], &[], None),
        (4, 4, &[0, 5], &[5, 1], None),
        (4, 1, &[4], &[1], Some("does not lie within the 4 elements")),
        (4, 0, &[3], &[2], Some("does not lie within")),
        (4, -1, &[2], &[1], Some("does not lie within")),
        (4, 0, &[-2], &[1], Some("does not lie within")),
        (4, 3, &[2], &[-1], Some("does not lie within")),
        (4, 5, &[0], &[1], Some("does not lie within")),
        (4, i64::MAX, &[2], &[i64::MAX], Some("does not lie within")),
        (4, 0, &[i64::MAX, i64::MAX], &[0, 0], Some("does not lie within")),
        (4, 0, &[2], &[1, 1], Some("does not lie within")),
        (4, 0, &[1; 65], &[1; 65], Some("does not lie within")),
        (4, 0, &[1 << 40], &[0], Some("of 1099511627776 elements that repeats the 4")),
        (whole, 0, &[1 << 40], &[1], Some("`a/data/0`: 16 bytes; 4398046511104 bytes expected")),
        (-1, 0, &[0], &[1], Some("does not lie within the -1 elements")),
    ];
    for (elements, offset, size, stride, words) in cases {
        let result = read(folder.path(), &file(&tensor(elements, offset, size, stride)));
        match (&result, words) {
            (Ok(()), None) => {}
            (Err(message), Some(words)) if message.contains(words) => {}
            _ => panic!("{offset} {size:?} {stride:?}: {result:?}, expected {words:?}"),
        }
    }
}

#[test]
fn pickles_that_no_state_dict_needs_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // Lists of ten lists of ten lists: ten to the fortieth.
    let mut laughs = b"]q\x00".to_vec();
    for level in 1..40u8 {
        laughs.extend(b"](");
        laughs.extend([b'h', level - 1].repeat(10));
        laughs.extend([b'e', b'q', level]);
    }
    let long = text(&"x".repeat(1000));
    let texts = [&b"]("[..], &long, b"q\x00", &b"h\x00".repeat(3000), b"e"].concat();
    let circle = b"]q\x00h\x00a".to_vec();
    let deep = [b"]".repeat(100_000), b"a".repeat(99_999)].concat();
    let twice = [&b"("[..], &tensor(4, 0, &[4], &[1]), &tensor(2, 0, &[2], &[1]), b"t"].concat();
    let cases: [(&[u8], &str); 20] = [
        (b"cos\nsystem\n", "holds `os.system`, and only tensors are read"),
        (b"X\x02\0\0\0osX\x06\0\0\0system\x93", "holds `os.system`, and only tensors are read"),
        (b"c__builtin__\neval\nX\x01\0\0\0x\x85R", "holds `__builtin__.eval`"),
        (b"ctorch._utils\n_rebuild_tensor_v2\n)R", "RebuildTensor with other arguments"),
        (b"ctorch\nFloatStorage\n)R", "Storage(Float) with other arguments"),
        (b"ccollections\nOrderedDict\n", "holds the class or function OrderedDict"),
        (b"K\x01)R", "a call of what is no class or function"),
        (b"]K\x01b", "expected a dict"),
        (b"K\x01\x85Q", "a reference to what is no storage"),
        (b"h\x05", "no value was kept as number 5"),
        (b"t", "no mark on its stack"),
        (b"K\x01(0", "the operation 0x30"),
        (b"(a", "too few values on its stack"),
        (b"}(K\x01u", "a key without a value"),
        (b"K\x01.K\x02", "its pickle ends before its bytes do"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "its pickle is cut off"),
        (&laughs, "so often that they are many times its size"),
        (&texts, "so often that they are many times its size"),
        (&circle, "or in a circle"),
        (&deep, "more than 64 deep in each other"),
    ];
    for (pickle, words) in cases {
        let message = read(folder.path(), &file(pickle)).unwrap_err();
        assert!(message.contains(words), "{message}, expected {words}");
    }
    let message = read(folder.path(), &file(&twice)).unwrap_err();
    assert!(message.contains("two things at once"), "{message}");
}

#[test]
fn archives_that_are_not_what_they_say_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let pickle = [b"\x80\x02", &tensor(4, 0, &[4], &[1])[..], b"."].concat();
    let zeros = vec![0u8; 1 << 20];
    let stored = |entries: &[(&str, &[u8])]| archive(entries, CompressionMethod::Stored);
    let of = |pickle: &[u8]| stored(&[("a/data.pkl", pickle), ("a/data/0", &[0; 16])]);
    let big = stored(&[("a/byteorder", b"big"), ("a/data.pkl", &pickle), ("a/data/0", &[0; 16])]);
    let without = stored(&[("a/data.pkl", &pickle)]);
    let short = stored(&[("a/data.pkl", &pickle), ("a/data/0", &[0; 15])]);
    let bomb = [("a/data.pkl", &zeros[..])];
    let mut claims = of(&pickle);
    // The size before compression, in the directory behind the entries, of the storage.
    let directory = claims.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    claims[directory + 24..][..4].copy_from_slice(&u32::MAX.to_le_bytes());
    let cases: [(Vec<u8>, &str); 11] = [
        (big, "has the byte order `big`, and only `little` is read: load it with PyTorch"),
        (without, "its entry `a/data/0`"),
        (short, "its entry `a/data/0`: 15 bytes; 16 bytes expected"),
        (stored(&[("a/other", b"x")]), "a zip archive without a `data.pkl`"),
        (archive(&bomb, CompressionMethod::Deflated), "does not begin with its protocol"),
        (claims, "its entry `a/data/0`: 4294967295 bytes; 16 bytes expected"),
        (of(b"\x80\x01N."), "its pickle has protocol 1, only 2 to 5 are read"),
        (of(b"(lp0\n."), "does not begin with its protocol"),
        (of(b""), "does not begin with its protocol"),
        (b"PK\x03\x04".to_vec(), "is not a whole zip archive"),
        (b"".to_vec(), "is not a whole zip archive"),
    ];
    for (bytes, words) in cases {
        let message = read(folder.path(), &bytes).unwrap_err();
        assert!(message.contains(words), "{message}, expected {words}");
    }
    read(folder.path(), &of(&pickle)).unwrap();
}

#[test]
fn damaged_files_are_refused_or_read_but_never_more() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pytorch");
    let mut refused = [0, 0];
    for name in ["plain.pth", "deflated.pth", "checkpoint.pth", "protocol4.pth"] {
        let whole = fs::read(golden.join(name)).unwrap();
        for cut in (0..whole.len()).step_by(97) {
            read(folder.path(), &whole[..cut]).unwrap_err();
        }
        for (at, seed) in (0..whole.len()).step_by(13).zip(1u32..) {
            let mut bytes = whole.clone();
            bytes[at] ^= (seed.wrapping_mul(0x9e37_79b9) >> 24).max(1) as u8;
            refused[0] += usize::from(read(folder.path(), &bytes).is_err());
        }
        // The sums of the checks guard the pickle, so that is put in anew.
        let mut zip = ZipArchive::new(Cursor::new(&whole[..])).unwrap();
        let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
        let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
        for name in names {
            let mut bytes = Vec::new();
            zip.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
            entries.push((name, bytes));
        }
        let place = entries.iter().position(|(name, _)| name.ends_with("data.pkl")).unwrap();
        let pickle = entries[place].1.clone();
        for (at, seed) in (0..pickle.len()).step_by(5).zip(1u32..) {
            entries[place].1[at] ^= (seed.wrapping_mul(0x85eb_ca6b) >> 24).max(1) as u8;
            let all: Vec<(&str, &[u8])> =
                entries.iter().map(|(name, bytes)| (&name[..], &bytes[..])).collect();
            let bytes = archive(&all, CompressionMethod::Stored);
            refused[1] += usize::from(read(folder.path(), &bytes).is_err());
            entries[place].1[at] = pickle[at];
        }
    }
    assert!(refused[0] > 300 && refused[1] > 300, "{refused:?} refused");
}
