//! From labelled images to an answer, with small images and networks.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use astrogen_images::{FolderConfig, ImageFolder, Tiling};
use astrogen_scarce::{
    Answer, Arm, Classes, LabelColumns, LabelledImages, Labels, ScarceConfig, ScarceError,
    ScarceReport, augment_scarce, compare,
};
use astrogen_train::RunDir;
use ndarray::{Array4, Axis, concatenate};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::Device;

/// Side of the images: the least that generators have.
const SIDE: usize = 32;

/// libtorch's generator is one for all threads.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    tch::set_num_threads(1);
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A blob in noise: round in the first class, `stretch` times as long as wide in the second.
fn blob(class: usize, stretch: f32, noise: f32, rng: &mut ChaCha8Rng) -> Array4<f32> {
    let middle = SIDE as f32 / 2.0;
    let [dy, dx] = [0, 1].map(|_| rng.random_range(-3.0..3.0f32));
    let long = if class == 1 { stretch } else { 1.0 };
    let swap = rng.random_bool(0.5);
    Array4::from_shape_fn((1, 1, SIDE, SIDE), |(_, _, y, x)| {
        let (y, x) = (y as f32 - middle + dy, x as f32 - middle + dx);
        let (a, b) = if swap { (y, x) } else { (x, y) };
        let light = (-((a / long).powi(2) + b.powi(2)) / 18.0).exp();
        (2.0 * light - 1.0 + noise * rng.random_range(-1.0..1.0)).clamp(-1.0, 1.0)
    })
}

fn blobs(per_class: usize, stretch: f32, noise: f32, seed: u64) -> LabelledImages {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let labels: Vec<usize> = (0..2 * per_class).map(|image| image % 2).collect();
    let images: Vec<_> =
        labels.iter().map(|&class| blob(class, stretch, noise, &mut rng)).collect();
    let views: Vec<_> = images.iter().map(|image| image.view()).collect();
    let pixels = concatenate(Axis(0), &views).unwrap();
    LabelledImages::new(vec!["round".into(), "long".into()], pixels, labels).unwrap()
}

/// A trial of seconds.
fn small(images: &LabelledImages) -> ScarceConfig {
    let mut config =
        ScarceConfig { per_class: 8, generated: 16, repeats: 3, ..ScarceConfig::of(images) };
    config.generator.model.generator_features = 2;
    config.generator.model.critic_features = 2;
    config.generator.batch_size = 2;
    config.set_generator_steps(3);
    config.classifier.model.features = 4;
    config.classifier.batch_size = 8;
    config.set_classifier_steps(60);
    config
}

/// The few of a class, again and again.
fn the_few_again(images: &Array4<f32>, count: usize) -> Array4<f32> {
    let again: Vec<usize> = (0..count).map(|image| image % images.len_of(Axis(0))).collect();
    images.select(Axis(0), &again)
}

#[test]
fn a_classifier_learns_what_can_be_told_apart_and_copies_of_the_few_change_nothing() {
    let _alone = alone();
    let images = blobs(40, 2.5, 0.2, 1);
    let config = small(&images);
    let mut copies = |few: &Array4<f32>, _| Ok(the_few_again(few, config.generated));
    let mut told = Vec::new();
    let found = compare(&config, &images, Device::Cpu, &mut copies, &mut |line| {
        told.push(line.to_owned());
    })
    .unwrap();
    let report = ScarceReport::of(&config, &found).unwrap();
    assert!(report.scores[0].accuracy.value > 0.9, "{report}");
    // Copies are in the same order as the few themselves, the same number of times.
    let copied = report.differences[0];
    assert_eq!(
        (copied.added, copied.accuracy_answer),
        (Arm::Generated, Answer::NoDifference),
        "{report}"
    );
    assert!(copied.accuracy.low <= 0.0 && copied.accuracy.high >= 0.0);
    assert_eq!(told.iter().filter(|line| line.contains("held-out accuracy")).count(), 3);
    assert_eq!((found.more_per_class, found.held_out), (16, 2 * (40 - 8 - 16)));
}

#[test]
fn fresh_images_of_the_classes_raise_the_score() {
    let _alone = alone();
    let images = blobs(150, 1.35, 0.8, 2);
    let config = ScarceConfig { per_class: 4, generated: 60, repeats: 5, ..small(&images) };
    let mut config = ScarceConfig { level: 0.9, ..config };
    config.set_classifier_steps(250);
    // A perfect generator: it is asked for the classes by turns.
    let mut class = 1;
    let mut perfect = |_: &Array4<f32>, seed: u64| {
        class = 1 - class;
        let fresh = blobs(60, 1.35, 0.8, seed);
        let own: Vec<usize> = (0..60).map(|image| 2 * image + class).collect();
        Ok(fresh.pixels.select(Axis(0), &own))
    };
    let found = compare(&config, &images, Device::Cpu, &mut perfect, &mut |_| ()).unwrap();
    let report = ScarceReport::of(&config, &found).unwrap();
    for difference in &report.differences {
        assert_eq!(difference.auc_answer, Answer::Raises, "{report}");
    }
    assert!(report.to_string().contains("generated images, AUC: raises it, +"), "{report}");
}

