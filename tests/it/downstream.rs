//! Programs outside the workspace build and run: the README's lines as written, which load the
//! weights of a run and sample; and one that trains networks of its own.

use std::fs;
use std::path::Path;
use std::process::Output;

use astrogen::models::SharpConfig;
use astrogen::train::step::Step;
use astrogen::train::{RelativisticStep, RelativisticStepConfig};
use tch::Device;

use crate::program::cargo;

/// The text of the README's first fenced block in `language` after the heading `Ten lines`.
fn readme_block(language: &str) -> String {
    let readme = include_str!("../../README.md");
    let section = readme.split("## Ten lines").nth(1).expect("the README has the section");
    let block =
        section.split(&format!("```{language}\n")).nth(1).expect("the section has the block");
    block.split("```").next().expect("a fence ends").to_owned()
}

#[test]
fn the_ten_lines_of_the_readme_sample_from_a_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a temporary folder");

    // As a run of `nebula_dcgan` without options has them, but smaller.
    let model = SharpConfig {
        image_size: 32,
        generator_features: 4,
        critic_features: 4,
        ..SharpConfig::default()
    };
    let config = RelativisticStepConfig::default();
    let step = RelativisticStep::new(&model, &config, Device::Cpu).expect("valid");
    let run = folder.path().join("run");
    fs::create_dir(&run).expect("a folder");
    step.export(&run).expect("the weights are written");

    let dependencies = readme_block("toml")
        .replace("path = \"astrogen/", &format!("path = \"{}/", root.display()));
    let output = outside(&dependencies, &readme_block("rust"), &[&run]);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.starts_with("[16, 3, 32, 32], mean "), "{text}{errors}");
}

/// cfitsio and the bzip2 that `tch` brings along define the same symbol: a program that names the
/// one before the other has to link all the same.
#[test]
fn a_program_that_opens_a_frame_before_it_names_a_network_links() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = |name: &str| format!("{name} = {{ path = \"{}/crates/{name}\" }}\n", root.display());
    let dependencies = [
        "[dependencies]\ntch = \"0.26\"\n",
        &path("astrogen-preprocess"),
        &path("astrogen-models"),
    ]
    .concat();
    let source = r#"
        use astrogen_preprocess::{Frame, FrameOptions};
        use astrogen_models::DcganGenerator;

        fn main() {
            let path = std::env::args().nth(1).expect("a file");
            let frame = Frame::open(&path, &FrameOptions::default());
            let weights = DcganGenerator::load(&path, tch::Device::Cpu);
            let arrays = tch::Tensor::read_npz(&path);
            println!("{} {} {}", frame.is_ok(), weights.is_ok(), arrays.is_ok());
        }
    "#;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("x");
    fs::write(&file, "no file of any of them").expect("written");
    let output = outside(&dependencies, source, &[&file]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "false false false\n", "{errors}");
}

/// Only the crates that training is made of, and the networks of the example `custom_model`.
#[test]
fn a_program_trains_its_own_networks_without_the_facade() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = ["train", "data", "losses", "models", "nn"].map(|name| {
        format!("astrogen-{name} = {{ path = \"{}/crates/astrogen-{name}\" }}\n", root.display())
    });
    let others = "ndarray = \"0.17\"\nserde = { version = \"1\", features = [\"derive\"] }\n";
    let dependencies = format!("[dependencies]\ntch = \"0.26\"\n{others}{}", crates.concat());
    let networks = include_str!("../../examples/custom_model/networks.rs");
    let networks = networks.replace("//!", "//").replace("astrogen::", "astrogen_");
    let main = r#"
        use std::sync::Arc;

        use astrogen_data::{ArrayDataset, Augment, BatchConfig, Batches};
        use astrogen_losses::{GradientPenaltyConfig, PenaltyKind};
        use astrogen_models::Generator;
        use astrogen_nn::Network;
        use astrogen_train::{FitConfig, RunDir, StopSignal, WganGpStep, WganGpStepConfig, fit};
        use networks::{MyCritic, MyGenerator, Sizes};
        use tch::Device;

        fn main() -> Result<(), Box<dyn std::error::Error>> {
            let run = RunDir::create(std::env::args().nth(1).expect("a folder").as_ref())?;
            let images = ndarray::Array4::from_shape_fn((8, 1, 8, 16), |(n, _, y, x)| {
                ((n + y * x) as f32).sin()
            });
            let config =
                BatchConfig { batch_size: 4, augment: Augment::None, ..Default::default() };
            let images = Arc::new(ArrayDataset::new(images)?);
            let mut batches = Batches::new(images, &config, Device::Cpu)?;

            let sizes = Sizes { image: [1, 8, 16], latent: 3, width: 5 };
            let penalty =
                GradientPenaltyConfig { kind: PenaltyKind::OneSided, ..Default::default() };
            let mut step = WganGpStep::from_networks(
                |path| MyGenerator::build(&sizes, path),
                |path| MyCritic::build(&sizes, path),
                &WganGpStepConfig { penalty, n_critic: 2, ..Default::default() },
                Device::Cpu,
            )?;
            let config = FitConfig { steps: 3, ..FitConfig::default() };
            fit(&mut step, &mut batches, &run, &config, &StopSignal::default(), &mut [])?;

            let generator = MyGenerator::load(run.path(), Device::Cpu)?;
            println!("{:?}", generator.sample(&generator.latent(2))?.size());
            Ok(())
        }
    "#;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = format!("mod networks {{\n{networks}}}\n{main}");
    let output = outside(&dependencies, &source, &[&folder.path().join("run")]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "[2, 1, 8, 16]\n", "{errors}");
}

/// Builds and runs a program outside the workspace.
fn outside(dependencies: &str, source: &str, arguments: &[&Path]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The profile, lock file and target folder of the workspace: what is built already is
    // used again.
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the workspace's manifest");
    let profiles = &manifest[manifest.find("[profile.dev]").expect("a dev profile")..];
    let profiles = &profiles[..profiles.find("[package]").expect("the package follows")];
    let package = "[package]\nname = \"downstream\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let program = folder.path().join("downstream");
    fs::create_dir_all(program.join("src")).expect("a folder");
    fs::write(
        program.join("Cargo.toml"),
        format!("{package}[workspace]\n{dependencies}\n{profiles}"),
    )
    .expect("written");
    fs::copy(root.join("Cargo.lock"), program.join("Cargo.lock")).expect("copied");
    fs::write(program.join("src/main.rs"), source).expect("written");

    // Run from the workspace's folder, so that its cargo settings say where libtorch is.
    cargo()
        .current_dir(root)
        .args(["run", "--quiet", "--offline", "--manifest-path"])
        .arg(program.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target_folder())
        .arg("--")
        .args(arguments)
        .output()
        .expect("cargo runs")
}

/// The target folder this test was built into: TARGET/debug/deps/it-HASH.
fn target_folder() -> std::path::PathBuf {
    let this = std::env::current_exe().expect("the test's own path");
    this.ancestors().nth(3).expect("a test lies three folders deep").to_owned()
}
