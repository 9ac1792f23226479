//! The test of data copying, cell by cell.

use astrogen_metrics::memorisation::{CopyingConfig, DataCopying, Located, Points, data_copying};
use tch::{Device, Kind, Tensor};

use crate::{golden, normal, values};

#[test]
fn the_test_of_data_copying_is_that_of_scipy() {
    let golden = golden();
    let cells = |name: &str| -> Vec<usize> {
        values(&golden[name]).into_iter().map(|cell| cell as usize).collect()
    };
    let (distances, held_out) =
        (values(&golden["distances"]), values(&golden["held_out_distances"]));
    let (places, held_out_places) = (cells("cells"), cells("held_out_cells"));
    let samples = Located { distances: &distances, cells: &places };
    let held_out = Located { distances: &held_out, cells: &held_out_places };
    let found = DataCopying::of(samples, held_out, 4, 10).unwrap();
    let expected = values(&golden["copying"]);
    for (got, expected) in [found.statistic, found.z, found.p_value].iter().zip(expected) {
        assert!((got - expected).abs() < 1e-10 * expected.abs(), "{got} {expected}");
    }
    let scores: Vec<f64> = found.cells.iter().filter_map(|cell| cell.z).collect();
    for (got, expected) in scores.iter().zip(values(&golden["copying.z"])) {
        assert!((got - expected).abs() < 1e-10, "{got} {expected}");
    }
    assert_eq!((found.cells[2].samples, found.cells[2].held_out, found.cells[2].z), (22, 2, None));
    // Sets that change places change the sign.
    let back = DataCopying::of(held_out, samples, 4, 10).unwrap();
    assert!(back.cells.iter().zip(&found.cells).all(|(a, b)| match (a.z, b.z) {
        (Some(a), Some(b)) => (a + b).abs() < 1e-12,
        (a, b) => a == b,
    }));
    let message = |samples, cells, least| {
        DataCopying::of(samples, held_out, cells, least).unwrap_err().to_string()
    };
    assert!(message(samples, 4, 60).ends_with("got 23 of both at most in 4 cells"));
    assert!(message(samples, 3, 10).contains("90 up to 3 for 90 distances, 3 cells"));
    let short = Located { cells: &places[1..], ..samples };
    assert!(message(short, 4, 10).contains("89 up to 3 for 90 distances"));
}

#[test]
fn cells_are_where_the_points_are_and_the_seed_decides() {
    let rows = golden()["rows"].to_kind(Kind::Float);
    let set = Points::rows(&rows).unwrap();
    let config = CopyingConfig { cells: Some(4), least: 5, seed: 3 };
    let found = data_copying(&set, &set, &set, &config).unwrap();
    assert!(found.cells.iter().all(|cell| (cell.samples, cell.held_out) == (30, 30)), "{found:?}");
    assert_eq!((found.statistic, found.p_value), (0.0, 0.5)); // the very same distances
    assert_eq!(found, data_copying(&set, &set, &set, &config).unwrap());
    // More cells than different rows: as many as there are.
    let few = Points::rows(&normal(&[3, 2], 1).repeat([20, 1])).unwrap();
    let many = CopyingConfig { cells: Some(50), ..config };
    assert_eq!(data_copying(&few, &few, &few, &many).unwrap().cells.len(), 3);
    tch::manual_seed(5);
    let undisturbed = Tensor::rand([4], (Kind::Double, Device::Cpu));
    tch::manual_seed(5);
    let _ = data_copying(&set, &set, &set, &many).unwrap();
    assert_eq!(Tensor::rand([4], (Kind::Double, Device::Cpu)), undisturbed);
}

#[test]
fn one_region_that_is_copied_is_seen_beside_others_that_are_missed() {
    // Copies on the left, misses on the right: as a whole the distances are about those of reals.
    let sides = |count: i64, left: f64, right: f64, seed| {
        let place = Tensor::from_slice(&[-20.0, 20.0]).repeat([count / 2]).unsqueeze(1);
        let width = Tensor::from_slice(&[left, right]).repeat([count / 2]).unsqueeze(1);
        (normal(&[count, 3], seed) * width + place).to_kind(Kind::Float)
    };
    let (train, held_out) = (sides(400, 1.0, 1.0, 1), sides(300, 1.0, 1.0, 2));
    let samples = sides(300, 0.0, 1.6, 3);
    samples.slice(0, 0, None, 2).copy_(&(train.slice(0, 0, 300, 2) + 0.01));
    let [train, held_out, samples] =
        [train, held_out, samples].map(|rows| Points::rows(&rows).unwrap());
    let config = CopyingConfig { cells: Some(2), ..CopyingConfig::default() };
    let found = data_copying(&samples, &held_out, &train, &config).unwrap();
    let mut scores: Vec<f64> = found.cells.iter().filter_map(|cell| cell.z).collect();
    scores.sort_unstable_by(f64::total_cmp);
    assert!(scores[0] < -10.0 && scores[1] > 3.0, "{found:?}");
}

#[test]
fn a_collapsed_generator_has_an_audit_of_fewer_cells() {
    // Six islands, and samples on a single point of one of them: of 100 held-out reals a sixth is there.
    let islands = |count: i64, seed| {
        let offset = Tensor::arange(count, (Kind::Double, Device::Cpu)).remainder(6.0) * 50.0;
        normal(&[count, 3], seed) + offset.unsqueeze(1)
    };
    let rows = |of: &Tensor| Points::rows(of).unwrap();
    let (train, held_out) = (rows(&islands(300, 1)), rows(&islands(100, 2)));
    let collapsed = rows(&(normal(&[300, 3], 3) * 1e-3));
    let config = CopyingConfig { cells: Some(6), ..CopyingConfig::default() };
    let refused = data_copying(&collapsed, &held_out, &train, &config).unwrap_err().to_string();
    assert!(refused.contains("take more of them, or fewer cells"), "{refused}");
    let config = CopyingConfig { cells: None, least: 80, ..config };
    let found = data_copying(&collapsed, &held_out, &train, &config).unwrap();
    assert_eq!(found.cells.len(), 1);
    assert_eq!((found.cells[0].samples, found.cells[0].held_out), (300, 100));
}
