//! What programs drew of a run.

use maud::{Markup, html};

use super::samples::href;
use crate::page::contents::Contents;
use crate::page::pictures::Picture;
use crate::page::words::human;

/// What the pictures of the workspace's programs show, by the end of their names.
const KNOWN: [(&str, &str); 26] = [
    (
        "auc",
        "How well each score tells images with an anomaly from those without; a guess at the line",
    ),
    (
        "calibration",
        "Calibration: where true values lie in the spread of samples, flat if all is well",
    ),
    ("colour-colour", "Colours against each other, real and emulated"),
    ("colour-magnitude", "Colours against magnitudes, real and emulated"),
    ("colour-tails", "Tails of the colours, real and emulated"),
    ("closest", "Samples that are nearest to a training image, each below it"),
    ("corner", "Columns against each other, real and generated"),
    ("few-and-generated", "The few images of each class, and generated ones below them"),
    ("finds", "The oddest images by each score, and what the networks made of them"),
    ("injected", "Anomalies that the scores are tried on"),
    ("leakage", "Held-out images that are nearly training images, each below it"),
    ("maps", "Maps, real and generated"),
    ("metrics", "Validation over the training"),
    ("pit", "Probability integral transforms, flat if posteriors are calibrated"),
    ("posterior", "Posteriors against true values"),
    ("pixels", "Values of pixels, of both sets"),
    ("power", "Power by scale, of both sets"),
    ("profiles", "Profiles along the radius, real and generated"),
    ("quality", "All numbers with their intervals, and how far each is from its floor"),
    ("reconstructions", "Images of held-out galaxies, each above its reconstruction"),
    ("roc", "Shares of anomalies found, by the share of plain images taken for one"),
    ("scores", "What added images change in a classifier's scores, with intervals"),
    ("residuals", "Observed minus true values, real and emulated"),
    ("tails", "Tails of the magnitudes, real and emulated"),
    ("traversal", "Images along each latent, the others at their mean"),
    ("grid", "A grid of samples"),
];

pub(super) fn body(contents: &Contents) -> Option<Markup> {
    let pictures = &contents.pictures;
    let (shown, left_out) = (&pictures.figures, &pictures.left_out);
    (!shown.is_empty() || !left_out.is_empty()).then(|| {
        html! {
            @for picture in shown { (figure(picture)) }
            @if !left_out.is_empty() {
                p.note { "Left out, so that the page stays small; they are in the run's folder:" }
                ul.files { @for file in left_out { li { a href=(href(file)) { (file) } } } }
            }
        }
    })
}

fn figure(picture: &Picture) -> Markup {
    let Picture { file, stem, data, width, height } = picture;
    let title = title(stem);
    html! {
        figure.plot {
            div.frame tabindex="0" role="group" aria-label=(title) {
                img.paper src=(data) width=(width) height=(height) alt=(title);
            }
            figcaption { (title) " " a.file href=(href(file)) { (file) } }
        }
    }
}

/// A caption: of `g0163-corner` what corners show, with the name before it.
fn title(stem: &str) -> String {
    for (name, what) in KNOWN {
        if stem == name {
            return what.to_owned();
        }
        if let Some(of) = stem.strip_suffix(name).and_then(|rest| rest.strip_suffix('-'))
            && !KNOWN.iter().any(|(other, _)| *other == stem)
        {
            return format!("{of} · {what}");
        }
    }
    human(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_say_what_is_shown() {
        assert_eq!(title("corner"), "Columns against each other, real and generated");
        assert_eq!(title("g0163-maps"), "g0163 · Maps, real and generated");
        assert_eq!(title("colour-tails"), "Tails of the colours, real and emulated");
        assert_eq!(title("memorisation-pairs"), "Memorisation pairs");
        for of_two_skies in ["pixels", "power", "quality"] {
            let caption = title(of_two_skies);
            assert!(!caption.contains("real") && caption.contains(' '), "{caption}");
        }
        assert!(title("scores").starts_with("What added images change"));
        assert_eq!(href("figures/a b<.png"), "./figures/a%20b%3C.png");
    }
}
