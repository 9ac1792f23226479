"""The sliced Wasserstein distance of images, by plain tensor operations."""

import torch
import torch.nn.functional as F

IMAGES, CHANNELS, SIZE, LEVELS = 5000, 3, 64, 3
PATCHES, PATCH, REPEATS, DIRECTIONS = 128, 7, 4, 128

binomial = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
KERNEL = torch.outer(binomial, binomial).expand(CHANNELS, 1, 5, 5).contiguous()


def blur(images, scale=1.0):
    padded = F.pad(images, (2, 2, 2, 2), mode="reflect")
    return F.conv2d(padded, scale * KERNEL, groups=CHANNELS)


def pyramid(images):
    levels = []
    for _ in range(LEVELS - 1):
        coarser = blur(images)[..., ::2, ::2]
        spread = torch.zeros_like(images)
        spread[..., ::2, ::2] = coarser
        levels.append(images - blur(spread, 4.0))
        images = coarser
    return [*levels, images]


def cut(level, positions):
    windows = level.unfold(2, PATCH, 1).unfold(3, PATCH, 1).permute(0, 2, 3, 1, 4, 5)
    image = torch.arange(len(level))[:, None]
    patches = windows[image, positions[..., 0], positions[..., 1]].flatten(0, 1)
    patches -= patches.mean(dim=(0, 2, 3), keepdim=True)
    patches /= patches.std(dim=(0, 2, 3), keepdim=True)
    return patches.flatten(1)


def distance(real, fake, directions):
    # A hundred and some directions at a time, as the published code has it.
    # Shadows are rows, which torch sorts several times as fast as columns.
    parts = [
        (torch.sort(some @ real.T, dim=1)[0] - torch.sort(some @ fake.T, dim=1)[0]).abs().mean()
        for some in directions.split(DIRECTIONS)
    ]
    return 1000.0 * torch.stack(parts).mean()


class SlicedWasserstein:
    """`real`, `fake` [5000, 3, 64, 64], and for each level `positions.K` [5000, 128, 2] and
    `directions.K` [512, 147]. Outputs: the distance at each level, `64`, `32`, `16`."""

    def __init__(self, _):
        smooth = lambda images: torch.tanh(3.0 * blur(blur(images)))
        self.real = smooth(torch.randn(IMAGES, CHANNELS, SIZE, SIZE))
        self.fake = smooth(1.2 * torch.randn(IMAGES, CHANNELS, SIZE, SIZE))
        self.draws = self.draw()

    def draw(self):
        draws = []
        for level in range(LEVELS):
            positions = torch.randint(0, (SIZE >> level) - PATCH + 1, (IMAGES, PATCHES, 2))
            directions = torch.randn(REPEATS * DIRECTIONS, CHANNELS * PATCH * PATCH)
            draws.append((positions, directions / directions.norm(dim=1, keepdim=True)))
        return draws

    def tensors(self):
        tensors = {"real": self.real, "fake": self.fake}
        for level, (positions, directions) in enumerate(self.draws):
            tensors |= {f"positions.{level}": positions, f"directions.{level}": directions}
        return tensors

    def measure(self, draws):
        levels = zip(pyramid(self.real), pyramid(self.fake), draws)
        return [
            distance(cut(real, positions), cut(fake, positions), directions).item()
            for real, fake, (positions, directions) in levels
        ]

    @torch.no_grad()
    def run(self):
        return self.measure(self.draw())

    @torch.no_grad()
    def check(self):
        found = self.measure(self.draws)
        return {str(SIZE >> level): value for level, value in enumerate(found)}


ROWS = {"sliced_wasserstein_5k": SlicedWasserstein}
PEERS = ["pytorch eager"]
