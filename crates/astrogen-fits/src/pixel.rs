//! The types that pixels are read as.

use fitsio::sys;

/// A type that pixels are read as: `f32` or `f64`.
pub trait Pixel: Copy + Default + private::Sealed {
    /// cfitsio's code of the type.
    #[doc(hidden)]
    const CODE: u32;
    /// What blank pixels become.
    #[doc(hidden)]
    const BLANK: Self;
    /// Conversion of a pixel that was read in double precision.
    #[doc(hidden)]
    fn from_f64(value: f64) -> Self;
}

mod private {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Pixel for f32 {
    const CODE: u32 = sys::TFLOAT;
    const BLANK: f32 = f32::NAN;
    #[inline(always)]
    fn from_f64(value: f64) -> f32 {
        value as f32
    }
}

impl Pixel for f64 {
    const CODE: u32 = sys::TDOUBLE;
    const BLANK: f64 = f64::NAN;
    #[inline(always)]
    fn from_f64(value: f64) -> f64 {
        value
    }
}
