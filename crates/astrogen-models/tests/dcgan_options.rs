//! The DCGAN's options: what they change, and that they change nothing where they are off.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../astrogen-nn/tests/turn/mod.rs"]
mod turn;

use astrogen_models::{
    DcganConfig, DcganDiscriminator, DcganGenerator, Discriminator, Generator, Upsampling,
    WganConfig,
};
use astrogen_nn::NamedTensors;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use turn::alone;

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

fn small() -> DcganConfig {
    DcganConfig {
        image_size: 32,
        latent_dim: 6,
        generator_features: 4,
        discriminator_features: 4,
        ..DcganConfig::default()
    }
}

fn names(network: &impl NamedTensors) -> Vec<String> {
    network.named_tensors().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn options_that_are_off_are_left_out_and_those_that_are_on_come_back() {
    let _alone = alone(1);
    let text = serde_json::to_string(&DcganConfig::default()).unwrap();
    assert_eq!(
        text,
        r#"{"image_size":64,"channels":3,"latent_dim":100,"generator_features":64,"discriminator_features":64}"#
    );
    assert_eq!(serde_json::from_str::<DcganConfig>(&text).unwrap(), DcganConfig::default());
    let all = DcganConfig {
        upsampling: Upsampling::Bilinear,
        spectral_norm: true,
        minibatch_deviation: true,
        ..small()
    };
    let text = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<DcganConfig>(&text).unwrap(), all);

    // Weights come back with them.
    let folder = tempfile::tempdir().unwrap();
    let (g, d) = (VarStore::new(Device::Cpu), VarStore::new(Device::Cpu));
    let generator = all.init_generator(&g.root()).unwrap();
    let discriminator = all.init_discriminator(&d.root()).unwrap();
    let latent = generator.latent(5);
    let fake = generator.sample(&latent).unwrap();
    assert_eq!(fake.size(), [5, 3, 32, 32]);
    let paths = ["g", "d"].map(|name| folder.path().join(name));
    generator.save(&paths[0]).unwrap();
    discriminator.save(&paths[1]).unwrap();
    let generator = DcganGenerator::load(&paths[0], Device::Cpu).unwrap();
    let again = DcganDiscriminator::load(&paths[1], Device::Cpu).unwrap();
    assert_eq!(generator.sample(&latent).unwrap(), fake);
    assert_eq!(again.logit(&fake).unwrap(), discriminator.logit(&fake).unwrap());
    assert_eq!(again.config(), &all);
}

#[test]
fn interpolated_images_have_3x3_convolutions_behind_them() {
    let _alone = alone(1);
    for upsampling in [Upsampling::Nearest, Upsampling::Bilinear] {
        let config = DcganConfig { upsampling, ..small() };
        let store = VarStore::new(Device::Cpu);
        let generator = config.init_generator(&store.root()).unwrap();
        let weights: Vec<_> = generator
            .named_tensors()
            .into_iter()
            .filter(|(_, tensor)| tensor.dim() == 4)
            .map(|(name, tensor)| (name, tensor.size()))
            .collect();
        let expected = [
            ("net.0.weight", [6, 16, 4, 4]),
            ("net.4.weight", [8, 16, 3, 3]),
            ("net.8.weight", [4, 8, 3, 3]),
            ("net.12.weight", [3, 4, 3, 3]),
        ];
        assert_eq!(weights, expected.map(|(name, size)| (name.to_owned(), size.to_vec())));
        let images = generator.forward_t(&generator.latent(3), true);
        assert_eq!(images.size(), [3, 3, 32, 32]);
    }
}

/// How much a mean image differs between pixels of even and odd rows and columns, in deviations of its
/// pixels: a transposed convolution has weights of its own for each of the four.
fn mesh(generator: &impl Generator) -> f64 {
    let images = tch::no_grad(|| generator.forward_t(&generator.latent(64), true));
    let images = images.narrow(2, 8, 16).narrow(3, 8, 16).to_kind(Kind::Double);
    let mean = images.mean_dim([0].as_slice(), false, Kind::Double); // [C, 16, 16]
    let phases = mean.view([3, 8, 2, 8, 2]).mean_dim([1, 3].as_slice(), false, Kind::Double);
    let spread = |xs: &Tensor, axes: &[i64]| {
        xs.var_dim(axes, false, false).mean(Kind::Double).sqrt().double_value(&[])
    };
    spread(&phases, &[1, 2]) / spread(&images, &[0])
}

