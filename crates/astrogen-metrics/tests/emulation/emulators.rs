//! Right and wrong emulators told apart.

use astrogen_metrics::{EmulationReport, TableQualityConfig};

use crate::survey::*;

#[test]
fn a_perfect_emulator_is_at_the_floor() {
    let report = Survey::new(ROWS).judge(19, Noise::right);
    // Over all rows 0.87 / 100, in the worst of 20 bins of 2000 and 4000 rows about 0.04.
    assert!((0.04..0.06).contains(&report.floor), "{}", report.floor);
    assert!((0.75..1.1).contains(&(report.score / report.floor)), "{report}");
    assert!(report.sliced_wasserstein < 0.02, "{report}");
    assert_eq!(report.quantities.len(), 5);
    for found in &report.quantities {
        assert!((found.all.width_ratio() - 1.0).abs() < 0.04, "{report}");
        assert!((found.all.tail_ratio() - 1.0).abs() < 0.1, "{report}");
        let sizes = found.partitions.iter().map(|partition| partition.bins.len());
        assert_eq!(sizes.collect::<Vec<_>>(), [10, 5, 5]);
        let pit = found.pit.as_ref().unwrap();
        assert!((pit.coverage_68 - 0.68).abs() < 0.015 && pit.total_variation < 0.025);
        assert_eq!(pit.histogram.iter().sum::<usize>(), ROWS);
    }
}

#[test]
fn wrong_emulators_are_told_apart_by_the_right_entry() {
    let survey = Survey::new(ROWS);
    let right = survey.judge(0, Noise::right);
    let judge = |what: &str, draws: u64, model: &dyn Fn(&Noise) -> [f64; 3]| {
        let report = survey.judge(draws, model);
        assert!(report.score > 1.3 * right.score, "{what}: {report}");
        report
    };
    let all = |report: &EmulationReport, name: &str| report.quantity(name).unwrap().all;

    // One band too faint by a third of its width: the band and its colours, not the others.
    let biased = judge("biased", 19, &|noise| {
        let [r, i, z] = noise.right();
        [r, i + noise.width[1] / 3.0, z]
    });
    for name in ["i", "r-i", "i-z"] {
        assert!(all(&biased, name).ks > 0.08, "{name}: {biased}");
        assert!((all(&biased, name).width_ratio() - 1.0).abs() < 0.04, "{name}: {biased}");
    }
    assert!(all(&biased, "r").ks < 0.03 && all(&biased, "z").ks < 0.03, "{biased}");
    let histogram = &biased.quantity("i").unwrap().pit.as_ref().unwrap().histogram;
    assert!(histogram[0] > 2 * histogram[19], "a slope: {histogram:?}");

    let narrow = judge("narrow", 19, &|noise| noise.right().map(|residual| 0.75 * residual));
    for name in ["r", "i", "z", "r-i", "i-z"] {
        assert!((all(&narrow, name).width_ratio() - 0.75).abs() < 0.03, "{name}: {narrow}");
        assert!((all(&narrow, name).tail_ratio() - 0.75).abs() < 0.08, "{name}: {narrow}");
    }
    assert!(narrow.quantity("r").unwrap().pit.as_ref().unwrap().coverage_68 < 0.58);

    // Normal of the same width, 1.1407 times Student's normal: only the tails are wrong. At one
    // width they would be 0.708 as long.
    let tailless = survey.judge(0, |noise| {
        std::array::from_fn(|band| 1.1407 * noise.width[band] * noise.normal[band])
    });
    for name in ["r", "i", "z", "r-i", "i-z"] {
        assert!((0.6..0.85).contains(&all(&tailless, name).tail_ratio()), "{name}: {tailless}");
        assert!((all(&tailless, name).width_ratio() - 1.0).abs() < 0.06, "{name}: {tailless}");
        let [lost, kept] = [&tailless, &right].map(|report| all(report, name).tail_distance);
        assert!(lost > 3.0 * kept, "{name}: {tailless}");
        assert!(all(&tailless, name).w1 > 2.0 * all(&right, name).w1, "{name}: {tailless}");
    }
    assert!(tailless.sliced_wasserstein > 2.0 * right.sliced_wasserstein, "{tailless}");

    // Every band is right, and independent of the others: the colours are 1 / 0.6 as wide.
    let apart = judge("independent", 0, &|noise| {
        std::array::from_fn(|band| noise.width[band] * noise.own[band] * noise.heavy)
    });
    for name in ["r", "i", "z"] {
        assert!(all(&apart, name).ks < 0.03, "{name}: {apart}");
    }
    for name in ["r-i", "i-z"] {
        assert!(all(&apart, name).width_ratio() > 1.4, "{name}: {apart}");
    }

    let edge = right.quantity("r").unwrap().partitions[0].bins[9].low;
    let faint = judge("wrong at the faint end", 0, &|noise| {
        let factor = noise.magnitude.map(|m| if m > edge { 0.6 } else { 1.0 });
        let right = noise.right();
        std::array::from_fn(|band| factor[band] * right[band])
    });
    let r = faint.quantity("r").unwrap();
    let (partition, worst) = r.worst_ks().unwrap();
    assert_eq!((partition.by.as_str(), partition.worst_ks().unwrap().low), ("true r", edge));
    assert!((worst.width_ratio() - 0.6).abs() < 0.06, "{faint}");
    assert_eq!(partition.worst_width().unwrap().low, edge);
    assert!(widths(partition)[..9].iter().all(|ratio| (ratio - 1.0).abs() < 0.12), "{faint}");
    assert!(r.all.ks < 0.03, "as a whole it passes: {faint}");

    let hazy = judge("wrong under bad seeing", 0, &|noise| {
        let factor = if noise.seeing > 1.34 { 0.6 } else { 1.0 };
        noise.right().map(|residual| factor * residual)
    });
    let i = hazy.quantity("i").unwrap();
    let (partition, worst) = i.worst_ks().unwrap();
    assert_eq!(partition.by, "seeing");
    assert!(partition.worst_ks().unwrap().low > 1.3 && worst.ks > 0.08, "{hazy}");
    assert!(ks(partition)[..4].iter().all(|ks| *ks < 0.05), "{hazy}");
    assert!(ks(&i.partitions[2]).iter().all(|ks| *ks < 0.06), "not by the sky: {hazy}");
}

