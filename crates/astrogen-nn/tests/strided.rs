//! Convolutions at a stride of 2 against libtorch's in double precision.

mod maps;

use astrogen_nn::strided::{After, StridedShape, StridedWeights, ThinWeights, Variant};
use tch::{Device, Kind, Tensor};

use maps::{channels_first, channels_last, error, numbers};

struct Case {
    shape: StridedShape,
    large: Tensor,
    small: Tensor,
    weights: Tensor,
    bias: Tensor,
}

impl Case {
    fn new(shape: StridedShape) -> Self {
        let StridedShape { images, inputs, outputs, height, width } = shape;
        let [n, c, o, h, w] = [images, inputs, outputs, height, width].map(|side| side as i64);
        let draw = |size: [i64; 4]| Tensor::randn(size, (Kind::Float, Device::Cpu));
        Self {
            shape,
            large: draw([n, c, h, w]),
            small: draw([n, o, h / 2, w / 2]),
            weights: draw([o, c, 4, 4]),
            bias: Tensor::randn([o], (Kind::Float, Device::Cpu)),
        }
    }

    fn size(maps: &Tensor) -> [i64; 4] {
        maps.size().try_into().expect("four axes")
    }

    /// What the convolution with bias and leaky ReLU should be, its transpose, and the gradient of the
    /// weights.
    fn expected(&self) -> [Tensor; 3] {
        let [x, y, w, bias] = [&self.large, &self.small, &self.weights, &self.bias]
            .map(|tensor| tensor.to_kind(Kind::Double));
        let convolved = x.conv2d(&w, Some(&bias), [2, 2], [1, 1], [1, 1], 1);
        let no_bias = None::<Tensor>;
        let back = y.conv_transpose2d(&w, no_bias.as_ref(), [2, 2], [1, 1], [0, 0], 1, [1, 1]);
        let w = w.set_requires_grad(true);
        let product = (x.conv2d(&w, no_bias, [2, 2], [1, 1], [1, 1], 1) * &y).sum(Kind::Double);
        let gradient = Tensor::run_backward(&[product], &[w], false, false).remove(0);
        [convolved.maximum(&(&convolved * 0.2)), back, gradient]
    }

    /// The three with their errors.
    fn with_errors(&self, [convolved, back, gradient]: [Vec<f32>; 3]) -> [(Vec<f32>, f64); 3] {
        let [small, large, weights] = self.expected();
        let got = [
            channels_first(&convolved, Self::size(&self.small)),
            channels_first(&back, Self::size(&self.large)),
            channels_first(&gradient, Self::size(&weights)),
        ];
        let [a, b, c] = [0, 1, 2].map(|i| error(&got[i], [&small, &large, &weights][i]));
        [(convolved, a), (back, b), (gradient, c)]
    }

    /// By transforms of this kind.
    fn run(&self, variant: Variant) -> [(Vec<f32>, f64); 3] {
        let Self { shape, large, small, weights, bias } = self;
        let (flat, biases) = (channels_last(weights), numbers(bias));
        let [x, y] = [large, small].map(channels_last);
        let [mut convolved, mut back, mut gradient] =
            [y.len(), x.len(), flat.len()].map(|length| vec![f32::NAN; length]);
        let after = After { bias: Some(&biases), slope: 0.2, sign: None };
        StridedWeights::forward(shape, variant, &flat).convolve(shape, &x, after, &mut convolved);
        let transposed = StridedWeights::transposed(shape, variant, &flat);
        transposed.convolve_transposed(shape, &y, After::NOTHING, &mut back);
        // The same with a slope where the large maps are not above zero.
        let mut bent = vec![f32::NAN; back.len()];
        let after = After { bias: None, slope: 0.5, sign: Some(&x) };
        transposed.convolve_transposed(shape, &y, after, &mut bent);
        for ((bent, back), x) in bent.iter().zip(&back).zip(&x) {
            assert_eq!(*bent, if *x > 0.0 { *back } else { 0.5 * back });
        }
        shape.weight_gradient(variant, &x, &y, &mut gradient);
        self.with_errors([convolved, back, gradient])
    }

    /// By products with patches.
    fn run_thin(&self) -> [(Vec<f32>, f64); 3] {
        let Self { shape, large, small, weights, bias } = self;
        let (flat, biases) = (channels_last(weights), numbers(bias));
        let [x, y] = [large, small].map(channels_last);
        let [mut convolved, mut back, mut gradient] =
            [y.len(), x.len(), flat.len()].map(|length| vec![f32::NAN; length]);
        let thin = ThinWeights::new(shape, &flat);
        let after = After { bias: Some(&biases), slope: 0.2, sign: None };
        thin.convolve(shape, &x, after, &mut convolved);
        thin.convolve_transposed(shape, &y, &mut back);
        shape.thin_gradient(&x, &y, &mut gradient);
        self.with_errors([convolved, back, gradient])
    }
}

#[test]
fn all_passes_agree_with_double_precision_on_any_number_of_threads() {
    tch::manual_seed(5);
    // Single tiles, tiles that reach beyond the map, maps that are not square, several panels, batch 1.
    for [images, inputs, outputs, height, width] in [
        [1, 16, 16, 2, 2],
        [1, 16, 32, 4, 8],
        [3, 32, 16, 6, 10],
        [2, 48, 80, 8, 8],
        [5, 64, 128, 16, 16],
        [1, 128, 64, 32, 32],
        [17, 16, 144, 18, 14],
    ] {
        let case = Case::new(StridedShape { images, inputs, outputs, height, width });
        for (variant, limit) in [(Variant::Two, 3e-6), (Variant::Four, 1e-5)] {
            tch::set_num_threads(1);
            let alone = case.run(variant);
            for ((_, error), pass) in alone.iter().zip(["forward", "transposed", "gradient"]) {
                assert!(*error < limit, "{pass} {:?} {variant:?}: {error:e}", case.shape);
            }
            tch::set_num_threads(3);
            for ((again, _), (once, _)) in case.run(variant).iter().zip(&alone) {
                assert!(again == once, "{:?} {variant:?}", case.shape);
            }
        }
    }
}

#[test]
fn thin_maps_agree_with_double_precision_on_any_number_of_threads() {
    tch::manual_seed(6);
    for [images, inputs, outputs, height, width] in
        [[1, 1, 16, 2, 2], [2, 3, 64, 32, 16], [5, 4, 32, 6, 10], [33, 2, 48, 8, 8]]
    {
        let shape = StridedShape { images, inputs, outputs, height, width };
        let case = Case::new(shape);
        tch::set_num_threads(1);
        let alone = case.run_thin();
        for ((_, error), pass) in alone.iter().zip(["forward", "transposed", "gradient"]) {
            assert!(*error < 1e-6, "{pass} {shape:?}: {error:e}");
        }
        tch::set_num_threads(3);
        for ((again, _), (once, _)) in case.run_thin().iter().zip(&alone) {
            assert!(again == once, "{shape:?}");
        }
    }
}
