//! A machine for pickles that knows plain values and tensors and executes nothing.
//!
//! A pickle is a program of a stack machine. This one builds values; where a pickle names a class
//! or a function, it is one of [a few](Global), known by name and never called, or the file is
//! refused. Containers lie in a list and are referred to by their places in it, so that neither
//! shared nor circular ones are followed here.

use std::collections::HashMap;

use super::global::Global;
use super::opcode::{Op, Ops};
use super::storage::{Storage, View};

/// The most values that a pickle may hold: far more than any model has.
const MOST: usize = 1 << 22;

/// A value, or where it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    Global(Global),
    /// The place of an [`Object`].
    Object(usize),
}

/// Something that is larger than a number.
#[derive(Debug)]
pub(super) enum Object<'a> {
    Tuple(Vec<Item<'a>>),
    List(Vec<Item<'a>>),
    Dict(Vec<(Item<'a>, Item<'a>)>),
    Storage(Storage<'a>),
    Tensor(View<'a>),
}

/// What a pickle makes.
#[derive(Debug)]
pub(super) struct Made<'a> {
    pub(super) objects: Vec<Object<'a>>,
    pub(super) value: Item<'a>,
}

/// Runs a pickle.
pub(super) fn run(pickle: &[u8]) -> Result<Made<'_>, String> {
    let mut ops = Ops::new(pickle);
    match ops.next() {
        Ok(Op::Protocol(2..=5)) => {}
        Ok(Op::Protocol(other)) => {
            return Err(format!("its pickle has protocol {other}, only 2 to 5 are read"));
        }
        _ => return Err("its pickle does not begin with its protocol, 2 to 5".to_owned()),
    }
    let mut machine = Machine::default();
    loop {
        let at = ops.position();
        match ops.next()? {
            Op::Stop if ops.is_empty() => break,
            Op::Stop => return Err("its pickle ends before its bytes do".to_owned()),
            op => machine.step(op).map_err(|reason| format!("{reason} (at byte {at})"))?,
        }
    }
    let value = machine.pop()?;
    Ok(Made { objects: machine.objects, value })
}

#[derive(Default)]
struct Machine<'a> {
    objects: Vec<Object<'a>>,
    stack: Vec<Item<'a>>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Item<'a>>,
    /// Values so far.
    count: usize,
}

