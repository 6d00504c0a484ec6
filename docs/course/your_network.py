"""Has a network from elsewhere condensed? One file with planted directions, one with random ones."""

import numpy as np

from condenslab import interop

rng = np.random.default_rng(0)
rays = rng.standard_normal((4, 30))
condensed = rays[rng.integers(0, 4, 64)] * rng.uniform(0.5, 2.0, (64, 1)) + 0.02 * rng.standard_normal((64, 30))
random = rng.standard_normal((64, 30))

for name, weight in (("condensed.npz", condensed), ("random.npz", random)):
    np.savez(name, **{"hidden.weight": weight, "head.weight": rng.standard_normal((3, 64))})
    (layer,) = interop.measure(name).layers
    print(f"{name}: {layer.verdict}, {layer.neurons} neurons in {layer.effective_width} directions")
