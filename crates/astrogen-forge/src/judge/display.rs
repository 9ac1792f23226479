//! How good a flow is, in words.

use std::fmt;

use astrogen_metrics::LogLikelihood;

use super::{Comparison, ForgeReport, GalaxyReport, Judgement, Physics, median};

impl ForgeReport {
    /// The mean over galaxies of a log-likelihood, or of a gain, and its standard error: that of the
    /// galaxies' scatter, of a single galaxy that of its stars. NaN of no galaxies.
    pub fn mean(&self, of: impl Fn(&GalaxyReport) -> LogLikelihood) -> LogLikelihood {
        let means: Vec<f64> = self.galaxies.iter().map(|galaxy| of(galaxy).mean).collect();
        let n = means.len() as f64;
        let mean = means.iter().sum::<f64>() / n;
        if means.len() == 1 {
            return LogLikelihood { mean, error: of(&self.galaxies[0]).error };
        }
        let variance = means.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        LogLikelihood { mean, error: (variance / n).sqrt() }
    }

    /// The median over features and galaxies of the Kolmogorov-Smirnov distance.
    pub fn median_ks(&self) -> f64 {
        median(self.galaxies.iter().flat_map(|of| of.distances.features.iter().map(|of| of.ks)))
    }

    /// What was found of the galaxies one by one, of which there are some.
    fn write_galaxies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.left_out { "galaxies left out" } else { "galaxies, held-out stars of" };
        writeln!(f, "{what}: {}", self.galaxies.len())?;
        writeln!(
            f,
            "log-likelihood in nats per star, mean over galaxies; the flow's gain over it"
        )?;
        let flow = self.mean(|of| of.flow);
        writeln!(f, "  {:<32} {:>9.4} +- {:.4}", "flow", flow.mean, flow.error)?;
        let components = self.components;
        let nearest = format!("{components} Gaussians, nearest galaxy");
        let mixture = format!("{components} Gaussians, all galaxies");
        for (name, of) in [
            (&nearest[..], (|of| of.nearest) as Of<Comparison>),
            (&mixture, |of| of.mixture),
            ("Gaussian, all galaxies", |of| of.gaussian),
        ] {
            let LogLikelihood { mean, error } = self.mean(|galaxy| of(galaxy).likelihood);
            let LogLikelihood { mean: more, error: by } = self.mean(|galaxy| of(galaxy).gain);
            writeln!(f, "  {name:<32} {mean:>9.4} +- {error:.4}   {more:+.4} +- {by:.4}")?;
        }
        writeln!(
            f,
            "sampled stars beside true ones, median over galaxies (between halves of the true, which \
             have half as many: an upper limit)"
        )?;
        let over = |of: Of<f64>| median(self.galaxies.iter().map(of));
        for (name, distance, floor) in [
            ("Kolmogorov-Smirnov of a feature", self.median_ks(), over(|of| of.floor.median_ks())),
            (
                "sliced Wasserstein",
                over(|of| of.distances.sliced_wasserstein),
                over(|of| of.floor.sliced_wasserstein),
            ),
            (
                "RBF-kernel MMD^2",
                over(|of| of.distances.mmd.squared),
                over(|of| of.floor.mmd.squared),
            ),
            (
                "squared difference of means",
                over(|of| of.distances.mean_difference),
                over(|of| of.floor.mean_difference),
            ),
        ] {
            writeln!(f, "  {name:<32} {distance:>9.5} ({floor:.5})")?;
        }
        // None without positions and velocities.
        let physics = self.galaxies.iter().filter_map(|of| of.physics.as_ref());
        let rotation = physics.map(|of| Physics::difference(&of.rotation));
        match median(rotation.filter(|difference| difference.is_finite())) {
            none if none.is_nan() => Ok(()),
            rotation => {
                writeln!(f, "  {:<32} {rotation:>9.2} km/s", "difference of rotation curves")
            }
        }
    }
}

/// What is read off the report of a galaxy.
type Of<T> = fn(&GalaxyReport) -> T;

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.report;
        match report.galaxies.is_empty() {
            true => writeln!(f, "no galaxy could be judged by itself, for the reasons below")?,
            false => report.write_galaxies(f)?,
        }
        if let Some(quality) = &report.quality {
            writeln!(f, "the stars of all galaxies as one table, {} each", quality.count)?;
            write!(f, "{quality}")?;
        }
        self.left_out.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        write!(f, "report.json and figures/ in {}", self.folder.display())
    }
}
