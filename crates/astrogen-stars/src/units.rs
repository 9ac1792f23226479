//! Units as files spell them, and what they make of the numbers.

/// A kiloparsec in cm, a solar mass in g and a year in s, as Gadget and its descendants have
/// them: what they call 1e10 solar masses is that here.
pub(crate) const KPC: f64 = 3.085678e21;
pub(crate) const SOLAR_MASS: f64 = 1.989e33;
pub(crate) const YEAR: f64 = 3.15576e7;

/// What a column measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    Length,
    Velocity,
    Mass,
    Time,
    /// Of a logarithm too.
    Number,
    /// A share of a mass.
    Fraction,
}

impl Quantity {
    /// That of a standard column; any other column may be each.
    pub(crate) fn of(column: &str) -> Option<Quantity> {
        match column {
            "x" | "y" | "z" => Some(Quantity::Length),
            "vx" | "vy" | "vz" => Some(Quantity::Velocity),
            "mass" => Some(Quantity::Mass),
            "age" => Some(Quantity::Time),
            "metals" => Some(Quantity::Fraction),
            "feh" | "ofe" => Some(Quantity::Number),
            _ => None,
        }
    }

    /// The cgs value of the unit that it has here.
    pub(crate) fn cgs(self) -> f64 {
        match self {
            Quantity::Length => KPC,
            Quantity::Velocity => 1e5,
            Quantity::Mass => SOLAR_MASS,
            Quantity::Time => 1e9 * YEAR,
            Quantity::Number | Quantity::Fraction => 1.0,
        }
    }

    /// Known units.
    pub(crate) fn known(self) -> &'static str {
        match self {
            Quantity::Length => {
                "kpc, pc, Mpc, cm, m, km, with c before it (comoving) or /h behind it"
            }
            Quantity::Velocity => "km/s, cm/s, m/s, km sqrt(a)/s",
            Quantity::Mass => {
                "Msun, solMass, g, kg, with a number before it (1e10 Msun) or /h behind it"
            }
            Quantity::Time => "Gyr, Myr, kyr, yr, s, or scale_factor (of birth)",
            Quantity::Number => "none, or dex",
            Quantity::Fraction => "none: a mass fraction, not its logarithm",
        }
    }
}

/// `value * factor * a^a * h^h`: what a number of a file means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scaling {
    pub(crate) factor: f64,
    /// Powers of the scale factor and of the Hubble parameter.
    pub(crate) a: f64,
    pub(crate) h: f64,
}

impl Scaling {
    pub(crate) fn by(factor: f64) -> Scaling {
        Scaling { factor, a: 0.0, h: 0.0 }
    }

    /// Whether it takes a header.
    pub(crate) fn is_cosmological(self) -> bool {
        self.a != 0.0 || self.h != 0.0
    }
}

/// What a number of a column means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Conversion {
    /// It is the value in another unit.
    Scale(Scaling),
    /// It is the scale factor at a star's birth, for its age; of wind it is 0 or less.
    Birth,
}

/// What a unit makes of a column (`None` for one that is none of the standard); `None` if it is
/// not known, or measures something else.
pub(crate) fn parse(unit: &str, quantity: Option<Quantity>) -> Option<Conversion> {
    use Quantity::{Length, Mass, Number, Time, Velocity};
    let unit = unit.trim();
    if matches!(unit, "scale_factor" | "scale factor") {
        return (quantity == Some(Time)).then_some(Conversion::Birth);
    }
    let quantities = match quantity {
        Some(quantity) => vec![quantity],
        None => vec![Length, Velocity, Mass, Time, Number],
    };
    let scaling = quantities.into_iter().find_map(|quantity| scaling(unit, quantity))?;
    Some(Conversion::Scale(scaling))
}

