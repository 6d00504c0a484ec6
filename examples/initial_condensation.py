"""Early in training the neurons of a small net gather into few directions: at most 2p, p the activation's multiplicity.

Setting of Zhou et al., NeurIPS 2022, Fig. 6: one input, width 100, all parameters N(0, 0.005²), Adam at rate 5e-4,
looked at after 200 steps, well inside the initial stage (the risk has not fallen to 70 % yet).
"""

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, training
from condenslab.risk import EmpiricalRisk

jax.config.update("jax_enable_x64", True)

inputs = np.linspace(-1.0, 1.5, 40)[:, None]
targets = np.sin(3.0 * inputs) + np.sin(6.0 * inputs) / 2.0
risk = EmpiricalRisk(jnp.asarray(inputs), jnp.asarray(targets))
scale = networks.Scale(input_std=0.005, output_std=0.005)

print("activation  p  2p  directions (neurons in each)     risk / start")
for name in ("tanh", "x_tanh", "x2_tanh"):
    start = networks.two_layer(0, width=100, inputs=1, activation=name, scale=scale)
    run = training.descend(risk, start, training.Adam(rate=5e-4), steps=200)

    weights = measures.hidden_neurons(run.network).incoming  # (w, b) of every neuron
    leaders = measures.effective_ratio(weights, cosine=0.95).cover
    likeness = measures.cosine_similarity(weights)[:, leaders]
    sizes = np.bincount(np.argmax(likeness, axis=1))

    p = networks.activation(name).multiplicity
    found = f"{len(leaders)} ({', '.join(str(size) for size in sizes)})"
    print(f"{name:10}  {p}   {2 * p}  {found:32} {run.records['risk'][-1] / run.records['risk'][0]:.3f}")

# Compared as whole neurons, norm included, the last network is less condensed: a direction is only the first step.
counts = measures.group_counts(run.network, np.array([0.05, 0.1, 0.2, 0.5, 1.0]))
by_threshold = dict(zip(counts.thresholds.tolist(), counts.counts.tolist(), strict=True))
print(f"\nneuron groups of the last network by threshold: {by_threshold}")
