//! What the launcher says: which process this is, of how many, and where they meet.

use std::env;
use std::net::TcpListener;
use std::time::Duration;

use crate::DistributedError;
use crate::launcher::{LAUNCHERS, RESTARTS, SLURM, Variables};
use crate::slurm;

/// How long the first meeting may take.
const JOIN: Duration = Duration::from_secs(300);

/// How long a process waits for the others later: PyTorch's half hour.
const WAIT: Duration = Duration::from_secs(1800);

/// Thirty years.
const MOST_SECONDS: usize = 1_000_000_000;

/// The variable that sets both times, in seconds.
const TIMEOUT: &str = "ASTROGEN_GROUP_TIMEOUT";

/// A process among those that were started together.
///
/// | launcher | variables |
/// | --- | --- |
/// | torchrun, and whatever speaks its words | `RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `LOCAL_WORLD_SIZE`, `TORCHELASTIC_*` |
/// | Slurm's `srun` | `SLURM_PROCID`, `SLURM_NTASKS`, `SLURM_LOCALID`, `SLURM_JOB_NODELIST` |
/// | Open MPI's `mpirun` | `OMPI_COMM_WORLD_RANK`, `OMPI_COMM_WORLD_SIZE`, `OMPI_COMM_WORLD_LOCAL_RANK` |
///
/// They meet at `MASTER_ADDR` and `MASTER_PORT`. Where these are not set: on this machine if all
/// processes run here, else on the first node of Slurm's step; at a port made from the numbers of Slurm's
/// job and step, or on one machine from the name that Open MPI has for the start, else 29500.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// This process, from 0.
    pub rank: usize,
    /// All processes, at least 1.
    pub size: usize,
    /// This process among those of its machine, from 0: which GPU is its own.
    pub local_rank: usize,
    /// Where they meet.
    pub host: String,
    /// At which port.
    pub port: u16,
    /// Whether all processes run on this machine.
    pub one_machine: bool,
    /// Whether the launcher keeps the store, rather than process 0.
    pub kept_by_launcher: bool,
    /// What tells this group from another one at the same store: torchrun's restarts, the step of a job.
    pub generation: String,
    /// How long the first meeting may take.
    pub join: Duration,
    /// How long a process waits for the others later.
    pub wait: Duration,
}

impl World {
    /// Process `rank` of `size` that all run on this machine and meet at this port: for tests, and for
    /// programs that start themselves. Their [`variables`](Self::variables) are for the environment.
    #[must_use]
    pub fn on_this_machine(rank: usize, size: usize, port: u16) -> Self {
        Self {
            rank,
            size,
            local_rank: rank,
            host: LOOPBACK[0].to_owned(),
            port,
            one_machine: true,
            kept_by_launcher: false,
            generation: String::new(),
            join: JOIN,
            wait: WAIT,
        }
    }

    /// A port of this machine at which nobody listens now, for processes that [run here](Self::on_this_machine).
    ///
    /// # Errors
    /// Where the system has none.
    pub fn free_port() -> std::io::Result<u16> {
        Ok(TcpListener::bind((LOOPBACK[0], 0))?.local_addr()?.port())
    }

