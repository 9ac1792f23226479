//! What a flow may be, and how large.

use astrogen_nn::config::check_widths;

use super::{Architecture, FlowConfig};
use crate::univariate::Spline;
use crate::{FlowError, UnivariateConfig};

/// Weights that a flow may have: masks take memory before a file's tensors are seen.
const MOST_WEIGHTS: i64 = 1 << 28;

impl FlowConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`FlowError::Setting`] where one is out of its range.
    pub fn validate(&self) -> Result<(), FlowError> {
        let counts = [
            ("features", self.features, 1, 65536),
            ("context", self.context, 0, 65536),
            ("transforms", self.transforms, 1, 256),
        ];
        for (name, got, least, most) in counts {
            if !(least..=most).contains(&got) {
                let rule = format!("from {least} to {most}");
                return Err(FlowError::Setting { name, rule, got: got.to_string() });
            }
        }
        check_widths("hidden", &self.hidden)?;
        self.univariate.validate()?;
        match self.architecture {
            Architecture::Autoregressive { passes: Some(passes) } if passes < 1 => {
                let (name, rule) = ("passes", "at least 1, or none".to_owned());
                return Err(FlowError::Setting { name, rule, got: passes.to_string() });
            }
            Architecture::Galactic { bins, bound } => {
                UnivariateConfig::Spline(Spline { bins, bound, ..Spline::default() }).validate()?;
            }
            _ => {}
        }
        if self.weights() > MOST_WEIGHTS {
            return Err(FlowError::Setting {
                name: "hidden, with features, context and transforms,",
                rule: format!("such that a flow has at most {MOST_WEIGHTS} weights"),
                got: format!(
                    "{:?} with {} features and {} context values in {} transforms",
                    self.hidden, self.features, self.context, self.transforms
                ),
            });
        }
        self.base.validate()?;
        self.feature_units.validate(self.features)?;
        if let Some(whitening) = &self.whitening {
            whitening.validate(self.features)?;
        }
        self.context_units.validate(self.context)
    }

    /// Weights of all networks and matrices, or more where they see less than all. Settings are in
    /// their ranges, so that no width is out of measure.
    fn weights(&self) -> i64 {
        let (features, context) = (self.features, self.context);
        let network = |inputs: i64, outputs: i64| {
            let widths = [&[inputs][..], &self.hidden, &[outputs]].concat();
            let pairs = widths.windows(2).map(|pair| pair[0].saturating_mul(pair[1]));
            pairs.fold(0_i64, i64::saturating_add)
        };
        let transform = match self.architecture {
            // Three matrices, and for each half of the features a network of the other and one of
            // the context.
            Architecture::Galactic { bins, .. } => {
                let (half, parameters) = (features / 2, 3 * bins - 1);
                let seen = [half, context].into_iter().filter(|&inputs| inputs > 0);
                let networks = seen.map(|inputs| network(inputs, half * parameters));
                let networks = networks.fold(0_i64, i64::saturating_add);
                networks.saturating_mul(2).saturating_add(3 * features * features)
            }
            _ => network(features + context, features * self.univariate.init().parameters()),
        };
        transform.saturating_mul(self.transforms)
    }
}
