"""How few samples a target needs: the model rank, whatever the number of parameters."""

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, measures, networks, sample_size

jax.config.update("jax_enable_x64", True)

tanh = networks.activation("tanh")
target = networks.TwoLayer(jnp.ones((3, 1)), jnp.array([-7.0, 0.0, 7.0]), jnp.ones((1, 3)), None, tanh)
probes = np.linspace(-15, 15, 300)[:, None]

for width in (3, 30):
    network = target if width == 3 else landscape.split_to_width(target, width)
    rank = measures.model_rank(network, probes).value
    print(f"width {width}: {networks.parameter_count(network)} parameters, model rank {rank}")

samples = np.random.default_rng(0).uniform(-10, 10, (15, 1))
found = sample_size.llr_transition(landscape.split_to_width(target, 30), samples, probes)
print("samples from which the tangent model at the target finds the target:", found.first)
