//! What can go wrong when two sets are compared, sorted by who can mend it.

/// Why a metric could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The caller: a setting outside its range; the message says the rule and what was got.
    #[error("{name} must be {rule}, got {got}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// What is allowed.
        rule: &'static str,
        /// What was given.
        got: String,
    },

    /// The caller: a tensor that is not a batch of images.
    #[error("the {set} images must be [N, C, H, W] with every size 1 or more, got {got:?}")]
    Shape {
        /// Which set, `real` or `fake`.
        set: &'static str,
        /// The shape that came.
        got: Vec<i64>,
    },

    /// The caller: numbers of the wrong kind.
    #[error("the {set} images must be floating-point, got {got:?}: convert them with to_kind")]
    BadKind {
        /// Which set, `real` or `fake`.
        set: &'static str,
        /// The kind that came.
        got: tch::Kind,
    },

    /// The caller: sets of different images.
    #[error("both sets must hold images [C, H, W] of one shape, got real {real:?}, fake {fake:?}")]
    DifferentShapes {
        /// Channels, height and width of the real images.
        real: Vec<i64>,
        /// Channels, height and width of the fake images.
        fake: Vec<i64>,
    },

    /// The caller: sets of different sizes.
    #[error(
        "both sets must hold equally many images, got {real} real and {fake} fake: narrow the larger one"
    )]
    DifferentCounts {
        /// Number of real images.
        real: i64,
        /// Number of fake images.
        fake: i64,
    },

    /// The caller: images that hold no patch.
    #[error(
        "images of {height} x {width} pixels hold no patch of {patch_size} x {patch_size}: lower patch_size"
    )]
    TooSmall {
        /// Rows.
        height: i64,
        /// Columns.
        width: i64,
        /// Side of a patch.
        patch_size: i64,
    },

    /// The caller: images without a Nyquist frequency.
    #[error(
        "images of {height} x {width} pixels have no Nyquist frequency along an odd side: crop them \
         to even sides"
    )]
    OddSide {
        /// Height of the images.
        height: i64,
        /// Width of the images.
        width: i64,
    },

    /// The caller: a pyramid level that has no half.
    #[error(
        "a pyramid level of {height} x {width} pixels cannot be halved, both sides must be even and \
         4 or more: crop the images to a power of two, or stop before with a larger `smallest`"
    )]
    CannotHalve {
        /// Rows.
        height: i64,
        /// Columns.
        width: i64,
    },

    /// The caller: values that no distance can be taken of.
    #[error(
        "{count} of the {total} values of the {set} images are not finite numbers of float32's \
         range: mask or fill them first"
    )]
    NotFinite {
        /// Which set, `real` or `fake`.
        set: &'static str,
        /// How many values.
        count: i64,
        /// Of how many.
        total: i64,
    },

    /// The caller: draws that were made for other images or other settings.
    #[error("the draws do not fit: expected {expected}, got {got}")]
    BadDraws {
        /// What the images and settings ask for.
        expected: String,
        /// What came.
        got: String,
    },

    /// The caller: numbers of a sample, table or list that break a rule.
    #[error("the {set} must be {rule}, got {got}")]
    BadValues {
        /// What they are.
        set: &'static str,
        /// What is allowed.
        rule: &'static str,
        /// What came.
        got: String,
    },

    /// The file: a network that cannot be used.
    #[error("the network {} {problem}", .path.display())]
    Network {
        /// The network's file.
        path: std::path::PathBuf,
        /// What it is or does that it should not.
        problem: String,
    },

    /// The machine: libtorch failed, most likely for want of memory.
    #[error("libtorch could not compute the metric: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(tch::TchError),
}

// No `source`: its first line is in the message, and the rest is a C++ stack.
impl From<tch::TchError> for MetricsError {
    fn from(error: tch::TchError) -> Self {
        Self::Torch(error)
    }
}
