//! Which galaxies of a survey are clean, and which are held out.

use astrogen_catalog::RowCounts;
use astrogen_catalog::skymap::{
    Coordinates, Grid, Ordering, Selection, SkyMap, SplitBy, SplitConfig,
};
use proptest::prelude::*;

/// A map of nside 1 with these values by NESTED pixel, missing where NaN.
fn map(values: [f32; 12]) -> SkyMap {
    let values = vec![("I".to_owned(), values.to_vec())];
    SkyMap::full(1, Ordering::Nested, Coordinates::Equatorial, values).unwrap()
}

/// One position in each of the twelve pixels.
fn everywhere() -> (Vec<f64>, Vec<f64>) {
    let grid = Grid::new(1).unwrap();
    (0..12).map(|pixel| grid.centre(pixel)).unzip()
}

#[test]
fn clean_rows_are_in_the_footprint_off_the_foreground_and_out_of_bad_regions() {
    const NAN: f32 = f32::NAN;
    let selection = Selection {
        footprint: Some(map([1., 1., 1., 1., 1., 1., 0.5, 0., 2., NAN, 1., 1.])),
        foreground: Some(map([0., 0., 0., 1., NAN, 0., 0., 0., 0., 0., 0., 0.])),
        bad_regions: Some(map([0., 1., 2., 0., 0., 1.9, 0., 0., 0., 0., NAN, -1.])),
    };
    let (ra, dec) = everywhere();
    let mut counts = RowCounts::new(12);
    let clean = selection.clean(&ra, &dec, &mut counts).unwrap();
    let kept: Vec<usize> = (0..12).filter(|&row| clean[row]).collect();
    assert_eq!(kept, [0, 1, 5, 11]);
    let words = "4 of 12 rows kept; dropped: 4 by outside the footprint, 2 by on the foreground, \
                 2 by in bad regions";
    assert_eq!(counts.to_string(), words);
    counts.ensure_some().unwrap();

    let nowhere = Selection { footprint: Some(map([0.0; 12])), ..Selection::default() };
    let mut counts = RowCounts::new(12);
    assert!(!nowhere.clean(&ra, &dec, &mut counts).unwrap().contains(&true));
    let message = counts.ensure_some().unwrap_err().to_string();
    let words = "the selection is empty: 0 of 12 rows kept; dropped: 12 by outside the footprint";
    assert!(message.contains(words), "{message}");
    // Without maps everything is clean.
    assert!(Selection::default().clean(&ra, &dec, &mut counts).unwrap().iter().all(|&c| c));
}

#[test]
fn maps_of_several_grids_are_each_looked_up_on_their_own() {
    let grid = Grid::new(8).unwrap();
    let (ra, dec) = everywhere();
    let bad = grid.pixel(ra[3], dec[3]);
    let fine = SkyMap::full(
        8,
        Ordering::Nested,
        Coordinates::Equatorial,
        vec![(
            "I".to_owned(),
            (0..768).map(|pixel| if pixel == bad { 4.0 } else { 0.0 }).collect(),
        )],
    )
    .unwrap();
    let selection = Selection {
        footprint: Some(map([1.0; 12])),
        foreground: Some(map([0.0; 12])),
        bad_regions: Some(fine),
    };
    let clean = selection.clean(&ra, &dec, &mut RowCounts::new(12)).unwrap();
    assert_eq!((0..12).filter(|&row| !clean[row]).collect::<Vec<_>>(), [3]);
}