    /// What a launcher sets for this process, so that [`from_environment`](Self::from_environment) finds it;
    /// both times are [`wait`](Self::wait) there, if they are not the usual ones.
    ///
    /// ```
    /// use astrogen_distributed::World;
    /// let world = World::on_this_machine(1, 2, 4242);
    /// let variables = world.variables();
    /// let value = |name: &str| {
    ///     variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    /// };
    /// assert_eq!(World::from_variables(value)?, Some(world));
    /// # Ok::<(), astrogen_distributed::DistributedError>(())
    /// ```
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("RANK", self.rank.to_string()),
            ("WORLD_SIZE", self.size.to_string()),
            ("LOCAL_RANK", self.local_rank.to_string()),
            ("MASTER_ADDR", self.host.clone()),
            ("MASTER_PORT", self.port.to_string()),
            ("TORCHELASTIC_USE_AGENT_STORE", self.kept_by_launcher.to_string()),
            (RESTARTS, self.generation.clone()),
        ];
        if self.one_machine {
            variables.push(("LOCAL_WORLD_SIZE", self.size.to_string()));
        }
        if (self.join, self.wait) != (JOIN, WAIT) {
            variables.push((TIMEOUT, self.wait.as_secs().to_string()));
        }
        variables
    }

    /// What the environment says; none where no launcher is known in it, or it started one process.
    ///
    /// # Errors
    /// [`DistributedError::Variable`] for variables that make no sense.
    pub fn from_environment() -> Result<Option<Self>, DistributedError> {
        Self::from_variables(|name| env::var(name).ok())
    }

    /// What these variables say.
    ///
    /// # Errors
    /// As [`from_environment`](Self::from_environment).
    ///
    /// ```
    /// use astrogen_distributed::World;
    /// let launched = [("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1"), ("MASTER_ADDR", "10.0.0.1")];
    /// let value = |name: &str| {
    ///     launched.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
    /// };
    /// let world = World::from_variables(value)?.ok_or("alone")?;
    /// assert_eq!((world.rank, world.size, world.host.as_str(), world.port), (1, 2, "10.0.0.1", 29500));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_variables(
        value: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, DistributedError> {
        let variables = Variables(value);
        let Some(launcher) = LAUNCHERS.iter().find(|launcher| variables.started_by(launcher))
        else {
            return Ok(None);
        };
        let number = |name| variables.number(name);
        let (Some(rank), Some(size)) = (number(launcher.rank)?, number(launcher.size)?) else {
            return Ok(None); // a launcher has both
        };
        if size == 0 || rank >= size {
            let (variable, rule) = (launcher.rank, "below the number of processes");
            return Err(DistributedError::Variable {
                variable,
                rule,
                got: format!("{rank} of {size}"),
            });
        }
        if size == 1 {
            return Ok(None);
        }
        let here = launcher.size_here.map(number).transpose()?.flatten();
        let address = variables.text("MASTER_ADDR");
        // Other launchers start their processes of other nodes by a step of their own.
        let step = (launcher.rank == SLURM).then_some("SLURM_STEP_NODELIST");
        let nodes = step.into_iter().chain(["SLURM_JOB_NODELIST", "SLURM_NODELIST"]);
        let nodes = nodes.into_iter().find_map(|name| variables.text(name));
        let one_machine = here == Some(size)
            || address.as_deref().is_some_and(|address| LOOPBACK.contains(&address))
            || (here.is_none() && nodes.as_deref().is_some_and(slurm::is_one_host));
        let launch = variables.launch(launcher);
        let port = variables.port(launcher, launch.as_deref().filter(|_| one_machine))?;
        let host = match (address, nodes) {
            (Some(address), _) => address,
            (None, _) if one_machine => LOOPBACK[0].to_owned(),
            (None, Some(nodes)) => slurm::first_host(&nodes)?,
            (None, None) => {
                return Err(DistributedError::Variable {
                    variable: "MASTER_ADDR",
                    rule: "the address of the machine that process 0 runs on, the same for all",
                    got: "nothing".to_owned(),
                });
            }
        };
        let seconds = number(TIMEOUT)?.map(|seconds| seconds.clamp(1, MOST_SECONDS) as u64);
        let seconds = seconds.map(Duration::from_secs);
        Ok(Some(Self {
            rank,
            size,
            local_rank: number(launcher.local_rank)?.unwrap_or(0),
            host,
            port,
            one_machine,
            kept_by_launcher: variables
                .text("TORCHELASTIC_USE_AGENT_STORE")
                .is_some_and(|kept| kept.eq_ignore_ascii_case("true")),
            generation: variables.text(RESTARTS).or(launch).unwrap_or_default(),
            join: seconds.unwrap_or(JOIN),
            wait: seconds.unwrap_or(WAIT),
        }))
    }
}

