//! How many digits a GPU's convolutions and matrix products compute with.
//!
//! ```
//! use astrogen_runtime::Precision;
//! use tch::Device;
//!
//! let precision: Precision = "tf32".parse()?;
//! assert_eq!(precision.to_string(), "tf32");
//! assert!(Precision::F32.set(Device::Cpu).is_ok());
//! assert!(precision.set(Device::Cpu).is_err()); // the CPU computes in f32
//! # Ok::<(), astrogen_runtime::RuntimeError>(())
//! ```

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tch::Device;

use crate::error::RuntimeError;

/// The precision of training steps on a GPU: `f32` (default), `tf32` or `bf16`. Weights, optimisers
/// and sums are f32 with each, and the CPU knows f32 only.
///
/// Which losses agree with the CPU's, and how closely, is what `cargo xtask gpu` measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 24 bits: the CPU's numbers to rounding.
    #[default]
    F32,
    /// The inputs of convolutions and matrix products are rounded to 11 bits, on cards from Ampere on.
    /// libtorch left to itself does so in convolutions.
    Tf32,
    /// Convolutions, matrix products and what lies between them have 8 bits, in half the memory, and so
    /// have the scores that come out; losses of them, augmentation and whatever shares a trace with a
    /// gradient penalty in closed form have f32.
    Bf16,
}

impl Precision {
    /// Sets it for this process, as far as libtorch has one setting for all: call it before
    /// [`during`](Self::during).
    ///
    /// # Errors
    /// [`RuntimeError::Precision`] for other than f32 on the CPU, and where the libtorch in use has no
    /// such setting.
    pub fn set(self, device: Device) -> Result<(), RuntimeError> {
        match (self, device) {
            (Self::F32, Device::Cpu) => Ok(()),
            (_, Device::Cpu) => Err(RuntimeError::Precision {
                precision: self,
                reason: "the CPU computes in f32: choose that (--precision f32), or a GPU"
                    .to_owned(),
            }),
            _ => match context::settings() {
                Ok(settings) => {
                    settings.allow_tf32(self == Self::Tf32);
                    Ok(())
                }
                Err(reason) => Err(RuntimeError::Precision { precision: self, reason }),
            },
        }
    }

    /// Runs a training step in it, on this thread.
    pub fn during<T>(self, step: impl FnOnce() -> T) -> T {
        match (self, context::settings()) {
            (Self::Bf16, Ok(settings)) => {
                settings.cast_to_bf16();
                let _back = Switched::to(settings, true);
                step()
            }
            _ => step(),
        }
    }
}

/// Runs a part of a step in f32 whatever the step's precision: what has few digits left to lose, and what
/// libtorch has no words for in bf16.
pub fn in_full<T>(part: impl FnOnce() -> T) -> T {
    match context::settings() {
        Ok(settings) if CASTS.get() => {
            let _back = Switched::to(settings, false);
            part()
        }
        _ => part(),
    }
}

thread_local! {
    /// Whether operations of this thread are cast to bf16.
    static CASTS: Cell<bool> = const { Cell::new(false) };
}

/// Casts operations or not, and as before when it is dropped.
struct Switched {
    settings: &'static context::Settings,
    before: bool,
}

impl Switched {
    fn to(settings: &'static context::Settings, on: bool) -> Self {
        settings.cast(on);
        Self { settings, before: CASTS.replace(on) }
    }
}

impl Drop for Switched {
    fn drop(&mut self) {
        self.settings.cast(self.before);
        CASTS.set(self.before);
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = RuntimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::F32, Self::Tf32, Self::Bf16];
        let known = all.into_iter().find(|precision| precision.to_string() == text);
        known.ok_or_else(|| RuntimeError::UnknownPrecision(text.to_owned()))
    }
}

/// libtorch's settings that tch does not hand through, or with a warning at each call, by their C++ names.
#[cfg(unix)]
#[allow(unsafe_code, reason = "libtorch is reached through FFI")]
mod context {
    use std::ffi::c_void;
    use std::sync::OnceLock;

    use libloading::os::unix::{Library, RTLD_NOW, Symbol};

    /// The numbers of CUDA and of bfloat16 in `c10::DeviceType` and `c10::ScalarType`.
    const CUDA: i8 = 1;
    const BFLOAT16: i8 = 15;

    /// Functions of the libtorch that the program is linked with.
    pub(super) struct Settings {
        /// `at::globalContext()`
        context: unsafe extern "C" fn() -> *mut c_void,
        /// `at::Context::setAllowTF32CuDNN(bool)` and `setAllowTF32CuBLAS(bool)`
        allow: [unsafe extern "C" fn(*mut c_void, bool); 2],
        /// `at::autocast::set_autocast_enabled(c10::DeviceType, bool)`
        set_enabled: unsafe extern "C" fn(i8, bool),
        /// `at::autocast::set_autocast_dtype(c10::DeviceType, c10::ScalarType)`
        set_kind: unsafe extern "C" fn(i8, i8),
        /// `at::autocast::set_autocast_cache_enabled(bool)`
        set_cache: unsafe extern "C" fn(bool),
    }

