//! The report in print: tables of 100 columns at most.

use std::fmt;

use super::report::{EmulationReport, Partition};
use crate::one_dimensional::binned::{Bin, Comparison};

/// Columns for a band's or a colour's name, and for what is binned by.
const NAME: usize = 14;
const BY: usize = 22;

impl fmt::Display for EmulationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "generated against observed, {} rows", self.rows)?;
        writeln!(
            f,
            "score {:.4} (a perfect emulator: about {:.4}), sliced Wasserstein {}",
            self.score,
            self.floor,
            number(self.sliced_wasserstein)
        )?;
        self.over_all_rows(f)?;
        self.all_columns(f)?;
        self.worst_bins(f)?;
        self.worst_calibration(f)?;
        self.notes(f)?;
        if f.alternate() { self.every_bin(f) } else { Ok(()) }
    }
}

impl EmulationReport {
    /// Name and numbers of each band and colour.
    fn over_all_rows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nover all rows (width, tails: generated over observed; tail dist: mean distance of \
             what is beyond)"
        )?;
        let pit = self.quantities.iter().any(|quantity| quantity.pit.is_some());
        let more = if pit { "  from even  in 68%" } else { "" };
        writeln!(f, "{:NAME$}{}{more}", "", Numbers::HEAD)?;
        for quantity in &self.quantities {
            write!(f, "{:NAME$}{}", clip(&quantity.name, NAME), Numbers(&quantity.all))?;
            if let Some(pit) = &quantity.pit {
                write!(f, "{:11.4}{:8.3}", pit.total_variation, pit.coverage_68)?;
            }
            writeln!(f)?;
        }
        if pit {
            let bins = self.config.pit_bins as f64;
            let even = ((bins - 1.0) / (2.0 * std::f64::consts::PI * self.rows as f64)).sqrt();
            writeln!(
                f,
                "from even: that of the PIT histogram; a perfect emulator: about {even:.4}"
            )?;
        }
        Ok(())
    }

    /// Residuals, truth and conditions as one table.
    fn all_columns(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(quality) = &self.quality else { return Ok(()) };
        let rows = quality.count;
        writeln!(f, "\nresiduals, truth and conditions as one table, {rows} rows each")?;
        write!(f, "{quality}")
    }

    /// In which bin each band and colour is least calibrated.
    fn worst_calibration(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst = self.quantities.iter().filter_map(|quantity| {
            let (by, bin, found) = quantity.pit.as_ref()?.worst()?;
            Some((&quantity.name, by, bin, found))
        });
        let worst: Vec<_> = worst.collect();
        if worst.is_empty() {
            return Ok(());
        }
        let head = ("least calibrated", "of", "from", "to", "in 68%", "in 95%", "KS");
        let (name, of, from, to, narrow, wide, ks) = head;
        writeln!(f, "\n{name:16} {of:BY$}{from:>11}{to:>11}{narrow:>8}{wide:>8}{ks:>8}")?;
        for (name, by, bin, found) in worst {
            let (name, by) = (clip(name, NAME), clip(by, BY));
            let (low, high) = (number(bin.low), number(bin.high));
            let (narrow, wide) = (found.coverage_68, found.coverage_95);
            write!(f, "{name:16} {by:BY$}{low:>11}{high:>11}{narrow:8.3}{wide:8.3}")?;
            writeln!(f, "{:8.4}", found.ks.statistic)?;
        }
        Ok(())
    }

    /// Where each band and colour is most wrong.
    fn worst_bins(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = [("KS", 7), ("from", 11), ("to", 11), ("width", 8), ("from", 11), ("to", 11)];
        write!(f, "\n{:NAME$} {:BY$}", "worst bins", "of")?;
        for (word, width) in head {
            write!(f, "{word:>width$}")?;
        }
        writeln!(f)?;
        for quantity in &self.quantities {
            for partition in &quantity.partitions {
                let by = clip(&partition.by, BY);
                write!(f, "{:NAME$} {by:BY$}", clip(&quantity.name, NAME))?;
                if let (Some(ks), Some(width)) = (partition.worst_ks(), partition.worst_width()) {
                    write!(f, "{}{}", shown(ks, 7, |found| format!("{:.4}", found.ks)), ends(ks))?;
                    write!(f, "{}", shown(width, 8, |found| ratio(found.width_ratio())))?;
                    writeln!(f, "{}", ends(width))?;
                } else {
                    writeln!(f, "  no bin with {} rows", self.config.least)?;
                }
            }
        }
        Ok(())
    }

    /// Bins that are missing or not compared.
    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told: Vec<&str> = Vec::new();
        for partition in self.quantities.iter().flat_map(|quantity| &quantity.partitions) {
            let Partition { by, asked, bins } = partition;
            if told.contains(&by.as_str()) {
                continue; // all quantities share the bins
            }
            told.push(by);
            let by = clip(by, BY);
            if bins.len() < *asked {
                let count = bins.len();
                writeln!(f, "bins of {by}: {count} instead of {asked}, since its values repeat")?;
            }
            let few = bins.iter().filter(|bin| bin.comparison.is_none()).count();
            if few > 0 {
                let (count, least) = (bins.len(), self.config.least);
                writeln!(
                    f,
                    "bins of {by}: {few} of {count} hold fewer than {least} rows and are not compared"
                )?;
            }
        }
        Ok(())
    }

    /// A table for each band and colour.
    fn every_bin(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for quantity in &self.quantities {
            let name = clip(&quantity.name, BY);
            writeln!(f, "\n{name:BY$}{:>11}{:>11}{:>8}{}", "from", "to", "rows", Numbers::HEAD)?;
            for partition in &quantity.partitions {
                for bin in &partition.bins {
                    let by = clip(&partition.by, BY);
                    write!(f, "{by:BY$}{}{:8}", ends(bin), bin.real_count)?;
                    match &bin.comparison {
                        Some(found) => writeln!(f, "{}", Numbers(found))?,
                        None => writeln!(f, "  too few")?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// A comparison's numbers in columns.
struct Numbers<'a>(&'a Comparison);

impl Numbers<'_> {
    const HEAD: &'static str = "     KS         W1   width   tails  tail dist";
}

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, tails) = (ratio(self.0.width_ratio()), ratio(self.0.tail_ratio()));
        let (w1, tail) = (number(self.0.w1), number(self.0.tail_distance));
        write!(f, "{:7.4}{w1:>11}{width:>8}{tails:>8}{tail:>11}", self.0.ks)
    }
}

