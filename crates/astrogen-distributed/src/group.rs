//! Processes that train one model together.

use std::sync::Arc;

use tch::{Device, Kind, Tensor, no_grad};

use crate::engine::Gloo;
#[cfg(feature = "engine")]
use crate::engine::Store;
use crate::processes::Processes;
#[cfg(feature = "engine")]
use crate::pulse::Pulse;
#[cfg(feature = "engine")]
use crate::roll::Roll;
use crate::{DistributedError, World};

/// The processes that were started together, or this one alone.
///
/// All of them have to make the same calls in the same order. A process alone makes none: every
/// function gives what it was given. Clones are the same group.
///
/// Whoever can reach the machine and port where processes meet can join or disturb them, since neither
/// libtorch's store nor gloo asks for a password: groups are for trusted networks.
///
/// ```
/// use astrogen_distributed::Group;
/// use tch::Tensor;
/// let alone = Group::from_environment()?; // started by no launcher
/// assert_eq!((alone.rank(), alone.size()), (0, 1));
/// let gradient = Tensor::from_slice(&[1.0f32, 2.0]);
/// assert_eq!(alone.mean("gradients", &[gradient.shallow_clone()])?, [gradient]);
/// # Ok::<(), astrogen_distributed::DistributedError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Group(Option<Arc<Processes>>);

impl Group {
    /// This process alone.
    #[must_use]
    pub fn alone() -> Self {
        Self(None)
    }

    /// The group that the launcher's variables tell of ([`World`]), once all processes are there; alone
    /// where there are none.
    ///
    /// # Errors
    /// [`DistributedError::Variable`] for variables that make no sense,
    /// [`DistributedError::NotBuilt`] without the feature `engine`, [`DistributedError::Meeting`] where
    /// processes cannot reach each other, and [`DistributedError::Missing`] naming those that do not come.
    pub fn from_environment() -> Result<Self, DistributedError> {
        World::from_environment()?.map_or_else(|| Ok(Self::alone()), |world| Self::join(&world))
    }

    /// The group of this world, once all processes are there.
    ///
    /// # Errors
    /// As [`from_environment`](Self::from_environment).
    #[cfg(not(feature = "engine"))]
    pub fn join(world: &World) -> Result<Self, DistributedError> {
        Err(DistributedError::NotBuilt { rank: world.rank, size: world.size })
    }

    /// The group of this world, once all processes are there.
    ///
    /// # Errors
    /// As [`from_environment`](Self::from_environment).
    #[cfg(feature = "engine")]
    pub fn join(world: &World) -> Result<Self, DistributedError> {
        let World { rank, size, join, .. } = *world;
        let place = format!("{}:{}", world.host, world.port);
        let refused = |what| {
            let place = place.clone();
            move |reason| DistributedError::Meeting { rank, size, what, place, reason }
        };
        let keeps = rank == 0 && !world.kept_by_launcher;
        let prefix = format!("astrogen/{}", world.generation);
        let open = |kept_here: bool| {
            let what = if kept_here { "open the group's store at" } else { "reach process 0 at" };
            Store::open((&world.host, world.port), kept_here, &prefix, join).map_err(refused(what))
        };
        let roll = Roll::new(open(keeps)?, (rank, size), keeps);
        let pulse = Pulse::begin(open(false)?, rank);
        let pulse = pulse.map_err(|error| refused("start a thread beside")(error.to_string()))?;
        roll.meet("the first meeting", join, None)?;
        let address = if world.one_machine { "127.0.0.1" } else { "" };
        let connected = Gloo::open(&roll.store, rank, size, address, [join, world.wait]);
        let interface = |reason: String| match world.one_machine {
            true => reason,
            false => format!("{reason}; GLOO_SOCKET_IFNAME names the network interface to use"),
        };
        let gloo = connected
            .map_err(interface)
            .map_err(refused("connect to the processes that met at"))?;
        Ok(Self(Some(Arc::new(Processes::new(world.clone(), roll, pulse, gloo)))))
    }

