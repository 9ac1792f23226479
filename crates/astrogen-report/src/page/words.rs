//! Names and numbers as a person reads them.

/// What is written in its own way, whatever stands around it.
const PROPER: [(&str, &str); 37] = [
    ("adam", "Adam"),
    ("auc", "AUC"),
    ("c2st", "C2ST"),
    ("cpu", "CPU"),
    ("crps", "CRPS"),
    ("cuda", "CUDA"),
    ("dcgan", "DCGAN"),
    ("ema", "EMA"),
    ("feh", "[Fe/H]"),
    ("fid", "FID"),
    ("fits", "FITS"),
    ("frechet", "Fréchet"),
    ("gan", "GAN"),
    ("gaussian", "Gaussian"),
    ("gini", "Gini"),
    ("gpu", "GPU"),
    ("hdu", "HDU"),
    ("id", "ID"),
    ("kid", "KID"),
    ("kl", "KL"),
    ("ks", "KS"),
    ("libtorch", "libtorch"),
    ("lr", "learning rate"),
    ("m20", "M20"),
    ("mind", "MIND"),
    ("mlp", "MLP"),
    ("mmd", "MMD"),
    ("mse", "MSE"),
    ("nll", "NLL"),
    ("nyquist", "Nyquist"),
    ("ofe", "[O/Fe]"),
    ("pit", "PIT"),
    ("pixelcnn", "PixelCNN"),
    ("roc", "ROC"),
    ("swd", "SWD"),
    ("w1", "W1"),
    ("wasserstein", "Wasserstein"),
];

/// `sliced_wasserstein` as "Sliced Wasserstein"; what is no such name stays as it is.
pub(super) fn human(key: &str) -> String {
    let is_name = key.len() > 1
        && key.starts_with(|first: char| first.is_ascii_lowercase())
        && key.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-'
        });
    if !is_name {
        return key.to_owned();
    }
    let words = key.split(['_', '-']).map(|word| {
        let proper = PROPER.binary_search_by_key(&word, |(plain, _)| plain);
        proper.map_or(word, |at| PROPER[at].1)
    });
    let words = words.collect::<Vec<_>>().join(" ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) if !words.starts_with("libtorch") => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => words,
    }
}

/// A number to four digits.
pub(super) fn short(value: f64) -> String {
    rounded(value, 4)
}

/// A number to so many significant digits, with a power of ten where it is very large or small.
pub(super) fn rounded(value: f64, digits: usize) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        return if value.is_nan() { "no number".to_owned() } else { value.to_string() };
    }
    if !(1e-4..1e7).contains(&size) {
        let text = format!("{value:.*e}", digits - 1);
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", without_zeros(mantissa));
    }
    let before = size.log10().floor() as i64 + 1;
    let after = usize::try_from(digits as i64 - before).unwrap_or(0);
    without_zeros(&format!("{value:.after$}")).to_owned()
}

fn without_zeros(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

/// A mean and its error to the digits that the error leaves: "-7.290 ± 0.047".
pub(super) fn with_error(mean: f64, error: f64) -> String {
    if !mean.is_finite() || !error.is_finite() || error <= 0.0 || !(1e-6..1e6).contains(&error) {
        return format!("{} ± {}", short(mean), short(error));
    }
    let after = usize::try_from(1 - error.log10().floor() as i64).unwrap_or(0);
    format!("{mean:.after$} ± {error:.after$}")
}

/// A number of things.
pub(super) fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// A size of a file.
pub(super) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// A span of time.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A moment, given in seconds since 1970, in universal time: "2026-11-26 15:21 UTC".
pub(super) fn moment(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as i64;
    let (days, rest) = (seconds / 86400, seconds % 86400);
    // The civil calendar, counted in eras of 400 years that begin on March 1.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year}-{month:02}-{of_month:02} {:02}:{:02} UTC", rest / 3600, rest % 3600 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words() {
        for (key, words) in [
            ("sliced_wasserstein", "Sliced Wasserstein"),
            ("nyquist_ratio", "Nyquist ratio"),
            ("held_out_error", "Held out error"),
            ("ks", "KS"),
            ("cpu_capability", "CPU capability"),
            ("cuda_devices", "CUDA devices"),
            ("g0163-corner", "G0163 corner"),
            ("x", "x"),
            ("MAG_R", "MAG_R"),
            ("<script>", "<script>"),
            ("", ""),
        ] {
            assert_eq!(human(key), words);
        }
        assert!(PROPER.is_sorted_by_key(|(plain, _)| plain));
    }

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        for (value, text) in [
            (17.387_762_2, "17.39"),
            (0.000_754_763, "0.0007548"),
            (52_967.0, "52967"),
            (0.5, "0.5"),
            (-0.000_012_34, "-1.234e-5"),
            (1.5e9, "1.5e9"),
            (0.0, "0"),
            (f64::NAN, "no number"),
        ] {
            assert_eq!(short(value), text);
        }
        assert_eq!(with_error(-7.290_368, 0.046_72), "-7.290 ± 0.047");
        assert_eq!(with_error(1234.5, 12.3), "1234 ± 12");
        assert_eq!(with_error(2.0, 0.0), "2 ± 0");
    }

    #[test]
    fn times_and_sizes_are_told() {
        assert_eq!(moment(0.0), "1970-01-01 00:00 UTC");
        assert_eq!(moment(951_782_400.0), "2000-02-29 00:00 UTC");
        assert_eq!(moment(1_795_649_913.5), "2026-11-25 23:38 UTC");
        assert_eq!(duration(3.26), "3.3 s");
        assert_eq!(duration(113.2), "1 min 53 s");
        assert_eq!(duration(7261.0), "2 h 1 min");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(count(1, "file", "files"), "1 file");
    }
}
