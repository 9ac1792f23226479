//! Weights on disk: the bytes of PyTorch's file, and the same network back.

use std::fs;
use std::path::Path;

use astrogen_models::{
    Critic, CriticNormalization, Generator, ModelError, Upsampling, WganConfig, WganCritic,
    WganGenerator,
};
use safetensors::SafeTensors;
use tch::{Device, Kind, Tensor};

use crate::turn::alone;
use crate::{
    CONFIG, NARROW, bytes_twice, critic, generator, golden, golden_critic, golden_generator,
};

const CPU: Device = Device::Cpu;

#[test]
fn saved_bytes_are_row_major_as_pytorch_wrote_them() {
    let _alone = alone(1);
    let golden = golden();
    let theirs = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/wgan_gp.safetensors");
    let theirs = fs::read(theirs).unwrap();
    let theirs = SafeTensors::deserialize(&theirs).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let compare = |file: &Path, prefix: &str| {
        let ours = fs::read(file).unwrap();
        let ours = SafeTensors::deserialize(&ours).unwrap();
        for name in ours.names() {
            let expected = theirs.tensor(&format!("{prefix}.{name}")).unwrap();
            let got = ours.tensor(name).unwrap();
            assert_eq!(got.shape(), expected.shape(), "{prefix}.{name}");
            assert!(got.data() == expected.data(), "{prefix}.{name}");
        }
        ours.names().len()
    };

    let (store, critic) = golden_critic(&CONFIG, &golden, "final.critic.");
    // Channels lie last in memory, [out, K, K, in]; the file must not show it.
    assert_eq!(store.variables()["net.4.weight"].stride(), [128, 1, 32, 8]);
    let file = folder.path().join("critic.safetensors");
    critic.save(&file).unwrap();
    assert_eq!(compare(&file, "final.critic"), 10);

    let (store, generator) = golden_generator(&CONFIG, &golden, "final.generator.");
    assert_eq!(store.variables()["net.3.weight"].stride(), [128, 1, 32, 8]);
    let file = folder.path().join("generator.safetensors");
    generator.save(&file).unwrap();
    assert_eq!(compare(&file, "final.generator"), 25);
}

#[test]
fn networks_come_back_from_their_files_byte_for_byte() {
    let _alone = alone(1);
    let variants = [
        CONFIG,
        WganConfig { upsampling: Upsampling::Nearest, ..CONFIG },
        WganConfig { upsampling: Upsampling::Bilinear, ..CONFIG },
        WganConfig { critic_normalization: CriticNormalization::Layer, ..NARROW },
        WganConfig { spectral_norm: true, ..NARROW },
    ];
    for config in &variants {
        let (_, critic) = critic(config);
        let ([first, second], loaded) = bytes_twice(
            &critic,
            |critic, path| critic.save(path).unwrap(),
            |path| WganCritic::load(path, CPU).unwrap(),
        );
        assert!(first == second, "{config:?}");
        assert_eq!(loaded.config(), config);
        assert!(loaded.named_tensors().iter().all(|(_, tensor)| !tensor.requires_grad()));
        let images = Tensor::randn([2, 1, 64, 64], (Kind::Float, CPU));
        assert_eq!(critic.score(&images).unwrap(), loaded.score(&images).unwrap());

        let (_, generator) = generator(config);
        let ([first, second], loaded) = bytes_twice(
            &generator,
            |generator, path| generator.save(path).unwrap(),
            |path| WganGenerator::load(path, CPU).unwrap(),
        );
        assert!(first == second, "{config:?}");
        assert_eq!(loaded.config(), config);
        let latent = generator.latent(2);
        assert_eq!(generator.sample(&latent).unwrap(), loaded.sample(&latent).unwrap());
    }
}

#[test]
fn another_networks_file_is_refused_by_its_name() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let (_, critic) = critic(&NARROW);
    critic.save(folder.path().join(WganCritic::FILE)).unwrap();
    WganCritic::load(folder.path(), CPU).unwrap();

    let error = WganGenerator::load(folder.path().join(WganCritic::FILE), CPU).unwrap_err();
    assert!(matches!(error, ModelError::WrongModel { .. }));
    let message = error.to_string();
    assert!(message.contains("wgan.critic") && message.contains("wgan.generator"), "{message}");
    let error = WganGenerator::load(folder.path(), CPU).unwrap_err();
    assert!(matches!(error, ModelError::NoWeights { .. }), "{error}");
}
