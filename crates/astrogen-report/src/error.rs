//! The one error of this crate: what a run, a metric or a picture failed with.

/// Everything that can go wrong between a run and what is said of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The run's folder or its logs.
    #[error(transparent)]
    Train(#[from] astrogen_train::TrainError),

    /// Real images could not be had.
    #[error(transparent)]
    Data(#[from] astrogen_data::DataError),

    /// A generator could not be loaded or sampled from.
    #[error(transparent)]
    Model(#[from] astrogen_models::ModelError),

    /// A number could not be measured.
    #[error(transparent)]
    Metrics(#[from] astrogen_metrics::MetricsError),

    /// A picture could not be written.
    #[error(transparent)]
    Plot(#[from] astrogen_plot::PlotError),

    /// libtorch refused an operation.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(tch::TchError),
}

// No `source`: its first line is in the message, and the rest is a C++ stack.
impl From<tch::TchError> for ReportError {
    fn from(error: tch::TchError) -> Self {
        Self::Torch(error)
    }
}
