"""The kernel distance of features, by torch-fidelity's own function."""

import numpy as np
import torch
from threadpoolctl import threadpool_limits

ROWS_OF_EACH, FEATURES, SUBSETS, SUBSET_SIZE, SEED = 5000, 2048, 100, 1000, 2020


class KernelDistance:
    """`real`, `fake` [5000, 2048], none below 0, as Inception's are; `subsets.real`, `subsets.fake`
    [100, 1000], the rows that torch-fidelity draws. Outputs: `mean`, `deviation`."""

    def __init__(self, _):
        # With it comes torchvision, which other rows do without.
        from torch_fidelity.metric_kid import kid_features_to_metric

        self.metric = kid_features_to_metric
        # It computes by numpy, whose threads are not torch's.
        threadpool_limits(torch.get_num_threads())
        self.real = torch.randn(ROWS_OF_EACH, FEATURES).relu()
        self.fake = (torch.randn(ROWS_OF_EACH, FEATURES) * 1.1 + 0.05).relu()

    def tensors(self):
        rng = np.random.RandomState(SEED)
        draw = lambda: rng.choice(ROWS_OF_EACH, SUBSET_SIZE, replace=False)
        subsets = torch.from_numpy(np.array([[draw(), draw()] for _ in range(SUBSETS)]))
        return {
            "real": self.real,
            "fake": self.fake,
            "subsets.real": subsets[:, 0],
            "subsets.fake": subsets[:, 1],
        }

    def run(self):
        return self.metric(
            self.real,
            self.fake,
            kid_subsets=SUBSETS,
            kid_subset_size=SUBSET_SIZE,
            rng_seed=SEED,
            verbose=False,
        )

    def check(self):
        found = self.run()
        return {
            "mean": found["kernel_inception_distance_mean"],
            "deviation": found["kernel_inception_distance_std"],
        }


ROWS = {"kid_5k_2048d": KernelDistance}
PEERS = ["torch-fidelity"]
