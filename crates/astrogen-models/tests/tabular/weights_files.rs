//! Weights on disk: the same network back.

use astrogen_models::{ModelError, TabularConfig, TabularCritic, TabularGenerator};
use tch::{Device, Kind, Tensor};

use crate::turn::alone;
use crate::{ACTIVATIONS, bytes_twice, critic, generator, small};

const CPU: Device = Device::Cpu;

#[test]
fn networks_come_back_from_their_files_byte_for_byte() {
    let _alone = alone(1);
    let mut configs: Vec<_> = ACTIVATIONS.map(|(_, activation)| small(activation)).into();
    configs.push(TabularConfig {
        features: 2,
        conditions: 4,
        branch: vec![5],
        ..small(ACTIVATIONS[0].1)
    });
    for config in &configs {
        let context = Tensor::randn([4, config.context_dim()], (Kind::Float, CPU));
        let (_store, generator) = generator(config);
        let ([first, second], loaded) = bytes_twice(
            &generator,
            |generator, path| generator.save(path).unwrap(),
            |path| TabularGenerator::load(path, CPU).unwrap(),
        );
        assert!(first == second, "{config:?}");
        assert_eq!(loaded.config(), config);
        assert!(loaded.named_tensors().iter().all(|(_, tensor)| !tensor.requires_grad()));
        let latent = generator.latent(4);
        let samples = loaded.sample(&latent, &context).unwrap();
        assert_eq!(samples, generator.sample(&latent, &context).unwrap());

        let (_store, critic) = critic(config);
        let ([first, second], loaded) = bytes_twice(
            &critic,
            |critic, path| critic.save(path).unwrap(),
            |path| TabularCritic::load(path, CPU).unwrap(),
        );
        assert!(first == second, "{config:?}");
        assert_eq!(loaded.config(), config);
        let scores = loaded.given(&context).forward(&samples);
        assert_eq!(scores, critic.given(&context).forward(&samples));
    }
}

#[test]
fn another_networks_file_is_refused_by_its_name() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let (_store, critic) = critic(&small(ACTIVATIONS[0].1));
    critic.save(folder.path().join(TabularCritic::FILE)).unwrap();
    TabularCritic::load(folder.path(), CPU).unwrap();

    let error = TabularGenerator::load(folder.path().join(TabularCritic::FILE), CPU).unwrap_err();
    assert!(matches!(error, ModelError::WrongModel { .. }));
    let message = error.to_string();
    assert!(
        message.contains("tabular.critic") && message.contains("tabular.generator"),
        "{message}"
    );
    let error = TabularGenerator::load(folder.path(), CPU).unwrap_err();
    assert!(matches!(error, ModelError::NoWeights { .. }), "{error}");
}