    /// Looked up once.
    pub(super) fn settings() -> Result<&'static Settings, String> {
        static SETTINGS: OnceLock<Result<Settings, String>> = OnceLock::new();
        SETTINGS.get_or_init(Settings::of_process).as_ref().map_err(Clone::clone)
    }

    impl Settings {
        /// The program itself, which is linked with libtorch, or what was loaded as libtorch where the
        /// program's own symbols are hidden.
        fn libtorch() -> Library {
            let own = Library::this();
            // SAFETY: nothing is called; the symbol only has to be there.
            let linked = unsafe { own.get::<*const ()>(c"_ZN2at13globalContextEv") }.is_ok();
            let loaded = crate::libtorch::folder().filter(|_| !linked);
            let loaded = loaded.and_then(|folder| {
                // SAFETY: it is in the process already, so no initialiser runs.
                unsafe { Library::open(Some(folder.join("libtorch_cpu.so")), RTLD_NOW) }.ok()
            });
            loaded.unwrap_or(own)
        }

        fn of_process() -> Result<Self, String> {
            let own = Self::libtorch();
            let missing = |error: libloading::Error| {
                format!(
                    "this libtorch has no such setting ({error}): set up the one of this version"
                )
            };
            // SAFETY: the symbols are functions of a library that is never unloaded, and their
            // mangled names tell their arguments: a reference that is returned (a pointer), a method
            // (the object first), bools, and enums whose underlying type is a signed byte.
            unsafe {
                macro_rules! function {
                    ($name:literal) => {{
                        let symbol: Symbol<_> = own.get($name).map_err(missing)?;
                        *symbol
                    }};
                }
                Ok(Self {
                    context: function!(c"_ZN2at13globalContextEv"),
                    allow: [
                        function!(c"_ZN2at7Context17setAllowTF32CuDNNEb"),
                        function!(c"_ZN2at7Context18setAllowTF32CuBLASEb"),
                    ],
                    set_enabled: function!(
                        c"_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb"
                    ),
                    set_kind: function!(
                        c"_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE"
                    ),
                    set_cache: function!(c"_ZN2at8autocast26set_autocast_cache_enabledEb"),
                })
            }
        }

        /// Whether inputs may be rounded to tf32, in the whole process.
        pub(super) fn allow_tf32(&self, yes: bool) {
            // SAFETY: the context lives as long as the program, and setting it needs nothing but that
            // no other thread computes, which none does before a training.
            unsafe {
                let context = (self.context)();
                self.allow.iter().for_each(|allow| allow(context, yes));
            }
        }

        /// What is cast on this thread is cast to bf16, each time anew: a copy that was kept would outlive
        /// an update of the weights that it is of.
        pub(super) fn cast_to_bf16(&self) {
            // SAFETY: these are settings of this thread, for any two values of the enums.
            unsafe {
                (self.set_kind)(CUDA, BFLOAT16);
                (self.set_cache)(false);
            }
        }

        /// Whether operations on GPUs are cast on this thread.
        pub(super) fn cast(&self, on: bool) {
            // SAFETY: as above.
            unsafe { (self.set_enabled)(CUDA, on) }
        }
    }
}

#[cfg(not(unix))]
mod context {
    pub(super) struct Settings;

    pub(super) fn settings() -> Result<&'static Settings, String> {
        Err("it is known on Linux and macOS only".to_owned())
    }

    impl Settings {
        pub(super) fn allow_tf32(&self, _: bool) {}
        pub(super) fn cast_to_bf16(&self) {}
        pub(super) fn cast(&self, _: bool) {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_precision_is_read_back_as_it_is_written() {
        for text in ["f32", "tf32", "bf16"] {
            let precision: Precision = text.parse().unwrap();
            assert_eq!(precision.to_string(), text);
            assert_eq!(serde_json::to_string(&precision).unwrap(), format!("{text:?}"));
        }
        let error = "half".parse::<Precision>().unwrap_err();
        assert!(error.to_string().contains("f32, tf32 or bf16"), "{error}");
    }

    #[test]
    fn the_cpu_knows_one_of_them() {
        assert_eq!(Precision::default().set(Device::Cpu), Ok(()));
        for precision in [Precision::Tf32, Precision::Bf16] {
            let message = precision.set(Device::Cpu).unwrap_err().to_string();
            assert!(message.starts_with(&format!("precision {precision}: the CPU")), "{message}");
            assert_eq!(precision.during(|| 3), 3);
        }
    }

    /// Every name is found in this libtorch, with or without a GPU.
    #[test]
    fn libtorch_has_the_settings() {
        let settings = context::settings().map_err(|why| panic!("{why}")).unwrap();
        settings.allow_tf32(true);
        settings.allow_tf32(false);
    }

    #[test]
    fn what_is_cast_is_as_before_afterwards() {
        assert!(!CASTS.get());
        let seen = Precision::Bf16.during(|| {
            let within = in_full(|| CASTS.get());
            [CASTS.get(), within, CASTS.get()]
        });
        assert_eq!(seen, [true, false, true]);
        let panicked = std::panic::catch_unwind(|| Precision::Bf16.during(|| panic!("a step")));
        assert!(panicked.is_err() && !CASTS.get());
    }
}
