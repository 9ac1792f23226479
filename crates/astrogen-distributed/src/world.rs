//! What the launcher says: which process this is, of how many, and where they meet.

use std::env;
use std::net::TcpListener;
use std::time::Duration;

use crate::DistributedError;
use crate::slurm;

/// Where processes meet when nothing is said; PyTorch's port.
const PORT: u16 = 29_500;

/// How long the first meeting may take.
const JOIN: Duration = Duration::from_secs(300);

/// How long a process waits for the others later: PyTorch's half hour.
const WAIT: Duration = Duration::from_secs(1800);

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
/// processes run here, else on Slurm's first node; at a port made from the number of Slurm's job, else
/// 29500.
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
    /// What tells this group from an earlier one at the same store: torchrun's restarts.
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

    /// What a launcher sets for this process, so that [`from_environment`](Self::from_environment) finds it.
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
            ("TORCHELASTIC_RESTART_COUNT", self.generation.clone()),
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
        let (address, port) = (variables.text("MASTER_ADDR"), variables.port()?);
        let nodes = variables.text("SLURM_JOB_NODELIST").or(variables.text("SLURM_NODELIST"));
        let one_machine = here == Some(size)
            || address.as_deref().is_some_and(|address| LOOPBACK.contains(&address))
            || (here.is_none() && nodes.as_deref().is_some_and(slurm::is_one_host));
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
        let seconds = number(TIMEOUT)?.map(|seconds| Duration::from_secs(seconds.max(1) as u64));
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
            generation: variables.text("TORCHELASTIC_RESTART_COUNT").unwrap_or_default(),
            join: seconds.unwrap_or(JOIN),
            wait: seconds.unwrap_or(WAIT),
        }))
    }
}

const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

/// What a launcher calls things.
struct Launcher {
    rank: &'static str,
    size: &'static str,
    local_rank: &'static str,
    /// The processes of this machine.
    size_here: Option<&'static str>,
}

const SLURM: &str = "SLURM_PROCID";

/// The one whose words are there is asked, in this order: torchrun may itself have been started by
/// Slurm.
const LAUNCHERS: [Launcher; 3] = [
    Launcher {
        rank: "RANK",
        size: "WORLD_SIZE",
        local_rank: "LOCAL_RANK",
        size_here: Some("LOCAL_WORLD_SIZE"),
    },
    Launcher {
        rank: "OMPI_COMM_WORLD_RANK",
        size: "OMPI_COMM_WORLD_SIZE",
        local_rank: "OMPI_COMM_WORLD_LOCAL_RANK",
        size_here: Some("OMPI_COMM_WORLD_LOCAL_SIZE"),
    },
    Launcher { rank: SLURM, size: "SLURM_NTASKS", local_rank: "SLURM_LOCALID", size_here: None },
];

struct Variables<F>(F);

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    fn text(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn number(&self, name: &'static str) -> Result<Option<usize>, DistributedError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refused = |_| DistributedError::Variable {
            variable: name,
            rule: "a whole number",
            got: text.clone(),
        };
        text.parse().map(Some).map_err(refused)
    }

    /// Whether this launcher started the process. A batch script of Slurm, which `srun` did not start, has
    /// the job's variables too, but no step's: what runs in it is alone.
    fn started_by(&self, launcher: &Launcher) -> bool {
        let has = |name| self.text(name).is_some();
        let in_batch_script = launcher.rank == SLURM
            && has("SLURM_JOB_ID")
            && !has("SLURM_STEP_ID")
            && !has("SLURM_STEP_NUM_TASKS");
        has(launcher.rank) && has(launcher.size) && !in_batch_script
    }

    fn port(&self) -> Result<u16, DistributedError> {
        if let Some(port) = self.number("MASTER_PORT")? {
            let (variable, rule) = ("MASTER_PORT", "a port, 1 to 65535");
            return u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(|| {
                DistributedError::Variable { variable, rule, got: port.to_string() }
            });
        }
        // Two jobs that share a node get two ports; the last digits of neighbouring numbers differ.
        let job = self.number("SLURM_JOB_ID")?.map(|job| 20_000 + (job % 10_000) as u16);
        Ok(job.unwrap_or(PORT))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn world(variables: &[(&str, &str)]) -> Result<Option<World>, String> {
        let value = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        World::from_variables(value).map_err(|error| error.to_string())
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
