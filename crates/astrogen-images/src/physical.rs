//! Samples of a generator as FITS files in physical units: the way back from tensors.

use std::path::{Path, PathBuf};

use astrogen_fits::{Header, write_image};
use astrogen_preprocess::{Pipeline, PipelineConfig, Scaling};
use ndarray::Array3;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::{ImageFolder, ImagesError};

/// How samples go back to physical units: what a run has to keep of the folder that it was
/// trained on. In a run's config.json its fields stand beside the others (`#[serde(flatten)]`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Physical {
    /// How the frames went to model range.
    pub pipeline: PipelineConfig,
    /// That of the median frame.
    pub scaling: Scaling,
    /// The unit of physical pixels, if the training files name one.
    pub unit: Option<String>,
}

impl Physical {
    /// As the frames of a folder went the other way.
    pub fn of(folder: &ImageFolder) -> Self {
        Self {
            pipeline: folder.pipeline().config().clone(),
            scaling: folder.scaling().clone(),
            unit: folder.unit().map(str::to_owned),
        }
    }

    /// Images `[N, C, H, W]` in signed range \[-1, 1\] in physical units, on the CPU: as if each were of
    /// the median frame, since where pixels of one frame lie in signed range is that frame's own.
    ///
    /// # Errors
    /// [`ImagesError::Setting`] for a tensor of another shape, [`ImagesError::Pipeline`] for one of
    /// another number of bands and settings out of their range.
    pub fn pixels(&self, images: &Tensor) -> Result<Tensor, ImagesError> {
        let pipeline = Pipeline::new(self.pipeline.clone())?;
        let images = signed(images)?.map(|signed| {
            let physical = pipeline.inverse(&signed?, &self.scaling)?;
            let shape = physical.shape().iter().map(|&size| size as i64).collect::<Vec<_>>();
            let values: Vec<f32> = physical.iter().copied().collect();
            Ok(Tensor::f_from_slice(&values)?.f_view(&shape[..])?)
        });
        Ok(Tensor::f_stack(&images.collect::<Result<Vec<_>, ImagesError>>()?, 0)?)
    }

    /// Writes images `[N, C, H, W]` in signed range \[-1, 1\] as FITS files into a folder that
    /// exists, as [`save_fits`] does; `model` and `seed` are those of the [`Origin`].
    ///
    /// # Errors
    /// Those of [`save_fits`], and [`ImagesError::Pipeline`] for settings out of their range.
    pub fn save(
        &self,
        images: &Tensor,
        model: String,
        seed: u64,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, ImagesError> {
        let pipeline = Pipeline::new(self.pipeline.clone())?;
        let origin = Origin { model, seed, unit: self.unit.clone() };
        save_fits(images, &pipeline, &self.scaling, &origin, folder)
    }
}

/// Where generated samples come from; every file's header says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The digest of the model's weights (`astrogen_models::weights::fingerprint`).
    pub model: String,
    /// The seed the latents were drawn with.
    pub seed: u64,
    /// The unit of physical pixels, if the training files name one.
    pub unit: Option<String>,
}

/// Writes images `[N, C, H, W]` in signed range \[-1, 1\] as `sample-0000.fits`, ... into a
/// folder that exists, in the physical units that `pipeline` and `scaling` lead back to.
///
/// Each header names the model (`MODEL`), the seed (`SEED`), how many samples were drawn together (`COUNT`: the
/// noise of all comes after their latents), the sample's number among them (`SAMPLE`), the unit (`BUNIT`) if it
/// is known, and the transform: `INTERVAL`, `STRETCH`, the limits `VMINi`, `VMAXi` and sky level
/// `BACKGRi` of each band, and all settings as JSON in `PIPELINE`.
///
/// # Errors
/// [`ImagesError::Setting`] for a tensor of another shape, [`ImagesError::Pipeline`] when the
/// scaling has another number of bands or a file cannot be written.
pub fn save_fits(
    images: &Tensor,
    pipeline: &Pipeline,
    scaling: &Scaling,
    origin: &Origin,
    folder: &Path,
) -> Result<Vec<PathBuf>, ImagesError> {
    let mut header = header(pipeline, scaling, origin);
    let count = images.size().first().copied().unwrap_or(0);
    header.push("COUNT", count, "samples drawn together with this seed");
    (0_i64..)
        .zip(signed(images)?)
        .map(|(number, signed)| {
            let mut header = header.clone();
            header.push("SAMPLE", number, "number in the batch of this seed");
            let path = folder.join(format!("sample-{number:04}.fits"));
            write_image(&path, &pipeline.inverse(&signed?, scaling)?, &header)?;
            Ok(path)
        })
        .collect()
}

