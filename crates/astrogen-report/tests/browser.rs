//! A page in a real browser: a wide and a narrow window, light and dark, by keyboard, without scripts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod chromium;
mod folder;

use astrogen_report::write_page;
use chromium::Chromium;
use folder::whole_run;
use serde_json::json;

/// The contrast of the text of elements with what is behind them, as WCAG 2 has it: the least of all.
const LEAST_CONTRAST: &str = "(() => {
    const light = (rgb) => {
        const [r, g, b] = rgb.match(/[\\d.]+/g).map(Number)
            .map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (e) => {
        for (; e; e = e.parentElement) {
            const color = getComputedStyle(e).backgroundColor;
            if (!color.endsWith(', 0)')) return color;
        }
    };
    const all = [...document.querySelectorAll('p, a, h1, h2, h3, th, td, dt, dd, li, summary, figcaption, label')];
    return Math.min(...all.map((e) => {
        const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }));
})()";

#[test]
#[allow(clippy::print_stderr, reason = "who runs tests is told what is not tested")]
fn a_page_is_fit_for_every_window_and_for_the_keyboard_alone() {
    let Some(mut browser) = Chromium::start() else {
        eprintln!(
            "no Chromium here (apt-get install chromium): the page is not tried in a browser"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let page = write_page(&whole_run(&folder.path().join("run"))).unwrap();

    for width in [1280, 390, 360] {
        for theme in ["light", "dark"] {
            let window =
                json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
            browser.call("Emulation.setDeviceMetricsOverride", window);
            let theme_wanted = json!({"name": "prefers-color-scheme", "value": theme});
            browser.call("Emulation.setEmulatedMedia", json!({"features": [theme_wanted]}));
            browser.open(&page);
            browser
                .value("document.querySelectorAll('details').forEach((part) => part.open = true)");
            let wide = browser.value("document.documentElement.scrollWidth - innerWidth");
            assert!(wide.as_i64().unwrap() <= 0, "{wide} pixels beyond a window of {width}");
            let blank = "[...document.images].filter((image) => !image.naturalWidth).length";
            assert_eq!(browser.value(blank), 0, "pictures that are not decoded");
            let contrast = browser.value(LEAST_CONTRAST).as_f64().unwrap();
            assert!(contrast >= 4.5, "a contrast of {contrast} in the {theme}");
        }
    }

    // The slider: shown by the script, at the last grid; each key shows another one.
    let shown = "document.querySelector('#shown .file').textContent";
    assert_eq!(browser.value("document.querySelector('.earlier').hidden"), true);
    assert_eq!(browser.value("document.querySelector('.time').hidden"), false);
    assert_eq!(browser.value(shown), "samples/step-00000300.png");
    browser.value("document.getElementById('time').focus()");
    browser.press("ArrowLeft", 37);
    assert_eq!(browser.value(shown), "samples/step-00000270.png");
    let words = "document.getElementById('time').getAttribute('aria-valuetext')";
    assert_eq!(browser.value(words), "Generated, step 270");
    browser.press("Home", 36);
    assert_eq!(browser.value(shown), "samples/step-00000020.png");
    browser.value("document.querySelector('#shown img').decode()");
    assert_eq!(browser.value("document.querySelector('#shown img').naturalWidth"), 120);
    browser.press("End", 35);
    assert_eq!(browser.value(shown), "samples/step-00000300.png");

    // The first key leads past the list of sections.
    browser.open(&page);
    browser.press("Tab", 9);
    assert_eq!(browser.value("document.activeElement.className"), "skip");

    // Without scripts all grids are there, and no slider that would do nothing.
    browser.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.open(&page);
    browser.call("Emulation.setScriptExecutionDisabled", json!({"value": false}));
    assert_eq!(browser.value("document.querySelector('.earlier').hidden"), false);
    assert_eq!(browser.value("document.querySelector('.time').hidden"), true);

    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}