#[test]
fn an_emulator_that_ignores_the_seeing_is_not_calibrated_by_it() {
    let survey = Survey::new(ROWS);
    let blind = |noise: &Noise| noise.right().map(|residual| 1.07 * residual / noise.seeing);
    let coverage = |report: &EmulationReport| -> Vec<f64> {
        let by = &report.quantity("r").unwrap().pit.as_ref().unwrap().by_condition;
        let names: Vec<&str> = by.iter().map(|partition| &partition.by[..]).collect();
        assert_eq!(names, ["true r", "seeing", "sky"]);
        by[1].bins.iter().map(|bin| bin.calibration.unwrap().coverage_68).collect()
    };
    let (right, wrong) = (survey.judge(19, Noise::right), survey.judge(19, blind));
    assert!(coverage(&right).iter().all(|covered| (covered - 0.68).abs() < 0.025), "{right}");
    let [good, _, bad] = coverage(&wrong)[..] else { panic!("terciles of the seeing: {wrong}") };
    assert!(good > 0.72 && bad < 0.6, "{good} in good seeing, {bad} in bad: {wrong}");
    let (by, bin, _) = wrong.quantity("r").unwrap().pit.as_ref().unwrap().worst().unwrap();
    assert!(by == "seeing" && wrong.to_string().contains("least calibrated"), "{by} {bin:?}");
}

#[test]
fn residuals_that_go_with_a_condition_as_they_should_not_are_told_as_a_table() {
    let survey = Survey::new(ROWS);
    let observed = survey.observe(10, Noise::right);
    let told = |model: &dyn Fn(&Noise) -> [f64; 3]| {
        let generated = survey.observe(11, model);
        let config = TableQualityConfig::default();
        let quality = survey.emulation(&observed, &generated).quality(&config).unwrap();
        assert_eq!((quality.count, quality.numbers.len()), (2000, 7), "{quality}");
        ["classifier", "correlation"].map(|name| *quality.get(name).unwrap())
    };
    // Too bright in good seeing and too faint in bad seeing: right over all rows.
    let leaning =
        |noise: &Noise| noise.right().map(|residual| residual + 0.1 * (noise.seeing - 1.1));
    for (right, wrong) in told(&Noise::right).into_iter().zip(told(&leaning)) {
        assert!((right.value - right.floor).abs() < right.high - right.low, "{right}");
        assert!(wrong.low > wrong.floor, "{wrong}");
    }
}