/// Images `[N, C, H, W]` as arrays, one after the other.
fn signed(
    images: &Tensor,
) -> Result<impl Iterator<Item = Result<Array3<f32>, ImagesError>>, ImagesError> {
    let &[count, channels, height, width] = images.size().as_slice() else {
        return Err(ImagesError::Setting {
            name: "images",
            rule: "a tensor [N, C, H, W]".into(),
            got: format!("{:?}", images.size()),
        });
    };
    let shape = (channels as usize, height as usize, width as usize);
    let images = images.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
    Ok((0..count).map(move |number| {
        let mut signed = Array3::<f32>::zeros(shape);
        // A new array in standard layout is one slice.
        let pixels = signed.as_slice_mut().expect("a new array is contiguous");
        let length = pixels.len();
        images.f_get(number)?.f_copy_data(pixels, length)?;
        Ok(signed)
    }))
}

/// The cards that all files of a batch share.
fn header(pipeline: &Pipeline, scaling: &Scaling, origin: &Origin) -> Header {
    let config = pipeline.config();
    let mut header = Header::new();
    header.push(
        "CREATOR",
        concat!("astrogen ", env!("CARGO_PKG_VERSION")),
        "generated, not observed",
    );
    header.push("MODEL", origin.model.as_str(), "digest of the generator's weights");
    // FITS whole numbers are signed: a seed past i64 keeps its bits.
    header.push("SEED", origin.seed.cast_signed(), "seed of latents and noise");
    if let Some(unit) = &origin.unit {
        header.push("BUNIT", unit.as_str(), "unit of the training frames");
    }
    header.push("INTERVAL", config.interval.to_string(), "limits of the training frames");
    header.push("STRETCH", config.stretch.to_string(), "curve between the limits, inverted here");
    let bands = scaling.limits.iter().zip(&scaling.background);
    for (band, ([vmin, vmax], background)) in (1..).zip(bands) {
        header.push(format!("VMIN{band}"), *vmin, "lower limit above the sky level");
        header.push(format!("VMAX{band}"), *vmax, "upper limit above the sky level");
        header.push(format!("BACKGR{band}"), *background, "sky level of the median frame");
    }
    // Plain numbers and names under text keys: JSON has them all.
    let json = serde_json::to_string(config).expect("a config is JSON");
    header.push("PIPELINE", json, "");
    header
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use astrogen_fits::{FitsFile, Planes};
    use astrogen_preprocess::PipelineConfig;

    use super::*;

    fn pipeline() -> Pipeline {
        Pipeline::new(PipelineConfig {
            interval: "minmax".parse().unwrap(),
            stretch: "log:1000".parse().unwrap(),
            ..PipelineConfig::default()
        })
        .unwrap()
    }

    #[test]
    fn physical_pixels_survive_the_way_through_a_tensor_and_back() {
        let frame = Array3::from_shape_fn((2, 6, 5), |(c, y, x)| {
            (c * 4000) as f32 + 0.25 * (y * 5 + x) as f32 * (y * 5 + x) as f32
        });
        let pipeline = pipeline();
        let prepared = pipeline.apply(&frame).unwrap();
        let images = Tensor::from_slice(prepared.pixels.as_slice().unwrap()).view([1, 2, 6, 5]);
        let origin = Origin { model: "00c0ffee".into(), seed: 5, unit: Some("adu".into()) };
        let folder = tempfile::tempdir().unwrap();
        let paths =
            save_fits(&images, &pipeline, &prepared.scaling, &origin, folder.path()).unwrap();
        assert_eq!(paths, [folder.path().join("sample-0000.fits")]);

        let mut file = FitsFile::open(&paths[0]).unwrap();
        let back = file.read::<f32>(0, &Planes::Bands).unwrap();
        for (&ours, &truth) in back.iter().zip(&frame) {
            assert!((ours - truth).abs() <= 1e-5 * truth.abs().max(1.0), "{ours} {truth}");
        }
        let header = &file.hdus()[0].header;
        assert_eq!(header.get::<&str>("MODEL"), Some("00c0ffee"));
        assert_eq!(header.get::<i64>("SEED"), Some(5));
        assert_eq!(header.get::<&str>("BUNIT"), Some("adu"));
        assert_eq!(header.get::<&str>("STRETCH"), Some("log:1000"));
        let limits = (header.get::<f64>("VMIN2"), header.get::<f64>("VMAX2"));
        assert_eq!(limits, (Some(4000.0), Some(4000.0 + 0.25 * 29.0 * 29.0)));
        let config: PipelineConfig =
            serde_json::from_str(header.get::<&str>("PIPELINE").unwrap()).unwrap();
        assert_eq!(&config, pipeline.config());
    }

    #[test]
    fn tensors_come_back_to_physical_units() {
        let frame = Array3::from_shape_fn((2, 6, 5), |(c, y, x)| (c * 40 + 6 * y + x) as f32);
        let pipeline = pipeline();
        let prepared = pipeline.apply(&frame).unwrap();
        let image = Tensor::from_slice(prepared.pixels.as_slice().unwrap()).view([2, 6, 5]);
        let physical = Physical {
            pipeline: pipeline.config().clone(),
            scaling: prepared.scaling,
            unit: Some("adu".into()),
        };
        let back = physical.pixels(&Tensor::stack(&[&image, &image], 0)).unwrap();
        assert_eq!(back.size(), [2, 2, 6, 5]);
        let truth = Tensor::from_slice(frame.as_slice().unwrap()).view([2, 6, 5]);
        assert!((back - truth).abs().max().double_value(&[]) < 1e-3);
        assert!(physical.pixels(&image).is_err());
        assert!(physical.pixels(&image.view([1, 1, 2, 30])).is_err(), "one band of two");
    }

    fn scaling() -> Scaling {
        Scaling {
            background: vec![0.0],
            limits: vec![[0.0, 1.0]],
            equalization: vec![],
            fill: vec![],
        }
    }

    fn nowhere() -> Origin {
        Origin { model: String::new(), seed: 0, unit: None }
    }

    #[test]
    fn a_pixel_that_is_no_number_is_none_in_the_file() {
        let images = Tensor::from_slice(&[0.5f32, f32::NAN, -2.0]).view([1, 1, 1, 3]);
        let folder = tempfile::tempdir().unwrap();
        let paths = save_fits(&images, &pipeline(), &scaling(), &nowhere(), folder.path()).unwrap();
        let mut file = FitsFile::open(&paths[0]).unwrap();
        let pixels = file.read::<f32>(0, &Planes::Bands).unwrap();
        let numbers: Vec<bool> = pixels.iter().map(|value| value.is_finite()).collect();
        assert_eq!(numbers, [true, false, true]);
    }

    #[test]
    fn tensors_of_another_shape_are_refused() {
        let images = Tensor::zeros([2, 6, 5], (Kind::Float, Device::Cpu));
        let (scaling, origin) = (scaling(), nowhere());
        let error = save_fits(&images, &pipeline(), &scaling, &origin, Path::new(".")).unwrap_err();
        assert!(error.to_string().contains("[2, 6, 5]"), "{error}");
    }
}