fn scaling(unit: &str, quantity: Quantity) -> Option<Scaling> {
    let (number, rest) = leading_number(unit);
    let squeezed: String = rest.chars().filter(|c| !c.is_whitespace() && *c != '*').collect();
    let (name, h) = match squeezed.strip_suffix("/h").or_else(|| squeezed.strip_suffix("h-1")) {
        // hours would end so too, but nobody has them here
        Some(name) => (name, -1.0),
        None => (squeezed.as_str(), 0.0),
    };
    let (factor, a) = match quantity {
        Quantity::Length => match length(name) {
            Some(length) => (length, 0.0),
            None => (length(name.strip_prefix('c')?)?, 1.0),
        },
        Quantity::Velocity => match name {
            "km/s" | "kms-1" | "kms^-1" | "kms**-1" | "kms" => (1.0, 0.0),
            "kmsqrt(a)/s" | "sqrt(a)km/s" | "km/ssqrt(a)" => (1.0, 0.5),
            "cm/s" | "cms-1" | "cms^-1" => (1e-5, 0.0),
            "m/s" | "ms-1" | "ms^-1" => (1e-3, 0.0),
            _ => return None,
        },
        Quantity::Mass => {
            let factor = match name {
                "Msun" | "solMass" | "M_sun" | "msun" | "Msol" => 1.0,
                "g" => 1.0 / SOLAR_MASS,
                "kg" => 1e3 / SOLAR_MASS,
                _ => return None,
            };
            (factor, 0.0)
        }
        Quantity::Time => {
            let factor = match name {
                "Gyr" => 1.0,
                "Myr" => 1e-3,
                "kyr" => 1e-6,
                "yr" => 1e-9,
                "s" => 1e-9 / YEAR,
                _ => return None,
            };
            (factor, 0.0)
        }
        Quantity::Number => match name {
            "" | "1" | "dex" | "dimensionless" => (1.0, 0.0),
            _ => return None,
        },
        Quantity::Fraction => match name {
            "" | "1" | "dimensionless" => (1.0, 0.0),
            _ => return None,
        },
    };
    Some(Scaling { factor: number * factor, a, h })
}

/// A length in kpc.
fn length(name: &str) -> Option<f64> {
    match name {
        "kpc" => Some(1.0),
        "pc" => Some(1e-3),
        "Mpc" => Some(1e3),
        "cm" => Some(1.0 / KPC),
        "m" => Some(1e2 / KPC),
        "km" => Some(1e5 / KPC),
        _ => None,
    }
}

/// `1e10 Msun`, `1e10*Msun` and `10^10 Msun` begin with a number.
fn leading_number(unit: &str) -> (f64, &str) {
    let end = unit.find(|c: char| c.is_whitespace() || c == '*').unwrap_or(unit.len());
    let (first, rest) = unit.split_at(end);
    let power = first.strip_prefix("10^").and_then(|power| power.parse::<i32>().ok());
    let number = match power {
        Some(power) => Some(10_f64.powi(power)),
        None => first.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0),
    };
    match number {
        Some(number) if !rest.is_empty() => (number, rest),
        _ => (1.0, unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_as_files_spell_them() {
        use Quantity::{Fraction, Length, Mass, Number, Time, Velocity};
        for (unit, quantity, factor, a, h) in [
            ("kpc", Length, 1.0, 0.0, 0.0),
            ("Mpc", Length, 1e3, 0.0, 0.0),
            ("ckpc/h", Length, 1.0, 1.0, -1.0),
            ("cMpc", Length, 1e3, 1.0, 0.0),
            ("km / s", Velocity, 1.0, 0.0, 0.0),
            ("km s-1", Velocity, 1.0, 0.0, 0.0),
            ("km sqrt(a)/s", Velocity, 1.0, 0.5, 0.0),
            ("solMass", Mass, 1.0, 0.0, 0.0),
            ("1e10 Msun", Mass, 1e10, 0.0, 0.0),
            ("10^10 Msun/h", Mass, 1e10, 0.0, -1.0),
            ("Myr", Time, 1e-3, 0.0, 0.0),
            ("", Number, 1.0, 0.0, 0.0),
            ("dex", Number, 1.0, 0.0, 0.0),
        ] {
            let want = Conversion::Scale(Scaling { factor, a, h });
            assert_eq!(parse(unit, Some(quantity)), Some(want), "{unit}");
            assert_eq!(parse(unit, None), Some(want), "{unit}");
        }
        assert_eq!(parse("scale_factor", Some(Time)), Some(Conversion::Birth));
        for (unit, quantity) in [
            ("furlong", Length),
            ("kpc", Mass),
            ("", Length),
            ("ckm/s", Velocity),
            ("c", Length),
            ("dex", Fraction),
        ] {
            assert_eq!(parse(unit, Some(quantity)), None, "{unit}");
        }
    }
}
