//! Why a trial failed.

use astrogen_data::DataError;
use astrogen_metrics::MetricsError;
use astrogen_models::ModelError;
use astrogen_train::TrainError;

use crate::EmulatorError;

/// Whether a trial failed by its own settings, and so would fail again; not by the machine.
pub(super) fn is_of_settings(error: &EmulatorError) -> bool {
    use EmulatorError::{Data, Metrics, Model, Setting, Train};
    match error {
        Setting { .. }
        | Train(
            TrainError::Setting { .. }
            | TrainError::Criterion { .. }
            | TrainError::Search { .. }
            | TrainError::NonFinite { .. }
            | TrainError::Network { .. }
            | TrainError::Loss(_),
        ) => true,
        Model(error) | Train(TrainError::Model(error)) => {
            matches!(error, ModelError::Setting { .. } | ModelError::Shape { .. })
        }
        Data(error) | Train(TrainError::Data(error)) => {
            matches!(error, DataError::Setting { .. } | DataError::BatchSize { .. })
        }
        // Generated rows that cannot be compared.
        Metrics(error) => !matches!(error, MetricsError::Torch(_)),
        // What an observer met.
        Train(TrainError::Custom(error)) => error.downcast_ref().is_some_and(is_of_settings),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn failures_of_the_settings_are_told_from_those_of_the_machine() {
        let path = || PathBuf::from("trial-001");
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let model_full = || ModelError::Io { action: "write", path: path(), source: full() };
        let setting = || ModelError::Setting { name: "n", rule: "1".into(), got: "0".into() };
        let values = MetricsError::BadValues { set: "rows", rule: "finite", got: "NaN".into() };
        let batch = DataError::BatchSize { batch_size: 9, samples: 8 };
        let memory = || tch::TchError::Torch("no memory".into());
        for (of_settings, error) in [
            (true, TrainError::NonFinite { step: 7, tensor: "loss".into() }),
            (true, TrainError::Setting { name: "lr", rule: "above 0", got: "0".into() }),
            (true, TrainError::Criterion { name: "fid".into(), known: Vec::new() }),
            (true, TrainError::Model(setting())),
            (true, TrainError::Data(batch)),
            (true, TrainError::custom(EmulatorError::Metrics(values))),
            (true, TrainError::custom(EmulatorError::Train(TrainError::Model(setting())))),
            (false, TrainError::Io { path: path(), source: full() }),
            (false, TrainError::RunDir { path: path(), reason: "in use".into() }),
            (false, TrainError::Checkpoint { path: path(), reason: "cut".into() }),
            (false, TrainError::Panicked { what: "a step", reason: "no memory".into() }),
            (false, TrainError::Torch(memory())),
            (false, TrainError::Model(model_full())),
            (false, TrainError::Data(DataError::Tensor(memory()))),
            (false, TrainError::custom(EmulatorError::Model(model_full()))),
            (false, TrainError::custom(EmulatorError::Metrics(MetricsError::Torch(memory())))),
            (false, TrainError::custom(full())),
        ] {
            let error = EmulatorError::Train(error);
            assert_eq!(is_of_settings(&error), of_settings, "{error:?}");
        }
    }
}
