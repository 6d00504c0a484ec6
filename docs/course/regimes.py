"""The phase diagram at three points: how far input weights move, as the network is made wider."""

import jax
import numpy as np

from condenslab import measures, networks, training

jax.config.update("jax_enable_x64", True)

inputs = np.linspace(-0.5, 0.5, 4)[:, None]  # the four samples of Luo et al., JMLR 2021, Fig. 2: y = x²
targets = inputs**2
widths = (400, 800, 1600, 3200)

print("gamma  regime     slope of log(distance) over log(width)   published")
for gamma, published in ((0.5, -0.506), (1.0, 0.007), (1.75, 0.372)):
    distances = []
    for width in widths:
        scale = networks.initial.from_gamma(gamma, 0.0, width)
        (run,) = training.normalised_flow(inputs, targets, [scale], width=width, seeds=[0])
        distances.append(run.input_distance)
    slope = measures.width_slope(widths, distances).value
    print(f"{gamma:5}  {networks.initial.regime(gamma, 0.0):10} {slope:5.1f} {published:44}")
