//! Which galaxies a folder holds.

use std::fs;

use astrogen_stars::{GalaxyFile, StarsError};

fn found(names: &[&str]) -> Result<Vec<(String, Option<f64>)>, StarsError> {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::write(folder.path().join(name), "").unwrap();
    }
    fs::create_dir(folder.path().join("stars")).unwrap();
    let files = GalaxyFile::find(folder.path())?;
    Ok(files.into_iter().map(|file| (file.id, file.dark_mass)).collect())
}

#[test]
fn galaxies_are_sorted_by_their_ids() {
    let files =
        found(&["b_1.5e12.npy", "c.csv.gz", "a.hdf5", "x.png", ".h.npy", "d.1.hdf5", "notes"]);
    let want = [("a", None), ("b", Some(1.5e12)), ("c", None), ("d.1", None)];
    assert_eq!(files.unwrap(), want.map(|(id, mass)| (id.to_owned(), mass)));
}

#[test]
fn a_galaxy_in_two_files_is_an_error_that_names_both() {
    let message = found(&["g7_1e12.npy", "g7_2e12.npy"]).unwrap_err().to_string();
    assert!(message.contains("\"g7\" is there twice"), "{message}");
    assert!(message.contains("g7_1e12.npy and") && message.contains("g7_2e12.npy;"), "{message}");
    assert!(found(&["g7.fits", "g7.csv"]).is_err());
}

#[test]
fn folders_without_galaxies_are_told() {
    let message = found(&["x.png"]).unwrap_err().to_string();
    assert!(message.contains("holds no galaxies: expected files that end in npy"), "{message}");
    assert!(message.contains("its folder \"stars\" may"), "{message}");
    assert!(
        GalaxyFile::find("nowhere".as_ref())
            .unwrap_err()
            .to_string()
            .contains("cannot read nowhere")
    );
}