/// What a compared bin shows, right-aligned.
fn shown(bin: &Bin, width: usize, what: impl Fn(&Comparison) -> String) -> String {
    format!("{:>width$}", bin.comparison.as_ref().map(what).unwrap_or_default())
}

/// Where a bin begins and ends.
fn ends(bin: &Bin) -> String {
    format!("{:>11}{:>11}", number(bin.low), number(bin.high))
}

/// A ratio of widths; a dash where both are 0.
fn ratio(value: f64) -> String {
    match value {
        value if value.is_nan() => "-".into(),
        value if value < 1000.0 => format!("{value:.3}"),
        value => format!("{value:.0e}"),
    }
}

/// Four digits of any number, in ten columns.
fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e5).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = (3.0 - size.log10().floor()).max(0.0) as usize;
    format!("{value:.decimals$}")
}

/// The name, or its beginning and end: names often differ at the end.
fn clip(name: &str, width: usize) -> String {
    let count = name.chars().count();
    if count <= width {
        return name.into();
    }
    let head: String = name.chars().take(width / 2).collect();
    let tail: String = name.chars().skip(count - (width - width / 2 - 1)).collect();
    format!("{head}\u{2026}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_their_columns() {
        for (value, expected) in [
            (24.1234, "24.12"),
            (-0.012343, "-0.01234"),
            (0.00123456, "0.001235"),
            (99999.0, "99999"),
            (1e5, "1.00e5"),
            (-1.234e-10, "-1.23e-10"),
            (0.0, "0"),
        ] {
            assert_eq!(number(value), expected);
        }
        for (value, expected) in
            [(0.98765, "0.988"), (f64::NAN, "-"), (f64::INFINITY, "inf"), (123_456.0, "1e5")]
        {
            assert_eq!(ratio(value), expected);
        }
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(clip("seeing", 8), "seeing");
        assert_eq!(clip("sky_variance_r", 8), "sky_\u{2026}e_r");
    }
}
