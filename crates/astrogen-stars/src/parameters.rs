//! Physical parameters of a galaxy, computed from its stars.

use std::fmt;
use std::str::FromStr;

use astrogen_catalog::Columns;
use serde::{Deserialize, Serialize};

use crate::StarsError;
use crate::quantile::quantile;

/// A number that stands for a galaxy, such as its stellar mass: a [`Parameter`], a
/// [`ParameterFn`], or one of your own.
pub trait GalaxyParameter: Send + Sync {
    /// Its name, for columns and settings.
    fn name(&self) -> &str;

    /// Its value for the stars of a galaxy, in the columns of [`COLUMNS`](crate::COLUMNS).
    ///
    /// # Errors
    /// [`StarsError`] if a column that it needs is not there, or if there are no stars.
    fn of(&self, stars: &Columns) -> Result<f64, StarsError>;
}

/// The parameters that condition GalacticFlow, each known by its name.
///
/// ```
/// use astrogen_catalog::Columns;
/// use astrogen_stars::Parameter;
///
/// let stars = Columns::new([("mass", vec![1e6, 3e6]), ("age", vec![2.0, 10.0])])?;
/// assert_eq!(Parameter::MStars.of(&stars)?, 4e6);
/// assert_eq!("tau50".parse::<Parameter>()?.of(&stars)?, 6.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Parameter {
    /// `m_stars`: the sum of the stars' masses, in solar masses.
    #[serde(rename = "m_stars")]
    MStars,
    /// `tau50`: the median age, in Gyr; each star counts as one, as in the original.
    #[serde(rename = "tau50")]
    Tau50,
    /// `tau10`: the 10th percentile of the ages, in Gyr.
    #[serde(rename = "tau10")]
    Tau10,
    /// `z_av`: the mean of the stars' metal mass fractions.
    #[serde(rename = "z_av")]
    ZAv,
}

impl Parameter {
    /// All of them, in the original's order.
    pub const ALL: [Parameter; 4] =
        [Parameter::MStars, Parameter::Tau50, Parameter::Tau10, Parameter::ZAv];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Parameter::MStars => "m_stars",
            Parameter::Tau50 => "tau50",
            Parameter::Tau10 => "tau10",
            Parameter::ZAv => "z_av",
        }
    }

    /// Its value for the stars of a galaxy.
    ///
    /// # Errors
    /// `Catalog` if there is no column `mass`, `age` or `metals`, `Stars` if there are no stars or
    /// some value is not finite.
    pub fn of(self, stars: &Columns) -> Result<f64, StarsError> {
        let column = match self {
            Parameter::MStars => "mass",
            Parameter::Tau50 | Parameter::Tau10 => "age",
            Parameter::ZAv => "metals",
        };
        let values = stars.column(column)?;
        let of = |share| quantile(&mut values.to_vec(), share);
        let sum: f64 = values.iter().sum();
        let value = match self {
            Parameter::MStars => Some(sum),
            Parameter::Tau50 => of(0.5),
            Parameter::Tau10 => of(0.1),
            Parameter::ZAv => Some(sum / values.len() as f64),
        };
        // The sum tells of any value that is not finite.
        value.filter(|_| sum.is_finite() && !values.is_empty()).ok_or_else(|| StarsError::Stars {
            reason: format!(
                "{self} needs stars with finite values of {column:?}, got {} stars with the sum \
                 {sum}; clean the galaxy first",
                values.len()
            ),
        })
    }
}

impl GalaxyParameter for Parameter {
    fn name(&self) -> &str {
        Parameter::name(*self)
    }

    fn of(&self, stars: &Columns) -> Result<f64, StarsError> {
        Parameter::of(*self, stars)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Parameter {
    type Err = StarsError;

    fn from_str(name: &str) -> Result<Parameter, StarsError> {
        let known = || Parameter::ALL.map(Parameter::name).join(", ");
        let found = Parameter::ALL.into_iter().find(|parameter| parameter.name() == name);
        found.ok_or_else(|| StarsError::Unknown {
            kind: "parameter",
            got: name.to_owned(),
            known: known(),
        })
    }
}

/// A parameter of your own: a name and a function of the stars.
///
/// ```
/// use astrogen_catalog::Columns;
/// use astrogen_stars::{GalaxyParameter, ParameterFn};
///
/// let stars = ParameterFn::new("stars", |stars: &Columns| Ok(stars.len() as f64));
/// assert_eq!(stars.of(&Columns::new([("x", vec![1.0, 2.0])])?)?, 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ParameterFn<F> {
    name: String,
    of: F,
}

impl<F: Fn(&Columns) -> Result<f64, StarsError> + Send + Sync> ParameterFn<F> {
    /// A parameter of this name and function.
    pub fn new(name: impl Into<String>, of: F) -> ParameterFn<F> {
        ParameterFn { name: name.into(), of }
    }
}

impl<F: Fn(&Columns) -> Result<f64, StarsError> + Send + Sync> GalaxyParameter for ParameterFn<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn of(&self, stars: &Columns) -> Result<f64, StarsError> {
        (self.of)(stars)
    }
}
