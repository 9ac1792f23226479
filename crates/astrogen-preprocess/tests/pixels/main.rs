//! Pixels in memory: masks, backgrounds, intervals, stretches, composites, cutouts and the
//! pipeline, against astropy's values where astropy defines them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod background;
mod composite;
mod cutout;
mod golden;
mod interval;
mod mask;
mod pipeline;
mod real;
mod scaling;
mod stretch;
