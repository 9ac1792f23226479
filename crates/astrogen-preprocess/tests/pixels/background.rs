//! Sky levels against photutils' formulas over `astropy.stats.sigma_clip`.

use astrogen_preprocess::{BackgroundConfig, BackgroundMethod};

use crate::golden::{array, assert_close, golden};

#[test]
fn levels_agree_with_photutils() {
    for case in golden().arrays {
        let values = array(case.recipe);
        for (name, method) in [
            ("sextractor", BackgroundMethod::Sextractor),
            ("median", BackgroundMethod::Median),
            ("mean", BackgroundMethod::Mean),
        ] {
            let config = BackgroundConfig { method, ..Default::default() };
            let what = format!("{name} of {:?}", case.recipe);
            assert_close(config.level(&values).unwrap(), case.background[name], 1e-9, &what);
        }
    }
}

#[test]
fn a_crowded_field_falls_back_to_the_median() {
    // Mean 1.2, median 1, deviation 0.4: skewed by half a deviation, with nothing to clip.
    let mut values = vec![1.0_f32; 80];
    values.extend([2.0; 20]);
    assert_eq!(BackgroundConfig::default().level(&values).unwrap(), 1.0);
}

#[test]
fn bad_settings_and_empty_bands_are_refused() {
    let config = BackgroundConfig { sigma: 0.0, ..Default::default() };
    assert_eq!(
        config.level(&[1.0]).unwrap_err().to_string(),
        "background sigma: expected a finite number greater than 0, got 0"
    );
    let message = BackgroundConfig::default().level(&[f32::NAN]).unwrap_err().to_string();
    assert!(message.contains("no good pixel"), "{message}");
    let config: BackgroundConfig = serde_json::from_str(r#"{"method":"median"}"#).unwrap();
    assert_eq!(config.method, BackgroundMethod::Median);
    assert!(serde_json::from_str::<BackgroundConfig>(r#"{"sigmas":3}"#).is_err());
}
