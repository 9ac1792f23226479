//! Which galaxies are read, and what is learnt of their stars.

use std::path::PathBuf;

use astrogen_stars::{CleaningConfig, Layout};
use serde::{Deserialize, Serialize};

use crate::ForgeError;

/// Which galaxies are read, how their stars are cleaned, and what is learnt of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GalaxiesConfig {
    /// A folder with a file for each galaxy, or one file.
    pub path: PathBuf,
    /// What the columns of the files are called; by default known spellings are recognised.
    pub layout: Layout,
    /// How stars are cleaned. Default GalacticForge's: percentiles 98 and 98, 500 stars or more.
    pub cleaning: CleaningConfig,
    /// Whether each galaxy is turned in the x-y plane so that its longer axis lies along x. Default
    /// yes.
    pub rotate: bool,
    /// The features of a star. Default x, y, z, vx, vy, vz, metals, feh, ofe, age.
    pub features: Vec<String>,
    /// The features, among them, whose logarithm is learnt; densities are those of the features
    /// themselves. Default none.
    pub log10: Vec<String>,
    /// The parameters of a galaxy that its stars are given: names of
    /// [`Parameter`](astrogen_stars::Parameter), or of one's own functions. Default m_stars, tau50,
    /// tau10, z_av.
    pub parameters: Vec<String>,
    /// The parameters, among them, whose logarithm the flow is given. Default m_stars.
    pub log10_parameters: Vec<String>,
    /// A folder with the latents of each galaxy, `ID_latent.npy`; none if there are none.
    pub latents: Option<PathBuf>,
    /// Galaxies that are left out, and that the flow is judged on, by their ids.
    pub leave_out: Vec<String>,
    /// Galaxies whose stars choose the state of the flow that is kept, by their ids.
    pub validation: Vec<String>,
    /// The share of each training galaxy's stars that is held out of training, 0 to below 1: they
    /// choose where there are no validation galaxies, are judged where no galaxies are left out, half
    /// and half where there are neither. Default 0.05.
    pub held_out: f64,
    /// Bytes of training stars that are kept in memory; more are kept in a file without a name that is
    /// gone with the process. Default 1 GiB.
    pub memory: u64,
    /// Where that file is made; the system's folder for temporary files by default.
    pub scratch: Option<PathBuf>,
    /// The seed that chooses the stars that are held out. Default 0.
    pub seed: u64,
}

impl Default for GalaxiesConfig {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            path: PathBuf::new(),
            layout: Layout::default(),
            cleaning: CleaningConfig::default(),
            rotate: true,
            features: names(&["x", "y", "z", "vx", "vy", "vz", "metals", "feh", "ofe", "age"]),
            log10: Vec::new(),
            parameters: names(&["m_stars", "tau50", "tau10", "z_av"]),
            log10_parameters: names(&["m_stars"]),
            latents: None,
            leave_out: Vec::new(),
            validation: Vec::new(),
            held_out: 0.05,
            memory: 1 << 30,
            scratch: None,
            seed: 0,
        }
    }
}

impl GalaxiesConfig {
    /// Checks what needs no file.
    ///
    /// # Errors
    /// [`ForgeError::Setting`] for no features, a name twice, logarithms of what is not learnt or
    /// given, a galaxy that both chooses and is judged, a share outside 0 to below 1, and a flow that
    /// nothing would choose or judge.
    pub fn validate(&self) -> Result<(), ForgeError> {
        let refuse = |name, rule: &str, got: String| {
            Err(ForgeError::Setting { name, rule: rule.to_owned(), got })
        };
        if self.features.is_empty() {
            return refuse("features", "at least one", "none".to_owned());
        }
        let lists = [
            ("features", &self.features),
            ("parameters", &self.parameters),
            ("leave_out", &self.leave_out),
            ("validation", &self.validation),
        ];
        for (name, list) in lists {
            let twice = list.iter().enumerate().find(|(i, item)| list[..*i].contains(item));
            if let Some((_, item)) = twice {
                return refuse(name, "different names", format!("{item} twice"));
            }
        }
        let within = [
            ("log10", &self.log10, &self.features),
            ("log10_parameters", &self.log10_parameters, &self.parameters),
        ];
        for (name, list, of) in within {
            if let Some(item) = list.iter().find(|item| !of.contains(item)) {
                return refuse(name, &format!("among {}", of.join(", ")), item.clone());
            }
        }
        if let Some(id) = self.leave_out.iter().find(|id| self.validation.contains(id)) {
            return refuse("validation", "other galaxies than those left out", id.clone());
        }
        if !(0.0..1.0).contains(&self.held_out) {
            return refuse("held_out", "from 0 to below 1", self.held_out.to_string());
        }
        if self.held_out == 0.0 && (self.leave_out.is_empty() || self.validation.is_empty()) {
            let rule = "above 0 where no galaxies are left out or none are for validation";
            return refuse("held_out", rule, "0".to_owned());
        }
        self.layout.validate()?;
        Ok(self.cleaning.validate()?)
    }
}
