"""Has a trained network condensed? Two small networks, from large and from small initial weights, read back as files.

The same question for a file of yours, without JAX: condenslab measure FILE --page out.html
"""

import jax
import numpy as np

from condenslab import interop, networks, training
from condenslab.risk import EmpiricalRisk

jax.config.update("jax_enable_x64", True)
inputs = np.random.default_rng(0).standard_normal((200, 20))
targets = np.tanh(2 * inputs[:, :1]) + np.tanh(2 * inputs[:, 1:2])
risk = EmpiricalRisk(inputs, targets)

for exponent in (0.25, 2.0):
    scale = networks.initial.from_std_exponent(exponent, width=60)
    start = networks.two_layer(jax.random.key(0), width=60, inputs=20, activation="tanh", scale=scale)
    trained = training.descend(
        risk, start, training.GradientDescent(rate=0.05), steps=4000, key=jax.random.key(1)
    ).network
    interop.save_network("trained.safetensors", trained)

    (layer,) = interop.measure("trained.safetensors").layers
    groups = {row["threshold"]: row["groups"] for row in layer.directions}
    print(f"initial std 60^-{exponent}: {layer.neurons} neurons; groups by threshold {groups}; {layer.verdict}")