/// What this machine itself is called, by its own programs.
pub(crate) const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::launcher::PORT;

    fn world(variables: &[(&str, &str)]) -> Result<Option<World>, String> {
        let value = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        World::from_variables(value).map_err(|error| error.to_string())
    }

    fn world_of(variables: &[(&str, &str)]) -> World {
        world(variables).unwrap().unwrap()
    }

    #[test]
    fn no_launcher_or_one_process_is_no_group() {
        assert_eq!(world(&[]), Ok(None));
        assert_eq!(world(&[("RANK", "0"), ("WORLD_SIZE", "1")]), Ok(None));
        assert_eq!(world(&[("RANK", "0")]), Ok(None));
        // A shell of `salloc`, and a batch script.
        assert_eq!(world(&[("SLURM_NTASKS", "4")]), Ok(None));
        let script = [("SLURM_NTASKS", "4"), ("SLURM_PROCID", "0"), ("SLURM_JOB_ID", "77")];
        assert_eq!(world(&script), Ok(None));
        // A shell of `salloc` that is a step of its own.
        let shell =
            [&script[..], &[("SLURM_STEP_ID", "4294967290"), ("SLURM_STEP_NUM_TASKS", "1")]];
        assert_eq!(world(&shell.concat()), Ok(None));
    }

    #[test]
    fn torchrun_is_understood() {
        let variables = [
            ("RANK", "3"),
            ("WORLD_SIZE", "4"),
            ("LOCAL_RANK", "1"),
            ("LOCAL_WORLD_SIZE", "2"),
            ("MASTER_ADDR", "node7"),
            ("MASTER_PORT", "4242"),
            ("TORCHELASTIC_USE_AGENT_STORE", "True"),
            ("TORCHELASTIC_RESTART_COUNT", "2"),
            // Under Slurm, one torchrun a node.
            ("SLURM_PROCID", "1"),
            ("SLURM_NTASKS", "2"),
        ];
        let world = world(&variables).unwrap().unwrap();
        let expected = World {
            rank: 3,
            size: 4,
            local_rank: 1,
            host: "node7".to_owned(),
            port: 4242,
            one_machine: false,
            kept_by_launcher: true,
            generation: "2".to_owned(),
            join: JOIN,
            wait: WAIT,
        };
        assert_eq!(world, expected);

        // Torchrun's words, each process started by a step of its own.
        let own = |step| {
            world_of(&[
                ("RANK", step),
                ("WORLD_SIZE", "2"),
                ("MASTER_ADDR", "node1"),
                ("SLURM_JOB_ID", "77"),
                ("SLURM_JOB_NODELIST", "node[1-2]"),
                ("SLURM_STEP_ID", step),
                ("SLURM_STEP_NODELIST", "node2"),
                ("PMIX_NAMESPACE", step),
            ])
        };
        let [first, second] = ["0", "1"].map(own);
        assert_eq!((first.port, &first.generation), (second.port, &second.generation));
        assert!(!first.one_machine && !second.one_machine);
    }

    #[test]
    fn srun_is_understood() {
        let variables = [
            ("SLURM_PROCID", "5"),
            ("SLURM_NTASKS", "8"),
            ("SLURM_LOCALID", "1"),
            ("SLURM_JOB_NODELIST", "gpu[03-04,07]"),
            ("SLURM_JOB_ID", "1234567"),
            ("SLURM_STEP_ID", "0"),
            (TIMEOUT, "20"),
        ];
        let world = world(&variables).unwrap().unwrap();
        assert_eq!((world.rank, world.size, world.local_rank), (5, 8, 1));
        assert_eq!((world.host.as_str(), world.port), ("gpu03", 24_567));
        assert!(!world.one_machine && !world.kept_by_launcher);
        assert_eq!(world.generation, "1234567.0");
        // Another step at the same time, on others of the job's nodes.
        let step = [("SLURM_STEP_ID", "3"), ("SLURM_STEP_NODELIST", "gpu07")];
        let other = world_of(&[&step[..], &variables].concat());
        assert_eq!((other.host.as_str(), other.one_machine), ("127.0.0.1", true));
        assert_ne!((other.port, &other.generation), (world.port, &world.generation));
        assert_eq!([world.join, world.wait], [Duration::from_secs(20); 2]);
    }

    #[test]
    fn one_node_of_slurm_needs_no_address() {
        let variables =
            [("SLURM_PROCID", "0"), ("SLURM_NTASKS", "2"), ("SLURM_JOB_NODELIST", "login")];
        let world = world(&variables).unwrap().unwrap();
        assert_eq!((world.host.as_str(), world.port, world.one_machine), ("127.0.0.1", PORT, true));
    }

    #[test]
    fn mpirun_is_understood() {
        let here = |size| {
            world(&[
                ("OMPI_COMM_WORLD_RANK", "1"),
                ("OMPI_COMM_WORLD_SIZE", "2"),
                ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
                ("OMPI_COMM_WORLD_LOCAL_SIZE", size),
            ])
        };
        let world = here("2").unwrap().unwrap();
        assert_eq!((world.rank, world.local_rank, world.host.as_str()), (1, 1, "127.0.0.1"));
        assert_eq!(world.port, PORT);
        let named = |name| {
            world_of(&[
                ("OMPI_COMM_WORLD_RANK", "1"),
                ("OMPI_COMM_WORLD_SIZE", "2"),
                ("OMPI_COMM_WORLD_LOCAL_SIZE", "2"),
                ("PMIX_NAMESPACE", name),
            ])
        };
        let [first, second] = ["prterun-login-123@1", "prterun-login-124@1"].map(named);
        assert_ne!(first.port, second.port);
        assert_ne!(first.generation, second.generation);

        // In a job of two nodes, on the second of which a step of `mpirun`'s own started it.
        let job = [
            ("OMPI_COMM_WORLD_SIZE", "2"),
            ("OMPI_COMM_WORLD_LOCAL_SIZE", "1"),
            ("PMIX_NAMESPACE", "prterun-node1-123@1"),
            ("SLURM_JOB_ID", "77"),
            ("SLURM_JOB_NODELIST", "node[1-2]"),
        ];
        let first = [&job[..], &[("OMPI_COMM_WORLD_RANK", "0")]].concat();
        let step =
            [("SLURM_STEP_ID", "3"), ("SLURM_STEP_NODELIST", "node2"), ("SLURM_PROCID", "0")];
        let second = [&job[..], &[("OMPI_COMM_WORLD_RANK", "1")], &step].concat();
        let [first, second] = [first, second].map(|variables| world_of(&variables));
        assert_eq!((&first.host, first.port), (&"node1".to_owned(), 20_077));
        let place = |world: World| (world.host, world.port, world.one_machine, world.generation);
        assert_eq!(place(first), place(second));
        let message = here("1").unwrap_err();
        assert!(message.contains("MASTER_ADDR must be the address of the machine"), "{message}");
    }

    #[test]
    fn nonsense_is_refused() {
        let message = |rank, size| world(&[("RANK", rank), ("WORLD_SIZE", size)]).unwrap_err();
        assert_eq!(
            message("2", "2"),
            "the launcher's variables: RANK must be below the number of processes, got 2 of 2"
        );
        assert!(message("one", "2").contains("RANK must be a whole number, got one"));
        assert!(message("0", "-2").contains("WORLD_SIZE must be a whole number, got -2"));
        let variables = [("RANK", "0"), ("WORLD_SIZE", "2"), ("MASTER_PORT", "70000")];
        assert!(world(&variables).unwrap_err().contains("MASTER_PORT must be a port"));
    }
}