#[test]
fn a_trial_is_written_into_its_folder_and_comes_out_the_same_again() {
    let _alone = alone();
    let images = blobs(24, 2.0, 0.3, 3);
    let config = ScarceConfig { repeats: 2, ..small(&images) };
    let folder = tempfile::tempdir().unwrap();
    let trial = |name: &str, config: &ScarceConfig| {
        let run = RunDir::create(&folder.path().join(name)).unwrap();
        let report = augment_scarce(&run, config, &images, Device::Cpu, &mut |_| ()).unwrap();
        (run, report)
    };
    let (run, first) = trial("first", &config);
    let (_, again) = trial("again", &config);
    let (_, other) = trial("other", &ScarceConfig { seed: 5, ..config.clone() });
    assert_eq!(first, again);
    assert_ne!(first.splits, other.splits);
    // 16 are left of each class beside the few: 6 more, ten are held out.
    assert_eq!(first.scores[2].added_per_class, 6);
    assert!(first.to_string().contains("of the 16 more real images of a class"), "{first}");
    let names =
        ["report.json", "report.txt", "figures/scores.png", "figures/few-and-generated.png"];
    for name in names {
        assert!(run.join(name).is_file(), "{name}");
    }
    let stored: ScarceReport = run.read_json("report.json").unwrap();
    assert_eq!(stored.splits.len(), 2);
    let scores = astrogen_train::History::open(&run.scores_path()).unwrap();
    let names: Vec<&str> = scores.losses.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["few_accuracy", "generated_accuracy", "more_real_accuracy"]);
    assert_eq!((scores.steps.len(), scores.steps.last()), (20, Some(&60)));
}

#[test]
fn settings_out_of_range_are_refused_with_their_rule() {
    let images = blobs(24, 2.0, 0.3, 3);
    let config = small(&images);
    let refusal = |config: ScarceConfig| config.validate().unwrap_err().to_string();
    let with = |change: fn(&mut ScarceConfig)| {
        let mut config = config.clone();
        change(&mut config);
        refusal(config)
    };
    assert_eq!(with(|config| config.repeats = 1), "repeats must be 2 or more, got 1");
    assert_eq!(with(|config| config.weight = 0.0), "weight must be a finite number above 0, got 0");
    let told = with(|config| config.generator.batch_size = 5);
    assert_eq!(
        told,
        "the generator's batch_size must be half of the 8 images of a class at most, got 5"
    );
    let told = with(|config| config.classifier.model.channels = 3);
    assert!(told.contains("of the generator's shape [1, 32, 32], got [3, 32, 32]"), "{told}");
    assert!(with(|config| config.classifier.steps = 0).contains("1 or more, got 0"));
    assert!(with(|config| config.level = 1.0).contains("above 0 and below 1"));

    let mut none = |_: &Array4<f32>, _| Ok(Array4::zeros((1, 1, SIDE, SIDE)));
    let told = compare(&config, &images, Device::Cpu, &mut none, &mut |_| ()).unwrap_err();
    assert!(told.to_string().contains("(16, 1, 32, 32), all finite"), "{told}");
    let other = ScarceConfig::of(&blobs(24, 2.0, 0.3, 3));
    let other = ScarceConfig { per_class: 20, ..other };
    let told = compare(&other, &images, Device::Cpu, &mut none, &mut |_| ()).unwrap_err();
    assert!(told.to_string().contains("it has 24 images and 30 are needed"), "{told}");
}

/// A picture of each name.
fn pictures(folder: &Path, names: &[&str]) -> ImageFolder {
    for (number, name) in names.iter().enumerate() {
        let pixel = |x: u32, y: u32| image::Luma([(x * 5 + y * 3 + 20 * number as u32) as u8]);
        image::GrayImage::from_fn(16, 16, pixel).save(folder.join(name)).unwrap();
    }
    let path = folder.to_owned();
    let config = FolderConfig {
        path,
        image_size: 8,
        channels: 1,
        tiling: Tiling::Whole,
        ..FolderConfig::default()
    };
    ImageFolder::open(&config).unwrap()
}

#[test]
fn files_and_labels_find_each_other_and_the_rest_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let names = ["a.png", "b.png", "c.png", "d.png", "sub/a.png"];
    let images = pictures(folder.path(), &names);
    let path = folder.path().join("labels.csv");
    let text = "objid,class_name\na,CW\nb,smooth\nc,ACW\ngone,CW\nd,other\n";
    std::fs::write(&path, text).unwrap();
    let labels = Labels::read(&path, &LabelColumns::default()).unwrap();
    let open = |classes: &str| -> Result<LabelledImages, ScarceError> {
        let Ok(classes) = classes.parse::<Classes>();
        LabelledImages::open(&images, &labels, &classes)
    };
    let all = open("").unwrap();
    assert_eq!(all.classes, ["ACW", "CW", "other", "smooth"]);
    assert_eq!(all.labels, [1, 3, 0, 2]);
    assert_eq!((all.summary.without_file, all.summary.repeated), (1, 1));
    let merged = open("smooth, CW+ACW").unwrap();
    assert_eq!(
        (&merged.classes[..], &merged.labels[..]),
        (&["smooth".into(), "CW+ACW".into()][..], &[1, 0, 1][..])
    );
    assert_eq!((merged.summary.of_no_class, merged.shape()), (1, [1, 8, 8]));
    let text = merged.summary.to_string();
    assert!(
        text.starts_with("labels: 2 CW+ACW, 1 smooth; 0 files without a label, 1 labels"),
        "{text}"
    );
    assert_eq!(merged.pixels.index_axis(Axis(0), 1), all.pixels.index_axis(Axis(0), 1));

    let refusal = |classes: &str| open(classes).unwrap_err().to_string();
    let told = refusal("smooth,Spiral");
    assert_eq!(told, "class Spiral: no image is labelled so; labels are ACW, CW, other, smooth");
    assert_eq!(refusal("smooth,CW+smooth"), "class smooth: it is named twice");
    std::fs::write(&path, "objid,class_name\nx,CW\n").unwrap();
    let labels = Labels::read(&path, &LabelColumns::default()).unwrap();
    let told = LabelledImages::open(&images, &labels, &Classes::default()).unwrap_err().to_string();
    assert!(told.contains("is the name of an image: labels: ; 5 files without a label"), "{told}");
}
