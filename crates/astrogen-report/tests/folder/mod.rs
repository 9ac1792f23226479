//! A small run by hand, with all that a run on images has.

use std::fmt::Write;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use astrogen_train::RunDir;
use serde_json::json;

/// A PNG picture of so many pixels.
pub(crate) fn picture(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x, y| image::Rgb([(x * 37 % 256) as u8, (y * 53 % 256) as u8, 90]);
    let mut bytes = Cursor::new(Vec::new());
    let image = image::RgbImage::from_fn(width, height, pixel);
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A run that was stopped and resumed, with 30 grids, figures, histograms and a report.
pub(crate) fn whole_run(path: &Path) -> RunDir {
    let run = RunDir::create(path).unwrap();
    run.write_config(&json!({
        "recipe": "sharp",
        "data": {"path": "/sky/<nebulae>", "seed": 7},
        "algorithm": {"lr": 0.002, "betas": [0.0, 0.99]},
        "fit": {"steps": 400, "seed": 18_446_744_073_709_551_615_u64},
    }))
    .unwrap();
    run.write_json(
        "report.json",
        &json!({
            "step": 200,
            "sliced_wasserstein": 17.387_762,
            "kid": {"value": 0.012_34, "low": 0.0111, "high": 0.0139, "floor": 0.002},
            "levels": [{"size": 64, "distance": 3.5}, {"size": 32, "distance": 2.5}],
        }),
    )
    .unwrap();
    let band = |low: f64, high: f64| {
        json!({"low": low, "high": high, "below": 0.01, "above": 0.02,
               "counts": (1..=64).map(|bin| 4096 / bin).collect::<Vec<u32>>()})
    };
    let histograms = json!({
        "files": 32, "unit": "electron",
        "physical": [band(0.0, 900.0), band(0.0, 700.0)],
        "signed": [band(-1.0, 1.0), band(-1.0, 1.0)],
    });
    run.write_data(&json!({
        "image_files": 41, "used": 40,
        "skipped_files": [{"file": "/sky/broken.fits", "reason": "it is cut off"}],
        "histograms": histograms,
    }))
    .unwrap();

    let mut history = "step,seconds,critic_loss,generator_loss,gradient_norm\n".to_owned();
    for step in (1..=1000).map(|row| row * 3 / 10) {
        let step_f = f64::from(step) + 1.0;
        writeln!(history, "{step},1,{},{},{}", 9.0 / step_f, 1.0 + (step_f * 0.1).sin(), 1.0)
            .unwrap();
    }
    fs::write(run.history_path(), history).unwrap();
    let scores =
        "step,seconds,sliced_wasserstein,floor\n100,10,60,12\n200,20,18,12\n300,30,19,12\n";
    fs::write(run.scores_path(), scores).unwrap();
    let environment = json!({"astrogen": "0.1.0", "processor": "A processor", "threads": 2});
    let lines = [
        json!({"event": "started", "step": 0, "steps": 400, "time": 1_700_000_000.0}),
        json!({"event": "evaluated", "step": 100, "remark": "samples have a fine mesh",
               "time": 1_700_000_050.0}),
        json!({"event": "started", "step": 100, "steps": 400, "time": 1_700_009_000.0,
               "environment": environment}),
        json!({"event": "finished", "step": 300, "interrupted": true, "time": 1_700_009_060.0}),
    ];
    let log: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(run.log_path(), log).unwrap();

    for step in (1..=30).map(|grid| grid * 10) {
        fs::write(run.sample_path(step, "png"), picture(100 + step as u32, 130)).unwrap();
    }
    fs::write(run.real_path("png"), picture(130, 130)).unwrap();
    fs::write(run.losses_path("png"), picture(300, 200)).unwrap();
    fs::write(run.join("walks.png"), picture(300, 100)).unwrap();
    fs::create_dir(run.figures_path()).unwrap();
    for name in ["g0163-corner.png", "memorisation-pairs.png"] {
        fs::write(run.figures_path().join(name), picture(1400, 500)).unwrap();
    }
    run
}
