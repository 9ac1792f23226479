//! Right ascensions and declinations in degrees, whatever the unit of their column.

/// Which of the two a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    RightAscension,
    Declination,
}

/// How a column holds angles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Angle {
    /// Degrees in one of the column's unit.
    pub(super) degrees: f64,
    /// Degrees in one of what a sexagesimal text without letters begins with.
    first: f64,
}

/// Degrees in an hour.
const HOUR: f64 = 15.0;

/// Degrees in one of a unit, `None` without one. The error is what it should have been.
fn degrees(unit: Option<&str>) -> Result<Option<f64>, &'static str> {
    let unit = unit.unwrap_or_default().trim_matches([' ', '[', ']']);
    let bare = unit.trim_matches([' ', '[', ']', '"', '\'']);
    // Quotation marks alone are a unit, unless they quote nothing.
    let unit = if bare.is_empty() && !unit.contains([' ', '[', ']']) { unit } else { bare };
    Ok(Some(match unit.to_ascii_lowercase().as_str() {
        "" | "\"\"" => return Ok(None),
        "deg" | "degs" | "degree" | "degrees" | "°" | "d:m:s" | "dms" => 1.0,
        "h" | "hr" | "hour" | "hours" | "hourangle" | "h:m:s" | "hms" => HOUR,
        "rad" | "radian" | "radians" => 1_f64.to_degrees(),
        "arcmin" | "arcminute" | "arcminutes" | "'" | "′" => 1.0 / 60.0,
        "arcsec" | "arcsecond" | "arcseconds" | "\"" | "''" | "″" => 1.0 / 3600.0,
        "mas" => 1.0 / 3_600_000.0,
        _ => return Err("deg, h, rad, arcmin, arcsec or mas"),
    }))
}

