//! Small cases by paper and pencil, and what a report looks like.

use astrogen_metrics::{Emulation, EmulationConfig, EmulationReport};

use crate::survey::*;

#[test]
fn four_rows_have_the_numbers_of_paper_and_pencil() {
    // Residuals of r are 0 1 2 3 against 1 2 3 4; of i all 4 times as far, in another order.
    let emulation = Emulation {
        bands: &["r", "i"],
        truth: Some(&[20.0, 19.0, 21.0, 20.0, 22.0, 21.0, 23.0, 22.0]),
        observed: &[20.0, 19.0, 22.0, 28.0, 24.0, 25.0, 26.0, 34.0],
        generated: &[21.0, 23.0, 23.0, 32.0, 25.0, 29.0, 27.0, 38.0],
        condition_names: &["seeing"],
        conditions: &[0.9, 0.7, 0.8, 1.0],
        draws: Some(&[10.0; 3 * 8]),
    };
    let config = EmulationConfig {
        truth_bins: 2,
        condition_bins: 4,
        least: 2,
        pit_bins: 4,
        ..Default::default()
    };
    let report = emulation.evaluate(&config).unwrap();
    let names: Vec<&str> = report.quantities.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["r", "i", "r-i"]);

    let r = report.quantity("r").unwrap();
    assert_eq!((r.all.ks, r.all.w1, r.all.width_ratio()), (0.25, 1.0, 1.0));
    assert_close(r.all.real_width, 0.68 * 3.0);
    assert_close(r.all.real_tails, 0.98 * 3.0);
    let (by, bins) = (&r.partitions[0].by, &r.partitions[0].bins);
    assert_eq!(
        (by.as_str(), bins[0].low, bins[0].high, bins[1].high),
        ("true r", 20.0, 21.5, 23.0)
    );
    // 0 1 against 1 2, and 2 3 against 3 4.
    assert_eq!(ks(&r.partitions[0]), [0.5, 0.5]);
    assert_eq!(r.score(), 0.75);
    // One row per bin is too few, and is left out.
    assert_eq!(r.partitions[1].by, "seeing");
    assert!(r.partitions[1].bins.iter().all(|bin| bin.real_count == 1 && bin.comparison.is_none()));
    assert!(r.partitions[1].worst_ks().is_none() && r.partitions[1].worst_width().is_none());
    // All draws lie below what was observed.
    let pit = r.pit.as_ref().unwrap();
    assert_eq!((pit.histogram.as_slice(), pit.total_variation), (&[0, 0, 0, 4][..], 0.75));
    assert!((0.75..1.0).contains(&pit.ks));

    // 0 8 4 12 against 4 12 8 16.
    let i = report.quantity("i").unwrap();
    assert_eq!((i.all.ks, i.all.w1, i.partitions[0].by.as_str()), (0.25, 4.0, "true i"));
    // 0 -7 -2 -9 against -3 -10 -5 -12, in bins of the first band.
    let colour = report.quantity("r-i").unwrap();
    assert_eq!((colour.all.ks, colour.all.w1), (0.5, 3.0));
    assert_eq!(colour.partitions[0].by, "true r");
    assert_eq!(ks(&colour.partitions[0]), [0.5, 0.5]);
    assert_close(report.score, (0.75 + 0.75 + 1.0) / 3.0);
    assert!(report.quantity("z").is_none());
}

