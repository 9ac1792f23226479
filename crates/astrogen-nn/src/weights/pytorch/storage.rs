//! Tensors as views of storages: checked by their numbers first, then read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tch::{Kind, Tensor};

use super::archive::Archive;
use crate::weights::from_bytes;

/// PyTorch's classes of storages, by element type.
const CLASSES: [(&str, Kind); 10] = [
    ("BoolStorage", Kind::Bool),
    ("ByteStorage", Kind::Uint8),
    ("CharStorage", Kind::Int8),
    ("ShortStorage", Kind::Int16),
    ("IntStorage", Kind::Int),
    ("LongStorage", Kind::Int64),
    ("BFloat16Storage", Kind::BFloat16),
    ("HalfStorage", Kind::Half),
    ("FloatStorage", Kind::Float),
    ("DoubleStorage", Kind::Double),
];

/// The most dimensions that libtorch's own loops take.
const DIMENSIONS: usize = 64;

/// The element type of a class of storages.
pub(super) fn kind(class: &str) -> Option<Kind> {
    CLASSES.iter().find(|(known, _)| *known == class).map(|(_, kind)| *kind)
}

/// A row of elements, which tensors may share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Storage<'a> {
    /// The name of its entry in the archive.
    pub(super) key: &'a str,
    pub(super) kind: Kind,
    /// How many there are said to be.
    pub(super) elements: i64,
}

/// A tensor: some elements of a storage, from `offset` on, `stride` apart in each dimension.
#[derive(Debug)]
pub(super) struct View<'a> {
    storage: Storage<'a>,
    offset: i64,
    size: Vec<i64>,
    stride: Vec<i64>,
}

impl<'a> View<'a> {
    /// A view that lies within its storage and has no more elements than that.
    pub(super) fn new(
        storage: Storage<'a>,
        offset: i64,
        size: Vec<i64>,
        stride: Vec<i64>,
    ) -> Result<Self, String> {
        let view = Self { storage, offset, size, stride };
        match view.elements() {
            Some(elements) if elements <= storage.elements => Ok(view),
            Some(elements) => Err(format!(
                "it holds a tensor of {elements} elements that repeats the {} of its storage: save \
                 it `.contiguous()`",
                storage.elements
            )),
            None => Err(format!(
                "it holds a tensor of size {:?}, stride {:?} and offset {offset}, which does not lie \
                 within the {} elements of its storage: it is damaged",
                view.size, view.stride, storage.elements
            )),
        }
    }

    /// How many elements it has, if they all lie within the storage.
    fn elements(&self) -> Option<i64> {
        let Self { storage, offset, size, stride } = self;
        let negative = size.iter().chain(stride).chain([offset]).any(|number| *number < 0);
        if negative || size.len() != stride.len() || size.len() > DIMENSIONS {
            return None;
        }
        let elements = size.iter().try_fold(1i64, |all, n| all.checked_mul(*n))?;
        let last = size.iter().zip(stride).try_fold(*offset, |last, (n, stride)| {
            last.checked_add((n - 1).max(0).checked_mul(*stride)?)
        })?;
        let inside =
            if elements == 0 { *offset <= storage.elements } else { last < storage.elements };
        inside.then_some(elements)
    }
}

/// The storages of an archive, each read once.
pub(super) struct Storages<'a> {
    archive: Archive<'a>,
    read: HashMap<&'a str, (Storage<'a>, Tensor)>,
}

impl<'a> Storages<'a> {
    pub(super) fn new(archive: Archive<'a>) -> Self {
        Self { archive, read: HashMap::new() }
    }

    /// The tensor of a view; those of one storage share its memory.
    pub(super) fn tensor(&mut self, view: &View<'a>) -> Result<Tensor, String> {
        let key = view.storage.key;
        let (storage, elements) = match self.read.entry(key) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(place) => {
                place.insert((view.storage, read(view.storage, &mut self.archive)?))
            }
        };
        if *storage != view.storage {
            return Err(format!("its storage `{key}` is two things at once: it is damaged"));
        }
        let tensor = elements.f_as_strided(&view.size, &view.stride, view.offset);
        tensor.map_err(|error| error.to_string())
    }
}

/// All elements of a storage, on the CPU.
fn read(storage: Storage<'_>, archive: &mut Archive<'_>) -> Result<Tensor, String> {
    let Storage { key, kind, elements } = storage;
    let size = kind.elt_size_in_bytes() as u64;
    let bytes = u64::try_from(elements).ok().and_then(|elements| elements.checked_mul(size));
    let bytes = bytes.ok_or_else(|| format!("its storage `{key}` has {elements} elements"))?;
    from_bytes(&archive.storage(key, bytes)?, &[elements], kind)
}