    /// This process, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.as_ref().map_or(0, |processes| processes.world.rank)
    }

    /// How many there are, at least 1.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.as_ref().map_or(1, |processes| processes.world.size)
    }

    /// This process among those of its machine, from 0; none alone.
    #[must_use]
    pub fn local_rank(&self) -> Option<usize> {
        self.0.as_ref().map(|processes| processes.world.local_rank)
    }

    /// Whether this is the process that writes, draws and talks.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// Whether there is no other.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.0.is_none()
    }

    /// The means of tensors of one kind over all processes, by one exchange. The same bits everywhere;
    /// which ones depends on how many processes there are.
    ///
    /// # Errors
    /// Where a process is gone or does not answer; where processes have other sizes.
    ///
    /// # Panics
    /// Where kinds or devices are mixed.
    pub fn mean(
        &self,
        what: &'static str,
        tensors: &[Tensor],
    ) -> Result<Vec<Tensor>, DistributedError> {
        let sums = self.sum(what, tensors)?;
        if !self.is_alone() {
            let size = self.size() as f64;
            no_grad(|| sums.iter().for_each(|sum| drop(sum.shallow_clone().g_div_scalar_(size))));
        }
        Ok(sums)
    }

    /// The sums of tensors, as [`mean`](Self::mean).
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    ///
    /// # Panics
    /// As [`mean`](Self::mean).
    pub fn sum(
        &self,
        what: &'static str,
        tensors: &[Tensor],
    ) -> Result<Vec<Tensor>, DistributedError> {
        let Some(processes) = &self.0 else {
            return Ok(tensors.iter().map(Tensor::shallow_clone).collect());
        };
        let Some(first) = tensors.first() else { return Ok(Vec::new()) };
        let same =
            |tensor: &Tensor| (tensor.kind(), tensor.device()) == (first.kind(), first.device());
        assert!(tensors.iter().all(same), "one exchange is of one kind on one device");
        no_grad(|| {
            let flat = Tensor::cat(
                &tensors.iter().map(|tensor| tensor.reshape([-1])).collect::<Vec<_>>(),
                0,
            );
            let sum = processes.sum(what, flat)?;
            let sizes: Vec<i64> = tensors.iter().map(|tensor| tensor.numel() as i64).collect();
            let parts = sum.split_with_sizes(sizes, 0);
            Ok(parts
                .iter()
                .zip(tensors)
                .map(|(part, tensor)| part.view(tensor.size().as_slice()))
                .collect())
        })
    }

    /// Copies process 0's tensors, of whatever kinds, into everyone's.
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    pub fn broadcast(
        &self,
        what: &'static str,
        tensors: &[Tensor],
    ) -> Result<(), DistributedError> {
        let Some(processes) = self.0.as_ref().filter(|_| !tensors.is_empty()) else {
            return Ok(());
        };
        no_grad(|| {
            let bytes = |tensor: &Tensor| {
                let mut flat = Tensor::empty([tensor.numel() as i64], (tensor.kind(), Device::Cpu));
                flat.copy_(&tensor.reshape([-1]));
                flat.view_dtype(Kind::Uint8)
            };
            let parts: Vec<Tensor> = tensors.iter().map(bytes).collect();
            let mut all = Tensor::cat(&parts, 0);
            processes.exchange("broadcast", what, &mut all, Gloo::broadcast)?;
            let sizes: Vec<i64> = parts.iter().map(|part| part.numel() as i64).collect();
            for (part, tensor) in all.split_with_sizes(sizes, 0).iter().zip(tensors) {
                // A part may begin at any byte, which no other kind than bytes may.
                let values = part.copy().view_dtype(tensor.kind()).view(tensor.size().as_slice());
                tensor.shallow_clone().copy_(&values);
            }
            Ok(())
        })
    }

    /// Whether any process says so.
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    pub fn any(&self, what: &'static str, here: bool) -> Result<bool, DistributedError> {
        let flag = Tensor::from_slice(&[f32::from(u8::from(here))]);
        Ok(self.mean(what, &[flag])?.iter().any(|mean| mean.double_value(&[0]) > 0.0))
    }

    /// Waits until all are here.
    ///
    /// # Errors
    /// [`DistributedError::Missing`] naming those that do not come, [`DistributedError::Left`] with the
    /// error of one that ended.
    pub fn barrier(&self, what: &str) -> Result<(), DistributedError> {
        self.0.as_ref().map_or(Ok(()), |all| all.roll.meet(what, all.world.wait, None))
    }

    /// Refuses, everywhere, what is not the same everywhere; `words` is compared with the first
    /// process's, line by line.
    ///
    /// # Errors
    /// [`DistributedError::Differs`]; those of [`barrier`](Self::barrier).
    pub fn same(&self, what: &str, words: &str) -> Result<(), DistributedError> {
        self.0.as_ref().map_or(Ok(()), |processes| processes.agree(what, words))
    }

    /// What the first process says, which it alone works out. An error of its own is its own: it
    /// [leaves](Self::leave).
    ///
    /// # Errors
    /// That of `words` on the first process; elsewhere those of [`barrier`](Self::barrier).
    pub fn tell<E: From<DistributedError> + std::fmt::Display>(
        &self,
        what: &str,
        words: impl FnOnce() -> Result<String, E>,
    ) -> Result<String, E> {
        let Some(processes) = &self.0 else { return words() };
        let words = match self.is_first() {
            true => Some(words().inspect_err(|error| self.leave(error))?),
            false => None,
        };
        let bytes = words.as_deref().map(str::as_bytes);
        let heard = processes.roll.tell(what, bytes, processes.world.wait)?;
        Ok(String::from_utf8_lossy(&heard).into_owned())
    }

    /// Says why this process ends before its work is done, so that the others end with that reason and
    /// not by waiting. Every error has to be told, or its process has to end soon.
    pub fn leave(&self, reason: &impl ToString) {
        if let Some(processes) = &self.0 {
            let said = processes.roll.leave(&reason.to_string());
            if said {
                processes.end();
            }
        }
    }
}
