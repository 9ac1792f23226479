//! Which function has so many parameters per feature.

use super::Import;
use crate::{Affine, Bernstein, CircularSpline, Member, Spline, SumOfSquares, UnivariateConfig};

/// Parameters of a `SOSPF` of zuko's defaults: 3 polynomials of degree 4, and a shift.
const SOSPF: i64 = 16;

/// What names and shapes tell of the function.
pub(super) struct Shapes {
    pub(super) coupling: bool,
    /// Whether every other transform is one without tensors, as an `SOSPF` has them; unknown of a
    /// single transform.
    pub(super) gaps: Option<bool>,
    /// Whether the base is a box, as for angles.
    pub(super) circle: bool,
    /// Whether the file is of zuko 1.0 to 1.5.
    pub(super) older: bool,
    /// Parameters of one feature.
    pub(super) parameters: i64,
}

impl Shapes {
    /// The member that was named, or the only one that fits, and its function.
    pub(super) fn member(&self, import: &Import) -> Result<(Member, UnivariateConfig), String> {
        let member = match import.member {
            Some(member) if self.fits(member) => member,
            Some(member) => {
                return Err(format!(
                    "it is no `{}`: {}{}",
                    name(member),
                    self.words(),
                    match &self.candidates()[..] {
                        [] => String::new(),
                        fitting => format!(", which fits {}", list(fitting)),
                    }
                ));
            }
            None => self.only()?,
        };
        Ok((member, self.function(member, import)?))
    }

    /// The member of these shapes. Other ones of as many parameters are told apart by their
    /// numbers at zuko's defaults, where nobody would choose the other.
    fn only(&self) -> Result<Member, String> {
        let fitting = self.candidates();
        let usual = match self.parameters {
            2 => Some(Member::Maf),
            23 => Some(Member::Nsf),
            _ => None,
        };
        match (&fitting[..], usual) {
            (_, Some(usual)) if fitting.contains(&usual) => Ok(usual),
            (&[only], _) => Ok(only),
            ([], _) => Err(format!("{}, which fits no member of the family", self.words())),
            _ => Err(format!("{}, which fits {}: name the `member`", self.words(), list(&fitting))),
        }
    }

    fn candidates(&self) -> Vec<Member> {
        let all = [
            Member::Nice,
            Member::RealNvp,
            Member::Maf,
            Member::Nsf,
            Member::Ncsf,
            Member::Sospf,
            Member::Bpf,
        ];
        all.into_iter().filter(|member| self.fits(*member)).collect()
    }

    fn fits(&self, member: Member) -> bool {
        let spline = self.parameters >= 5 && self.parameters % 3 == 2;
        let number = match member {
            Member::Nice => self.coupling && self.parameters == 1,
            Member::RealNvp => self.coupling && self.parameters == 2,
            Member::Maf => !self.coupling && self.parameters == 2,
            Member::Nsf | Member::NsfCoupling | Member::Ncsf => !self.coupling && spline,
            Member::Sospf => !self.coupling && self.parameters >= 3,
            Member::Bpf => !self.coupling && self.parameters >= 2,
            Member::Galactic => false,
        };
        let gaps = self.gaps.is_none_or(|gaps| gaps == (member == Member::Sospf));
        number && gaps && self.circle == (member == Member::Ncsf)
    }

    fn function(&self, member: Member, import: &Import) -> Result<UnivariateConfig, String> {
        let bins = (self.parameters + 1) / 3;
        let slope = || self.slope(member, import);
        Ok(match member {
            Member::Nice => UnivariateConfig::Additive,
            Member::RealNvp | Member::Maf => UnivariateConfig::Affine(Affine { slope: slope()? }),
            Member::Nsf | Member::NsfCoupling => {
                let bound = import.bound.unwrap_or(Spline::default().bound);
                UnivariateConfig::Spline(Spline { bins, bound, slope: slope()? })
            }
            Member::Ncsf => {
                UnivariateConfig::CircularSpline(CircularSpline { bins, slope: slope()? })
            }
            Member::Sospf => {
                let polynomials = self.polynomials(import)?;
                let degree = (self.parameters - 1) / polynomials - 1;
                UnivariateConfig::SumOfSquares(SumOfSquares {
                    degree,
                    polynomials,
                    slope: slope()?,
                })
            }
            Member::Bpf | Member::Galactic => {
                let bound = import.bound.unwrap_or(Bernstein::default().bound);
                UnivariateConfig::Bernstein(Bernstein { degree: self.parameters - 1, bound })
            }
        })
    }

    fn slope(&self, member: Member, import: &Import) -> Result<f64, String> {
        match import.slope {
            Some(slope) => Ok(slope),
            None if !self.older => Ok(Affine::default().slope),
            None => Err(format!(
                "it was written by zuko 1.0 to 1.5 (`base._0`), whose versions have different \
                 least slopes: name the `slope`, {}",
                match member {
                    Member::Sospf => "1e-3 of zuko 1.5, 1e-9 of earlier ones",
                    _ => "1e-4 of zuko 1.0.1 to 1.4.1, 1e-3 of 1.0.0 and 1.5",
                }
            )),
        }
    }

    /// How many polynomials of one degree, 1 or more, have these parameters.
    fn polynomials(&self, import: &Import) -> Result<i64, String> {
        let coefficients = self.parameters - 1;
        match import.polynomials {
            Some(n) if n > 0 && coefficients % n == 0 && coefficients / n > 1 => Ok(n),
            Some(n) => Err(format!(
                "{} are not those of {n} polynomials of one degree and a shift",
                self.words()
            )),
            None if self.parameters == SOSPF => Ok(SumOfSquares::default().polynomials),
            None => Err(format!(
                "{} are {coefficients} coefficients and a shift: name how many `polynomials` share \
                 them",
                self.words()
            )),
        }
    }

    fn words(&self) -> String {
        let architecture = if self.coupling { "couplings" } else { "autoregressive transforms" };
        let base = if self.circle { " and a box for angles" } else { "" };
        let gaps = if self.gaps == Some(true) { " between others without tensors" } else { "" };
        format!("{architecture}{gaps} of {} parameters per feature{base}", self.parameters)
    }
}

fn name(member: Member) -> &'static str {
    let known = Member::ALL.iter().find(|(_, known)| *known == member);
    known.map_or("", |(name, _)| name) // all are in the list
}

fn list(members: &[Member]) -> String {
    let names: Vec<String> = members.iter().map(|member| format!("`{}`", name(*member))).collect();
    names.join(" and ")
}
