//! The engine of a program that was built without one: nobody can open it.

use std::convert::Infallible;
use std::time::Duration;

use tch::Tensor;

#[derive(Debug)]
pub(crate) struct Nccl(Infallible);

impl Nccl {
    pub(crate) fn sum(
        &self,
        _: &mut Tensor,
        _: Duration,
        _: impl Fn() -> bool,
    ) -> Result<(), String> {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(crate) struct Store(Infallible);

impl Store {
    pub(crate) fn set(&self, _: &str, _: &[u8]) -> Result<(), String> {
        match self.0 {}
    }

    pub(crate) fn has(&self, _: &str) -> Result<bool, String> {
        match self.0 {}
    }

    pub(crate) fn get(&self, _: &str, _: Duration) -> Result<Vec<u8>, String> {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(crate) struct Gloo(Infallible);

impl Gloo {
    pub(crate) fn sum(&self, _: &mut Tensor) -> Result<(), String> {
        match self.0 {}
    }

    pub(crate) fn broadcast(&self, _: &mut Tensor) -> Result<(), String> {
        match self.0 {}
    }
}