impl Angle {
    /// The angles of a column by its unit; without one they are degrees, or in texts such as
    /// `10:22:33.1` hours of right ascension. The error is what the unit should have been.
    pub(super) fn of(axis: Axis, unit: Option<&str>) -> Result<Angle, &'static str> {
        let Some(degrees) = degrees(unit)? else {
            let first = if axis == Axis::RightAscension { HOUR } else { 1.0 };
            return Ok(Angle { degrees: 1.0, first });
        };
        Ok(Angle { degrees, first: degrees })
    }

    /// Whether another unit means other angles, for `texts` as they are spelled; none means the same.
    pub(super) fn differs(&self, unit: Option<&str>, texts: bool) -> bool {
        match degrees(unit) {
            Ok(Some(own)) => own != self.degrees || texts && own != self.first,
            Ok(None) => false,
            Err(_) => true,
        }
    }

    /// The angle, in the column's unit, that a text such as `-10:22:33.1`, `10h22m33.1s`,
    /// `10d22m33.1s` or `10 22 33.1` spells.
    pub(super) fn sexagesimal(&self, text: &str) -> Option<f64> {
        let (sign, text) = match text.as_bytes().first()? {
            b'-' => (-1.0, &text[1..]),
            b'+' => (1.0, &text[1..]),
            _ => (1.0, text),
        };
        let digit = |c: char| c.is_ascii_digit() || c == '.';
        // Numbers, each with what stands between it and the next.
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (number, after) = rest.split_at(rest.find(|c| !digit(c)).unwrap_or(rest.len()));
            let (mark, after) = after.split_at(after.find(digit).unwrap_or(after.len()));
            parts.push((number, mark.trim()));
            rest = after;
        }
        let first = match parts.iter().map(|part| part.1).collect::<Vec<_>>().as_slice() {
            [":", ""] | [":", ":", ""] | ["", ""] | ["", "", ""] => self.first,
            ["h", "m"] | ["h", "m", "s"] => HOUR,
            ["d" | "°", "m" | "'" | "′"] | ["d" | "°", "m" | "'" | "′", "s" | "\"" | "″"] => {
                1.0
            }
            _ => return None,
        };
        let mut value = 0.0;
        for (place, (number, _)) in parts.iter().enumerate() {
            let number: f64 = number.parse().ok()?;
            let whole = place + 1 == parts.len() || number.fract() == 0.0;
            if !whole || place == 1 && number >= 60.0 || place == 2 && number > 60.0 {
                return None;
            }
            value += number / [1.0, 60.0, 3600.0][place];
        }
        Some(sign * value * (first / self.degrees))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn units_are_degrees() {
        for (unit, degrees) in [
            (None, 1.0),
            (Some("deg"), 1.0),
            (Some(" DEGREES "), 1.0),
            (Some("[deg]"), 1.0),
            (Some("h"), 15.0),
            (Some("\"h:m:s\""), 15.0),
            (Some("rad"), 180.0 / std::f64::consts::PI),
            (Some("arcmin"), 1.0 / 60.0),
            (Some("arcsec"), 1.0 / 3600.0),
            (Some("'"), 1.0 / 60.0),
            (Some(" \" "), 1.0 / 3600.0),
            (Some("''"), 1.0 / 3600.0),
            (Some("″"), 1.0 / 3600.0),
            (Some("\"\""), 1.0),
            (Some("[]"), 1.0),
            (Some(" "), 1.0),
            (Some("[ ]"), 1.0),
            (Some("]"), 1.0),
            (Some("' '"), 1.0),
            (Some("'[]'"), 1.0),
            (Some("[\"]"), 1.0 / 3600.0),
        ] {
            assert_eq!(Angle::of(Axis::RightAscension, unit).unwrap().degrees, degrees, "{unit:?}");
        }
        assert!(Angle::of(Axis::Declination, Some("pix")).unwrap_err().contains("arcsec"));
    }

    #[test]
    fn other_units_mean_other_angles() {
        let of = |unit| Angle::of(Axis::RightAscension, unit).unwrap();
        for (unit, other, numbers, texts) in [
            (Some("deg"), Some("degrees"), false, false),
            (Some("deg"), None, false, false),
            (Some("deg"), Some("h"), true, true),
            (Some("deg"), Some("pix"), true, true),
            (None, Some("deg"), false, true),
            (None, Some("h"), true, true),
            (None, Some("[]"), false, false),
        ] {
            let got = [false, true].map(|texts| of(unit).differs(other, texts));
            assert_eq!(got, [numbers, texts], "{unit:?} {other:?}");
        }
    }

    #[test]
    fn texts_are_hours_of_right_ascension_and_degrees_of_declination() {
        let value = 10.0 + 22.0 / 60.0 + 33.1 / 3600.0;
        let ra = Angle::of(Axis::RightAscension, None).unwrap();
        let dec = Angle::of(Axis::Declination, None).unwrap();
        for text in ["10:22:33.1", "+10:22:33.1", "10h22m33.1s", "10 22 33.1", "10h 22m 33.1s"] {
            assert!((ra.sexagesimal(text).unwrap() - 15.0 * value).abs() < 1e-12, "{text}");
        }
        for text in ["-10:22:33.1", "-10d22m33.1s", "-10° 22′ 33.1″", "-10 22 33.1"] {
            assert!((dec.sexagesimal(text).unwrap() + value).abs() < 1e-12, "{text}");
        }
        assert_eq!(dec.sexagesimal("-00:30:00"), Some(-0.5));
        assert_eq!(ra.sexagesimal("12:30"), Some(187.5));
        let hours = Angle::of(Axis::RightAscension, Some("h")).unwrap();
        assert_eq!(hours.sexagesimal("10:30:00"), Some(10.5));
        assert_eq!(hours.sexagesimal("15d00m00s"), Some(1.0));
        let degrees = Angle::of(Axis::RightAscension, Some("deg")).unwrap();
        assert_eq!(degrees.sexagesimal("10:30:00"), Some(10.5));
        for bad in
            ["", "-", "M31", "10:", "10:22:33:44", "10:61:00", "10.5:22:33", "1..2:3", ":1", "é:1"]
        {
            assert_eq!(ra.sexagesimal(bad), None, "{bad}");
        }
    }
}
