//! Sizes of a convolution of 4x4 pixels at a stride of 2, and which transforms it takes.

use std::fmt::Debug;

/// Tiles that share the transforms of the weights, at least.
const LEAST_TILES: usize = 48;

/// Bytes that are made of one number of maps or weights, at most: transforms make 400 of a weight's.
const MOST_A_NUMBER: usize = 1024;

/// Numbers that weights become by their transforms, at most.
const MOST_NUMBERS: usize = 32 << 20;

/// Whether transforms of weights pay, by measurement: where enough tiles share them, and they take no more than
/// 128 MiB.
pub(crate) fn transforms_pay(tiles: usize, numbers: usize) -> bool {
    tiles >= LEAST_TILES && numbers <= MOST_NUMBERS
}

/// Refuses maps that the kernels do not take: as many images, channels of either side, height and width.
///
/// # Panics
/// Where there is no image, a side is odd or none, channels are no multiple of 16, or maps or weights are
/// larger than memory can be.
pub(crate) fn check_maps(shape: &dyn Debug, sizes: [usize; 5]) {
    check_numbers(shape, sizes);
    let [images, inputs, outputs, height, width] = sizes;
    assert!(images > 0 && height > 0 && width > 0, "no empty maps: {shape:?}");
    assert!(height.is_multiple_of(2) && width.is_multiple_of(2), "maps of even size: {shape:?}");
    let whole = |channels: usize| channels > 0 && channels.is_multiple_of(16);
    assert!(whole(inputs) && whole(outputs), "channels in sixteens: {shape:?}");
}

/// Refuses sizes whose products might wrap around: what is checked by them is then read and written.
///
/// # Panics
/// Where maps or weights are larger than memory can be.
pub(super) fn check_numbers(
    shape: &dyn Debug,
    [images, inputs, outputs, height, width]: [usize; 5],
) {
    let fits = |factors: &[usize]| {
        let numbers = factors.iter().try_fold(MOST_A_NUMBER, |all, &n| all.checked_mul(n));
        assert!(numbers.is_some(), "larger than memory can be: {shape:?}");
    };
    fits(&[images, height, width, inputs.max(outputs)]);
    fits(&[inputs, outputs]);
}

/// Between the large maps `[N, H, W, inputs]` and the small ones `[N, H/2, W/2, outputs]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StridedShape {
    /// Images.
    pub images: usize,
    /// Channels of the large maps.
    pub inputs: usize,
    /// Channels of the small maps.
    pub outputs: usize,
    /// Height of the large maps, even.
    pub height: usize,
    /// Width of the large maps, even.
    pub width: usize,
}

/// Outputs of a tile along each axis: `F(2x2, 2x2)` or `F(4x4, 2x2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// 9 products for 16.
    Two,
    /// 25 for 64, with rounding errors three times as large.
    Four,
}

impl Variant {
    /// Outputs of a tile along an axis.
    pub(super) fn outputs(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// Products of a tile.
    pub(super) fn products(self) -> usize {
        (self.outputs() + 1).pow(2)
    }
}

impl StridedShape {
    /// Height of the small maps.
    pub(super) fn rows(&self) -> usize {
        self.height / 2
    }

    /// Width of the small maps.
    pub(super) fn columns(&self) -> usize {
        self.width / 2
    }

    /// Tiles of the small maps: rows and columns of an image, the last of which may reach beyond it.
    pub(super) fn tiles(&self, variant: Variant) -> [usize; 2] {
        [self.rows(), self.columns()].map(|side| side.div_ceil(variant.outputs()))
    }

    /// Tiles of all images.
    pub(super) fn all_tiles(&self, variant: Variant) -> usize {
        self.images * self.tiles(variant).into_iter().product::<usize>()
    }

    /// Whether transforms of the weights pay for the convolution and its transpose. The gradient of the weights
    /// needs none.
    pub fn transforms_pay(&self) -> bool {
        let two = Variant::Two;
        let numbers = two.products() * 4 * self.inputs * self.outputs;
        transforms_pay(self.all_tiles(two), numbers)
    }

    /// Larger tiles where at least so many of them share the transform of the weights, and none is
    /// partly empty.
    fn variant(&self, least: usize) -> Variant {
        let whole = self.rows().is_multiple_of(4) && self.columns().is_multiple_of(4);
        match whole && self.all_tiles(Variant::Four) >= least {
            true => Variant::Four,
            false => Variant::Two,
        }
    }

    /// What pays for the convolution itself, by measurement.
    pub fn forward_variant(&self) -> Variant {
        self.variant(6 * self.inputs)
    }

    /// What pays for its transpose.
    pub fn transposed_variant(&self) -> Variant {
        self.variant(4 * self.inputs)
    }

    /// What pays for the gradient of its weights.
    pub fn gradient_variant(&self) -> Variant {
        self.variant(self.inputs / 4)
    }

    /// Refuses what the kernels do not take.
    ///
    /// # Panics
    /// As [`check_maps`].
    pub(super) fn check(&self) {
        let Self { images, inputs, outputs, height, width } = *self;
        check_maps(self, [images, inputs, outputs, height, width]);
    }

    /// Numbers of the large and of the small maps.
    pub(super) fn numbers(&self) -> [usize; 2] {
        let pixels = self.images * self.height * self.width;
        [pixels * self.inputs, pixels / 4 * self.outputs]
    }
}
