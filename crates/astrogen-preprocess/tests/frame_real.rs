//! Pictures and frames of telescopes through the one door.
//!
//! `ASTROGEN_REAL_DATA` names the folder that holds them; without it the test says so.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test says that it skips")]

use std::path::PathBuf;

use astrogen_preprocess::{Frame, FrameOptions};

#[test]
fn every_real_picture_and_frame_opens_through_the_one_door() {
    let Some(folder) = std::env::var_os("ASTROGEN_REAL_DATA").map(PathBuf::from) else {
        eprintln!("skipped: ASTROGEN_REAL_DATA is not set");
        return;
    };
    let options = FrameOptions::default();
    let mut opened = 0;
    for (part, channels) in
        [("fits", None), ("nebulae", Some(3)), ("galaxies", Some(3)), ("hubble", Some(3))]
    {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder.join(part))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths
            .iter()
            .filter(|path| path.extension().is_some_and(|suffix| suffix != "csv"))
            .take(40)
        {
            let info = Frame::info(path, &options).unwrap();
            let frame = Frame::open(path, &options).unwrap();
            assert_eq!(
                frame.pixels.dim(),
                (info.channels, info.height, info.width),
                "{}",
                path.display()
            );
            if let Some(channels) = channels {
                assert_eq!(info.channels, channels);
                assert!(frame.pixels.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
            }
            opened += 1;
        }
    }
    eprintln!("{opened} frames opened");
    assert!(opened > 120);
}
