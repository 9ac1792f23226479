//! The launchers that are known: what each calls things, and what of it tells one start of processes from
//! another.

use crate::DistributedError;

/// Where processes meet when nothing is said; PyTorch's port.
pub(crate) const PORT: u16 = 29_500;

/// What a launcher calls things.
pub(crate) struct Launcher {
    pub(crate) rank: &'static str,
    pub(crate) size: &'static str,
    pub(crate) local_rank: &'static str,
    /// The processes of this machine.
    pub(crate) size_here: Option<&'static str>,
}

pub(crate) const SLURM: &str = "SLURM_PROCID";
const OPEN_MPI: &str = "OMPI_COMM_WORLD_RANK";

/// How often torchrun started its group again.
pub(crate) const RESTARTS: &str = "TORCHELASTIC_RESTART_COUNT";

/// From here on the numbers of Slurm's steps are words: a batch script, an interactive shell.
const NO_STEP: usize = 0xffff_fff0;

/// The one whose words are there is asked, in this order: torchrun may itself have been started by
/// Slurm.
pub(crate) const LAUNCHERS: [Launcher; 3] = [
    Launcher {
        rank: "RANK",
        size: "WORLD_SIZE",
        local_rank: "LOCAL_RANK",
        size_here: Some("LOCAL_WORLD_SIZE"),
    },
    Launcher {
        rank: OPEN_MPI,
        size: "OMPI_COMM_WORLD_SIZE",
        local_rank: "OMPI_COMM_WORLD_LOCAL_RANK",
        size_here: Some("OMPI_COMM_WORLD_LOCAL_SIZE"),
    },
    Launcher { rank: SLURM, size: "SLURM_NTASKS", local_rank: "SLURM_LOCALID", size_here: None },
];

pub(crate) struct Variables<F>(pub(crate) F);

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(crate) fn number(&self, name: &'static str) -> Result<Option<usize>, DistributedError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refused = |_| DistributedError::Variable {
            variable: name,
            rule: "a whole number",
            got: text.clone(),
        };
        text.parse().map(Some).map_err(refused)
    }

    /// Whether this launcher started the process. A batch script of Slurm and a shell of `salloc`, which
    /// `srun` did not start, have the job's variables too, but no step's: what runs in them is alone.
    pub(crate) fn started_by(&self, launcher: &Launcher) -> bool {
        let has = |name| self.text(name).is_some();
        let step = self.text("SLURM_STEP_ID").map(|step| step.parse().unwrap_or(0));
        let is_no_step = match step {
            Some(step) => step >= NO_STEP,
            None => !has("SLURM_STEP_NUM_TASKS"),
        };
        let in_script = launcher.rank == SLURM && has("SLURM_JOB_ID") && is_no_step;
        has(launcher.rank) && has(launcher.size) && !in_script
    }

    /// What tells this start of processes from others on the same machines: job and step, or what Open
    /// MPI calls it.
    pub(crate) fn launch(&self, launcher: &Launcher) -> Option<String> {
        match launcher.rank {
            SLURM => {
                let step = self.text("SLURM_STEP_ID").unwrap_or_default();
                self.text("SLURM_JOB_ID").map(|job| format!("{job}.{step}"))
            }
            OPEN_MPI => self.text("PMIX_NAMESPACE"),
            _ => None,
        }
    }

    /// The port that was said; one made from the job and step of Slurm's, or on one machine from what Open
    /// MPI calls the start, so that two of them do not meet; else one of the job, or [`PORT`].
    pub(crate) fn port(
        &self,
        launcher: &Launcher,
        launch_here: Option<&str>,
    ) -> Result<u16, DistributedError> {
        if let Some(port) = self.number("MASTER_PORT")? {
            let (variable, rule) = ("MASTER_PORT", "a port, 1 to 65535");
            return u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(|| {
                DistributedError::Variable { variable, rule, got: port.to_string() }
            });
        }
        // Of neighbouring numbers the last digits differ; steps of a job are set far apart.
        let port = |number: usize| 20_000 + (number % 10_000) as u16;
        let step = self.text("SLURM_STEP_ID").filter(|_| launcher.rank == SLURM);
        let step: usize = step.and_then(|step| step.parse().ok()).unwrap_or(0);
        let job = self.number("SLURM_JOB_ID")?;
        let job = job.map(|job| port(job.wrapping_add(step.wrapping_mul(1009))));
        let here = launch_here.filter(|_| launcher.rank == OPEN_MPI).map(|name| port(hash(name)));
        Ok(here.or(job).unwrap_or(PORT))
    }
}

/// A number of a name that is the same in all processes, after FNV.
fn hash(name: &str) -> usize {
    let mixed = name
        .bytes()
        .fold(0x811c_9dc5_u32, |mixed, byte| (mixed ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    mixed as usize
}