#[test]
fn interpolation_leaves_no_mesh_where_a_transposed_convolution_does() {
    let _alone = alone(1);
    tch::manual_seed(7);
    let store = VarStore::new(Device::Cpu);
    let [transposed, nearest, bilinear] =
        [Upsampling::Transposed, Upsampling::Nearest, Upsampling::Bilinear].map(|upsampling| {
            let path = store.root() / format!("{upsampling:?}");
            let config = DcganConfig { upsampling, ..small() };
            let wgan = WganConfig {
                image_size: 32,
                latent_dim: 6,
                generator_features: 4,
                upsampling,
                ..Default::default()
            };
            [
                mesh(&config.init_generator(&(&path / "dcgan")).unwrap()),
                mesh(&wgan.init_generator(&(&path / "wgan")).unwrap()),
            ]
        });
    for network in 0..2 {
        let [worst, others] = [transposed[network], nearest[network].max(bilinear[network])];
        assert!(worst > 5.0 * others, "network {network}: {worst} {others}");
    }
}

#[test]
fn spectral_normalisation_divides_every_weight_and_keeps_pytorchs_names() {
    let _alone = alone(1);
    let config = DcganConfig { spectral_norm: true, ..small() };
    let store = VarStore::new(Device::Cpu);
    let discriminator = config.init_discriminator(&store.root()).unwrap();
    let plain_store = VarStore::new(Device::Cpu);
    let plain = small().init_discriminator(&plain_store.root()).unwrap();
    let expected: Vec<_> = plain
        .named_tensors()
        .into_iter()
        .flat_map(|(name, tensor)| match name.strip_suffix(".weight") {
            Some(layer) if tensor.dim() == 4 => ["original", "0._u", "0._v"]
                .map(|part| format!("{layer}.parametrizations.weight.{part}"))
                .into(),
            _ => vec![name],
        })
        .collect();
    assert_eq!(names(&discriminator), expected);
    // Weights of any scale are the same discriminator.
    let images = Tensor::randn([4, 3, 32, 32], FLOAT);
    let before = discriminator.forward_t(&images, false);
    tch::no_grad(|| {
        for (name, mut tensor) in store.variables() {
            if name.ends_with("original") {
                let _ = tensor.g_mul_scalar_(7.0);
            }
        }
    });
    let after = discriminator.forward_t(&images, false);
    assert!(after.allclose(&before, 1e-4, 1e-6, false), "{before} {after}");
}

#[test]
fn a_discriminator_can_be_told_that_images_are_alike() {
    let _alone = alone(1);
    let config = DcganConfig { minibatch_deviation: true, ..small() };
    let store = VarStore::new(Device::Cpu);
    let discriminator = config.init_discriminator(&store.root()).unwrap();
    let (name, last) = discriminator.named_tensors().pop().unwrap();
    assert_eq!((name.as_str(), last.size()), ("net.9.weight", vec![1, 17, 4, 4]));
    // The last weight of the deviation alone: the logit tells how much a batch differs.
    tch::no_grad(|| {
        let mut last = last;
        let _ = last.zero_();
        let _ = last.narrow(1, 16, 1).fill_(1.0 / 16.0);
    });
    let image = Tensor::randn([1, 3, 32, 32], FLOAT);
    let alike = discriminator.forward_t(&image.repeat([4, 1, 1, 1]), true);
    assert!((alike - 1e-4).abs().max().double_value(&[]) < 1e-5);
    let differing = discriminator.forward_t(&Tensor::randn([4, 3, 32, 32], FLOAT), true);
    assert!(differing.min().double_value(&[]) > 0.1, "{differing}");
    assert!(!discriminator.judges_alone());
    // Any number of images has a logit each.
    for n in [1, 2, 5, 7, 9] {
        let images = Tensor::randn([n, 3, 32, 32], FLOAT);
        assert_eq!(discriminator.forward_t(&images, true).size(), [n]);
    }
}