impl<'a> Machine<'a> {
    fn step(&mut self, op: Op<'a>) -> Result<(), String> {
        match op {
            Op::Protocol(_) => return Err(damaged("a second protocol")),
            Op::Frame => {}
            Op::None => self.push(Item::None)?,
            Op::Bool(value) => self.push(Item::Bool(value))?,
            Op::Int(value) => self.push(Item::Int(value))?,
            Op::Float(value) => self.push(Item::Float(value))?,
            Op::Text(value) => self.push(Item::Text(value))?,
            Op::EmptyTuple => self.make(Object::Tuple(Vec::new()))?,
            Op::EmptyList => self.make(Object::List(Vec::new()))?,
            Op::EmptyDict => self.make(Object::Dict(Vec::new()))?,
            Op::Mark => {
                self.counted()?;
                self.marks.push(self.stack.len());
            }
            Op::Tuple(None) => {
                let items = self.above_mark()?;
                self.make(Object::Tuple(items))?;
            }
            Op::Tuple(Some(length)) => {
                let from = self.stack.len().checked_sub(length).ok_or_else(empty)?;
                let items = self.split_off(from)?;
                self.make(Object::Tuple(items))?;
            }
            Op::Append => {
                let item = self.pop()?;
                self.list()?.push(item);
            }
            Op::Appends => {
                let items = self.above_mark()?;
                self.list()?.extend(items);
            }
            Op::SetItem => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.dict()?.push((key, value));
            }
            Op::SetItems => {
                let items = self.above_mark()?;
                let (pairs, rest) = items.as_chunks();
                if !rest.is_empty() {
                    return Err(damaged("a key without a value"));
                }
                self.dict()?.extend(pairs.iter().map(|&[key, value]| (key, value)));
            }
            Op::Put(number) => {
                self.counted()?;
                let number = number.unwrap_or(self.memo.len() as u32); // at most MOST
                let top = *self.stack.last().ok_or_else(empty)?;
                self.memo.insert(number, top);
            }
            Op::Get(number) => {
                let item = self.memo.get(&number).copied();
                self.push(
                    item.ok_or_else(|| damaged(&format!("no value was kept as number {number}")))?,
                )?;
            }
            Op::Global(module, name) => self.push(Item::Global(Global::find(module, name)?))?,
            Op::StackGlobal => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Item::Text(module), Item::Text(name)) = (module, name) else {
                    return Err(damaged("a class or function without a name"));
                };
                self.push(Item::Global(Global::find(module, name)?))?;
            }
            Op::PersistentId => {
                let id = self.pop_tuple()?;
                self.make(Object::Storage(storage(&id)?))?;
            }
            Op::Reduce => {
                let arguments = self.pop_tuple()?;
                let callable = self.pop()?;
                self.reduce(callable, &arguments)?;
            }
            Op::Build => {
                // The attributes of an OrderedDict: PyTorch's versions of modules.
                let state = self.pop()?;
                let state = matches!(self.object(state), Some(Object::Dict(_)));
                self.dict()?;
                if !state {
                    return Err(damaged("attributes that are no dict"));
                }
            }
            Op::Stop => return Err(damaged("a second end")),
        }
        Ok(())
    }

    /// What a known class or function would have made.
    fn reduce(&mut self, callable: Item<'a>, arguments: &[Item<'a>]) -> Result<(), String> {
        let Item::Global(global) = callable else {
            return Err(damaged("a call of what is no class or function"));
        };
        match (global, arguments) {
            (Global::OrderedDict, []) => self.make(Object::Dict(Vec::new())),
            (Global::RebuildTensor, &[storage, Item::Int(offset), size, stride, _, _, ..])
                if arguments.len() <= 7 =>
            {
                let Some(Object::Storage(storage)) = self.object(storage) else {
                    return Err(damaged("a tensor without a storage"));
                };
                let (size, stride) = (self.integers(size)?, self.integers(stride)?);
                let view = View::new(*storage, offset, size, stride)?;
                self.make(Object::Tensor(view))
            }
            (Global::RebuildParameter, &[tensor, _, _]) => match self.object(tensor) {
                Some(Object::Tensor(_)) => self.push(tensor),
                _ => Err(damaged("a parameter that is no tensor")),
            },
            _ => Err(damaged(&format!("{global:?} with other arguments than PyTorch gives it"))),
        }
    }

    fn counted(&mut self) -> Result<(), String> {
        self.count += 1;
        if self.count > MOST {
            return Err(format!("it holds more than {MOST} values: save a state_dict alone"));
        }
        Ok(())
    }

    fn push(&mut self, item: Item<'a>) -> Result<(), String> {
        self.counted()?;
        self.stack.push(item);
        Ok(())
    }

    fn make(&mut self, object: Object<'a>) -> Result<(), String> {
        self.push(Item::Object(self.objects.len()))?;
        self.objects.push(object);
        Ok(())
    }

    /// The topmost value; those below the mark stay.
    fn pop(&mut self) -> Result<Item<'a>, String> {
        let from = self.stack.len().checked_sub(1).ok_or_else(empty)?;
        let last = self.split_off(from)?.pop();
        last.ok_or_else(empty)
    }

    fn split_off(&mut self, from: usize) -> Result<Vec<Item<'a>>, String> {
        if self.marks.last().is_some_and(|mark| *mark > from) {
            return Err(empty());
        }
        Ok(self.stack.split_off(from))
    }

    fn above_mark(&mut self) -> Result<Vec<Item<'a>>, String> {
        let mark = self.marks.pop().ok_or_else(|| damaged("no mark on its stack"))?;
        self.split_off(mark)
    }

    fn pop_tuple(&mut self) -> Result<Vec<Item<'a>>, String> {
        let tuple = self.pop()?;
        match self.object(tuple) {
            // It may be shared, so it stays.
            Some(Object::Tuple(items)) if items.len() <= 16 => Ok(items.clone()),
            _ => Err(damaged("expected a short tuple")),
        }
    }

    fn object(&self, item: Item<'a>) -> Option<&Object<'a>> {
        match item {
            Item::Object(place) => self.objects.get(place),
            _ => None,
        }
    }

    /// The object on top of the stack.
    fn top(&mut self) -> Option<&mut Object<'a>> {
        match *self.stack.last()? {
            Item::Object(place) => self.objects.get_mut(place),
            _ => None,
        }
    }

    fn list(&mut self) -> Result<&mut Vec<Item<'a>>, String> {
        match self.top() {
            Some(Object::List(items)) => Ok(items),
            _ => Err(damaged("expected a list")),
        }
    }

    fn dict(&mut self) -> Result<&mut Vec<(Item<'a>, Item<'a>)>, String> {
        match self.top() {
            Some(Object::Dict(items)) => Ok(items),
            _ => Err(damaged("expected a dict")),
        }
    }

    fn integers(&self, item: Item<'a>) -> Result<Vec<i64>, String> {
        let Some(Object::Tuple(items)) = self.object(item) else {
            return Err(damaged("expected a tuple of integers"));
        };
        let integers = items.iter().map(|item| match item {
            Item::Int(number) => Ok(*number),
            _ => Err(damaged("expected a tuple of integers")),
        });
        integers.collect()
    }
}

fn damaged(what: &str) -> String {
    format!("its pickle is damaged: {what}")
}

fn empty() -> String {
    damaged("too few values on its stack")
}

/// The storage of `("storage", class, key, device, elements)`.
fn storage<'a>(id: &[Item<'a>]) -> Result<Storage<'a>, String> {
    match *id {
        [
            Item::Text("storage"),
            Item::Global(Global::Storage(kind)),
            Item::Text(key),
            _,
            Item::Int(elements),
        ] => Ok(Storage { key, kind, elements }),
        _ => Err(damaged("a reference to what is no storage")),
    }
}
