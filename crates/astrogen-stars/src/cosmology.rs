//! The age of a flat universe of matter and a cosmological constant.

use crate::units::{KPC, YEAR};

/// The Hubble parameter and the densities now, in units of the critical one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cosmology {
    /// The Hubble constant in units of 100 km/s/Mpc.
    pub h: f64,
    /// Matter.
    pub omega_matter: f64,
    /// The cosmological constant.
    pub omega_lambda: f64,
}

impl Cosmology {
    /// The age of the universe in Gyr when it had the scale factor `a` (1 now):
    ///
    /// ```text
    /// t(a) = 2 / (3 H0 sqrt(L)) asinh( sqrt(L / M) a^1.5 )
    /// ```
    ///
    /// with the densities M and L, whose sum is 1: radiation is left out, as the simulations do.
    ///
    /// ```
    /// use astrogen_stars::Cosmology;
    ///
    /// let planck = Cosmology { h: 0.6774, omega_matter: 0.3089, omega_lambda: 0.6911 };
    /// assert!((planck.age(1.0) - 13.80).abs() < 0.01);
    /// ```
    pub fn age(&self, a: f64) -> f64 {
        // 1 / H0 in Gyr: Mpc / (100 km/s) over a year.
        let hubble = 1e3 * KPC / 1e7 / YEAR * 1e-9 / self.h;
        let lambda = self.omega_lambda.sqrt();
        let reach = lambda / self.omega_matter.sqrt() * a.powf(1.5);
        2.0 / 3.0 * hubble / lambda * reach.asinh()
    }
}
