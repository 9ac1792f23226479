//! How good a flow is, in words.

use std::fmt;

use astrogen_metrics::LogLikelihood;

use super::{ForgeReport, GalaxyReport, Judgement, Physics, median};

impl ForgeReport {
    /// The mean over galaxies of a log-likelihood, and its standard error.
    pub fn mean(&self, of: impl Fn(&GalaxyReport) -> LogLikelihood) -> LogLikelihood {
        let means: Vec<f64> = self.galaxies.iter().map(|galaxy| of(galaxy).mean).collect();
        let n = means.len().max(1) as f64;
        let mean = means.iter().sum::<f64>() / n;
        if means.len() == 1 {
            return LogLikelihood { mean, error: of(&self.galaxies[0]).error };
        }
        let variance = means.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        LogLikelihood { mean, error: (variance / n).sqrt() }
    }

    /// The mean over galaxies of how much likelier a star is by the flow than by another density,
    /// and its standard error: the galaxies' own differences, which cancel, are not in it.
    pub fn gain(&self, over: impl Fn(&GalaxyReport) -> LogLikelihood) -> LogLikelihood {
        self.mean(|galaxy| LogLikelihood {
            mean: galaxy.flow.mean - over(galaxy).mean,
            error: galaxy.flow.error.hypot(over(galaxy).error),
        })
    }

    /// The median over features and galaxies of the Kolmogorov-Smirnov distance.
    pub fn median_ks(&self) -> f64 {
        median(self.galaxies.iter().flat_map(|of| of.distances.features.iter().map(|of| of.ks)))
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.report;
        let what =
            if report.left_out { "galaxies that were left out" } else { "held-out stars of" };
        writeln!(f, "{what}: {}", report.galaxies.len())?;
        writeln!(
            f,
            "log-likelihood in nats per star, mean over galaxies; the flow's gain over it"
        )?;
        let components = report.components;
        let others: [(String, fn(&GalaxyReport) -> LogLikelihood); 3] = [
            (format!("{components} Gaussians, nearest galaxy"), |of| of.nearest),
            (format!("{components} Gaussians, all galaxies"), |of| of.mixture),
            ("Gaussian, all galaxies".to_owned(), |of| of.gaussian),
        ];
        let flow = report.mean(|of| of.flow);
        writeln!(f, "  {:<32} {:>9.4} +- {:.4}", "flow", flow.mean, flow.error)?;
        for (name, of) in others {
            let (own, gain) = (report.mean(of), report.gain(of));
            let (mean, error) = (own.mean, own.error);
            writeln!(
                f,
                "  {name:<32} {mean:>9.4} +- {error:.4}   {:+.4} +- {:.4}",
                gain.mean, gain.error
            )?;
        }
        let over = |of: fn(&GalaxyReport) -> f64| median(report.galaxies.iter().map(of));
        writeln!(
            f,
            "sampled stars beside true ones, median over galaxies; (between halves of the true)"
        )?;
        writeln!(
            f,
            "  Kolmogorov-Smirnov of a feature  {:.4} ({:.4})",
            report.median_ks(),
            over(|of| of.floor.median_ks())
        )?;
        let lines: [(&str, [fn(&GalaxyReport) -> f64; 2]); 3] = [
            (
                "sliced Wasserstein",
                [|of| of.distances.sliced_wasserstein, |of| of.floor.sliced_wasserstein],
            ),
            ("RBF-kernel MMD^2", [|of| of.distances.mmd.squared, |of| of.floor.mmd.squared]),
            (
                "squared difference of means",
                [|of| of.distances.mean_difference, |of| of.floor.mean_difference],
            ),
        ];
        for (name, [of, floor]) in lines {
            writeln!(f, "  {name:<32} {:.5} ({:.5})", over(of), over(floor))?;
        }
        let rotation = |of: &GalaxyReport| {
            of.physics.as_ref().map_or(f64::NAN, |of| Physics::difference(&of.rotation))
        };
        writeln!(f, "  rotation curve, difference       {:.2} km/s", over(rotation))?;
        self.left_out.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        write!(f, "report.json and figures/ in {}", self.folder.display())
    }
}
