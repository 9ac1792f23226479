//! What a PyTorch file holds, as a tree of plain values.

use tch::Tensor;

use super::archive::Archive;
use super::machine::{Item, Made, Object};
use super::storage::Storages;

/// How deep values may lie in each other.
const DEEPEST: usize = 64;

/// A plain value of Python's.
#[derive(Debug)]
#[non_exhaustive]
pub enum Value {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A float.
    Float(f64),
    /// A text.
    Text(String),
    /// A tensor or a parameter, on the CPU. Those that shared their memory when they were saved
    /// share it here.
    Tensor(Tensor),
    /// A list.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A dict or an `OrderedDict`, in its order.
    Dict(Vec<(Value, Value)>),
}

impl Value {
    /// The value of a dict under this name; the last one, as in Python.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Dict(items) = self else { return None };
        let named = |(key, _): &&(Self, Self)| matches!(key, Self::Text(key) if key == name);
        items.iter().rfind(named).map(|(_, value)| value)
    }

    /// What it is, in words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::None => "None".to_owned(),
            Self::Bool(_) => "a bool".to_owned(),
            Self::Int(_) | Self::Float(_) => "a number".to_owned(),
            Self::Text(_) => "a text".to_owned(),
            Self::Tensor(tensor) => format!("a tensor {:?} {:?}", tensor.kind(), tensor.size()),
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Tuple(items) => format!("a tuple of {}", items.len()),
            Self::Dict(items) => format!("a dict of {}", items.len()),
        }
    }
}

/// The tree of what a pickle of so many bytes made, with its tensors.
pub(super) fn tree(made: &Made<'_>, bytes: usize, archive: Archive<'_>) -> Result<Value, String> {
    // Unless containers are shared, a value takes a byte or more of the pickle.
    let budget = bytes.saturating_mul(16);
    Tree { objects: &made.objects, storages: Storages::new(archive), budget }.value(made.value, 0)
}

struct Tree<'a> {
    objects: &'a [Object<'a>],
    storages: Storages<'a>,
    /// Values, and bytes of texts, that are left.
    budget: usize,
}

impl<'a> Tree<'a> {
    fn value(&mut self, item: Item<'a>, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(format!(
                "it holds values more than {DEEPEST} deep in each other, or in a circle: save a \
                 state_dict alone"
            ));
        }
        let length = if let Item::Text(text) = item { text.len() } else { 0 };
        self.budget = self.budget.checked_sub(1 + length).ok_or(
            "it holds the same values so often that they are many times its size: save a \
             state_dict alone",
        )?;
        let place = match item {
            Item::None => return Ok(Value::None),
            Item::Bool(value) => return Ok(Value::Bool(value)),
            Item::Int(value) => return Ok(Value::Int(value)),
            Item::Float(value) => return Ok(Value::Float(value)),
            Item::Text(text) => return Ok(Value::Text(text.to_owned())),
            Item::Global(global) => {
                return Err(format!("it holds the class or function {global:?}"));
            }
            Item::Object(place) => place,
        };
        match &self.objects[place] {
            Object::Tuple(items) => Ok(Value::Tuple(self.values(items, depth)?)),
            Object::List(items) => Ok(Value::List(self.values(items, depth)?)),
            Object::Dict(items) => {
                let mut pairs = Vec::new();
                for &(key, value) in items {
                    pairs.push((self.value(key, depth + 1)?, self.value(value, depth + 1)?));
                }
                Ok(Value::Dict(pairs))
            }
            Object::Storage(_) => Err("it holds a storage without a tensor".to_owned()),
            Object::Tensor(view) => Ok(Value::Tensor(self.storages.tensor(view)?)),
        }
    }

    fn values(&mut self, items: &[Item<'a>], depth: usize) -> Result<Vec<Value>, String> {
        items.iter().map(|item| self.value(*item, depth + 1)).collect()
    }
}