#[test]
fn the_joint_distance_of_one_band_is_its_own_in_deviations() {
    let emulation = Emulation {
        bands: &["r"],
        truth: Some(&[20.0, 21.0, 22.0, 23.0]),
        observed: &[20.0, 22.0, 24.0, 26.0],
        generated: &[21.0, 23.0, 25.0, 27.0],
        condition_names: &[],
        conditions: &[],
        draws: None,
    };
    let report = emulation.evaluate(&EmulationConfig::default()).unwrap();
    assert_close(report.sliced_wasserstein, 1.0 / 1.25f64.sqrt());
    // No bin holds a hundred rows: all rows stand for the worst one.
    assert_eq!(report.score, 0.5);
    assert!(report.quantities[0].worst_ks().is_none() && report.quantities[0].pit.is_none());
    let text = report.to_string();
    assert!(text.contains("no bin with 100 rows"), "{text}");
    assert!(text.contains("bins of true r: 10 of 10 hold fewer than 100 rows"), "{text}");
    assert!(!text.contains("NaN"), "{text}");
}
#[test]
fn values_are_compared_where_there_is_no_truth_to_subtract() {
    let survey = Survey::new(3000);
    let (observed, generated) = (survey.observe(1, Noise::right), survey.observe(2, Noise::right));
    let emulation = Emulation { truth: None, ..survey.emulation(&observed, &generated) };
    let report = emulation.evaluate(&EmulationConfig::default()).unwrap();
    let by: Vec<&str> =
        report.quantities[0].partitions.iter().map(|partition| partition.by.as_str()).collect();
    assert_eq!(by, CONDITIONS);
    assert!(report.quantities[0].all.real_width > 2.0, "magnitudes: {report}");

    // Both widths of numbers give one report, bit by bit.
    let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
    let (observed, generated, conditions) =
        (wide(&observed), wide(&generated), wide(&survey.conditions));
    let emulation = Emulation {
        bands: &BANDS,
        truth: None,
        observed: &observed,
        generated: &generated,
        condition_names: &CONDITIONS,
        conditions: &conditions,
        draws: None,
    };
    assert_eq!(emulation.evaluate(&EmulationConfig::default()).unwrap(), report);
}

#[test]
fn the_print_is_narrow_and_names_what_is_missing() {
    let survey = Survey::new(1500);
    let (observed, generated) = (
        survey.observe(1, Noise::right),
        survey.observe(2, |noise| noise.right().map(|residual| 1e9 * residual)),
    );
    let conditions: Vec<f32> = survey
        .conditions
        .chunks(2)
        .flat_map(|row| [(row[0] * 2.0).round(), -1e30 * row[1]])
        .collect();
    let emulation = Emulation {
        condition_names: &["exposures", "the_variance_of_the_sky_in_counts_r"],
        conditions: &conditions,
        draws: Some(&generated),
        bands: &["lsst_r_cmodel_corrected", "i", "z"],
        ..survey.emulation(&observed, &generated)
    };
    let config = EmulationConfig { condition_bins: 16, ..Default::default() };
    let report = emulation.evaluate(&config).unwrap();
    let (short, long) = (report.to_string(), format!("{report:#}"));
    assert!(long.starts_with(&short) && long.lines().count() > 5 * 28);
    for line in long.lines() {
        assert!(line.chars().count() <= 100 && line.trim_end() == line, "{line:?}");
    }
    for expected in [
        "generated against observed, 1500 rows\nscore ",
        "bins of exposures: ",
        " instead of 16, since its values repeat",
        "16 of 16 hold fewer than 100 rows and are not compared",
        "lsst_r_…rected",
        "the_varianc…n_counts_r",
        "1e9",
    ] {
        assert!(short.contains(expected), "{expected:?} is not in\n{short}");
    }
    assert!(long.contains("too few") && !long.contains("NaN"), "{long}");
}

#[test]
fn reports_and_settings_are_plain_data() {
    let survey = Survey::new(600);
    let (observed, generated) = (survey.observe(1, Noise::right), survey.observe(2, Noise::right));
    let emulation = survey.emulation(&observed, &generated);
    let report = emulation.evaluate(&EmulationConfig::default()).unwrap();
    assert_eq!(report, emulation.evaluate(&EmulationConfig::default()).unwrap());
    let text = serde_json::to_string(&report).unwrap();
    let again: EmulationReport = serde_json::from_str(&text).unwrap();
    assert_eq!(format!("{again:#}"), format!("{report:#}"));
    let config: EmulationConfig = serde_json::from_str(r#"{"least": 50}"#).unwrap();
    assert_eq!(config, EmulationConfig { least: 50, ..Default::default() });
    assert!(serde_json::from_str::<EmulationConfig>(r#"{"bins": 5}"#).is_err());
}
