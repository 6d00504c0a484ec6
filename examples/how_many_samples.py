"""How few samples a target needs: a closed form, a measurement beside it, and what an architecture changes.

The target is that of Zhang et al., JMLR 26(69), 2025, Fig. 3: one kernel of three entries on a line of five pixels. It
is expressed by networks with shared kernels, with kernels of their own at every position, and fully connected ones. The
model rank at a point is the number of samples from which the tangent model finds the target; the smallest over all ways
to express the target is its optimistic sample size O.
"""

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import networks, sample_size

jax.config.update("jax_enable_x64", True)

kernel, tanh = jnp.array([[0.6, 0.8, 1.0]]), networks.activation("tanh")
target = networks.ConvTwoLayer(kernel, jnp.zeros(1), jnp.ones((1, 1, 3)), tanh)
probes = np.random.default_rng(0).normal(size=(120, 5))

print("sharing    parameters   O: formula  measured, at which point")
for sharing in ("shared", "unshared", "full"):
    closed = sample_size.optimistic.convolution(5, 3, kernels=3, intrinsic=1, sharing=sharing, bias=True)
    points = sample_size.convolution_points(target, 3, jax.random.key(0), sharing=sharing)
    found = sample_size.minimum_rank(points, probes)
    print(f"{sharing:9} {closed.parameters:11} {closed.value:12} {found.value:9}, {found.best.name}")

# Width is free: a dense network of 100 times the width needs as many samples. A neuron that does nothing is not.
dense = networks.as_two_layer(target)
for name, network in list(sample_size.dense_points(dense, 300, jax.random.key(0)).items())[:4]:
    rank = sample_size.minimum_rank({name: network}, probes).points[0].rank
    print(f"width 300, {networks.parameter_count(network)} parameters, {name}: rank {rank}")

# Where the theorem's assumption fails, the number says so.
shifted = networks.ConvTwoLayer(jnp.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.5]]), None, jnp.ones((1, 2, 3)), tanh)
rank = sample_size.tangent_rank(shifted)
print(f"shifted kernels: rank {rank.rank}, the formula would be {rank.formula}: {rank.reason}")
