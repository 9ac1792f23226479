//! temporary
#![allow(clippy::unwrap_used)]
use astrogen_preprocess::fits::{FitsFile, Header, Planes, write_image};
use std::time::Instant;
#[test]
fn perf() {
    let path = std::path::Path::new("/tmp/perf_f32.fits");
    let a = ndarray::Array3::from_shape_fn((1, 4096, 4096), |(_, y, x)| {
        ((y * 31 + x * 17) % 1000) as f32
    });
    let t = Instant::now();
    write_image(path, &a, &Header::new()).unwrap();
    println!("write {:?}", t.elapsed());
    for f in [
        "/tmp/perf_f32.fits",
        "/tmp/perf_i16.fits",
        "/tmp/perf_i16s.fits",
        "/tmp/perf_rice.fits",
        "/tmp/perf_f64.fits",
    ] {
        for _ in 0..3 {
            let t = Instant::now();
            let mut x = FitsFile::open(f).unwrap();
            let i = x.hdu(None).unwrap().index;
            let o = t.elapsed();
            let p = x.read::<f32>(i, &Planes::Bands).unwrap();
            let whole = t.elapsed();
            let t = Instant::now();
            let r = x
                .read_region::<f32>(i, &Planes::Bands, 1000, 1000, 256, 256)
                .unwrap();
            println!(
                "{f}: open {o:?} whole {whole:?} ({} MPix/s) region {:?} {}",
                (p.len() as f64 / whole.as_secs_f64() / 1e6) as i64,
                t.elapsed(),
                r[[0, 0, 0]]
            );
        }
    }
}
