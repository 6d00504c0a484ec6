"""The built-in table of the study: three tanh neurons and noise, 60 samples of one input."""

import numpy as np

from condenslab.tasks import Table

NEURONS = 3
SAMPLES = 60


def built_in(noise: float) -> Table:
    """Returns y = tanh(4x + 2) − tanh(6x) + tanh(4x − 2) + noise at 60 uniform x in [−1, 1]; seed 0.

    Args:
        noise: Standard deviation relative to that of the target.
    """
    random = np.random.default_rng(0)
    x = random.uniform(-1.0, 1.0, (SAMPLES, 1))
    y = np.tanh(4 * x + 2) - np.tanh(6 * x) + np.tanh(4 * x - 2)
    return Table(x, y + noise * y.std() * random.standard_normal(y.shape), name="the built-in table")