#[test]
fn splits_that_leave_a_side_empty_are_refused() {
    let split = |split, fraction, ra: &[f64]| {
        SplitConfig { split, fraction, seed: 1 }.validation(ra, &vec![0.0; ra.len()])
    };
    let region = SplitBy::Region { nside: 4 };
    let message = split(region, 0.1, &[10.0, 10.1, 10.2]).unwrap_err().to_string();
    assert!(
        message.contains("at least 2 regions of nside 4 with rows in them; raise"),
        "{message}"
    );
    let message = split(SplitBy::Row, 0.1, &[10.0]).unwrap_err().to_string();
    assert!(message.contains("expected at least 2 rows; got 1"), "{message}");
    for fraction in [0.0, 1.0, -0.1, f64::NAN] {
        let message = split(SplitBy::Row, fraction, &[1.0, 2.0]).unwrap_err().to_string();
        assert!(message.contains("fraction: expected a number between 0 and 1"), "{message}");
    }
    assert!(split(SplitBy::Region { nside: 5 }, 0.1, &[1.0, 90.0]).is_err());
    assert!(split(SplitBy::Row, 0.1, &[1.0, 400.0]).is_err());
}

/// Runs that go on split their catalogue again: another choice would train on held-out rows.
#[test]
fn the_choice_of_a_seed_never_changes() {
    let (ra, dec) = everywhere();
    let pixels = (0..24).map(|row: usize| row * row % 12 / 2 + row / 4);
    let (ra, dec): (Vec<f64>, Vec<f64>) = pixels.map(|pixel| (ra[pixel], dec[pixel])).unzip();
    let held_out = |split, fraction, seed| {
        let held_out = SplitConfig { split, fraction, seed }.validation(&ra, &dec).unwrap();
        (0..24).filter(|&row| held_out[row]).collect::<Vec<usize>>()
    };
    for (seed, rows, regions) in [
        (0, [1, 6, 8, 9, 14], vec![2, 9, 11, 16, 21]),
        (1, [2, 5, 7, 8, 15], vec![4, 12, 13, 21]),
        (7, [2, 9, 12, 18, 22], vec![0, 1, 15, 20, 22]),
    ] {
        assert_eq!(held_out(SplitBy::Row, 0.2, seed), rows, "{seed}");
        assert_eq!(held_out(SplitBy::Region { nside: 1 }, 0.2, seed), regions, "{seed}");
    }
}

#[test]
fn a_split_is_written_in_a_configuration() {
    let config: SplitConfig =
        serde_json::from_str(r#"{"split": {"by": "region", "nside": 16}, "seed": 3}"#).unwrap();
    assert_eq!(config.split, SplitBy::Region { nside: 16 });
    assert_eq!((config.fraction, config.seed), (0.1, 3));
    let config: SplitConfig = serde_json::from_str(r#"{"split": {"by": "row"}}"#).unwrap();
    assert_eq!(config.split, SplitBy::Row);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn regions_are_held_out_whole_and_near_the_fraction(
        positions in prop::collection::vec((0.0_f64..360.0, -90.0_f64..90.0), 300..600),
        fraction in 0.05_f64..0.5, seed in any::<u64>(),
    ) {
        let (ra, dec): (Vec<f64>, Vec<f64>) = positions.into_iter().unzip();
        let config = SplitConfig { split: SplitBy::Region { nside: 4 }, fraction, seed };
        let held_out = config.validation(&ra, &dec).unwrap();
        prop_assert_eq!(&config.validation(&ra, &dec).unwrap(), &held_out);
        let grid = Grid::new(4).unwrap();
        let mut sides = std::collections::HashMap::new();
        for row in 0..ra.len() {
            let side = *sides.entry(grid.pixel(ra[row], dec[row])).or_insert(held_out[row]);
            prop_assert_eq!(side, held_out[row]);
        }
        let count = held_out.iter().filter(|&&own| own).count();
        let largest = 40.0;
        prop_assert!(count > 0 && count < ra.len());
        prop_assert!((count as f64 - fraction * ra.len() as f64).abs() < largest);

        let rows = SplitConfig { split: SplitBy::Row, fraction, seed };
        let count = rows.validation(&ra, &dec).unwrap().iter().filter(|&&own| own).count();
        prop_assert!((count as f64 - fraction * ra.len() as f64).abs() <= 0.5);
        let other = SplitConfig { seed: seed ^ 1, ..rows };
        prop_assert_ne!(other.validation(&ra, &dec).unwrap(), rows.validation(&ra, &dec).unwrap());
    }
}
