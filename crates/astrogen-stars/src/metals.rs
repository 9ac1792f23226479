//! Abundances over the Sun's.

/// Logarithms of the number of atoms of oxygen and of iron in the Sun for 10^12 of hydrogen
/// (Asplund et al. 2009, ARA&A 47, 481).
pub const SOLAR_OXYGEN: f64 = 8.69;
/// See [`SOLAR_OXYGEN`].
pub const SOLAR_IRON: f64 = 7.50;

/// Masses of the atoms.
const HYDROGEN: f64 = 1.008;
const OXYGEN: f64 = 15.999;
const IRON: f64 = 55.845;

/// \[Fe/H\] of mass fractions of iron and hydrogen: minus infinity without iron.
pub(crate) fn iron_over_hydrogen(iron: f64, hydrogen: f64) -> f64 {
    (iron / IRON / (hydrogen / HYDROGEN)).log10() - (SOLAR_IRON - 12.0)
}

/// \[O/Fe\] of mass fractions of oxygen and iron: minus infinity without oxygen, infinity without
/// iron.
pub(crate) fn oxygen_over_iron(oxygen: f64, iron: f64) -> f64 {
    (oxygen / OXYGEN / (iron / IRON)).log10() - (SOLAR_OXYGEN - SOLAR_IRON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sun_is_at_zero() {
        // Mass fractions of the Sun's surface: H 0.7381, O 5.733e-3, Fe 1.292e-3.
        assert!(iron_over_hydrogen(1.292e-3, 0.7381).abs() < 2e-3);
        assert!(oxygen_over_iron(5.733e-3, 1.292e-3).abs() < 2e-3);
        assert_eq!(iron_over_hydrogen(0.0, 0.7), f64::NEG_INFINITY);
        assert_eq!(oxygen_over_iron(1e-3, 0.0), f64::INFINITY);
    }
}
