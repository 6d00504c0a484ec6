"""A deep network that has condensed is a small network in disguise: take the disguise off, with a receipt and a bound.

Two hidden layers of 40 tanh neurons learn three steps from a small start. Exact reduction finds nothing to merge,
because neurons of a group are close but not equal. Merging what is within 20 % leaves an error of second order, and
training on from there gives a network of the smaller size that does the same.
"""

import jax
import jax.numpy as jnp

from condenslab import landscape, measures, networks, tasks, training
from condenslab.risk import EmpiricalRisk

jax.config.update("jax_enable_x64", True)

task = tasks.task("three_tanh")
risk = EmpiricalRisk(jnp.asarray(task.inputs / 5), jnp.asarray(task.targets))
start = networks.mlp(0, widths=(1, 40, 40, 1), activation="tanh", std=0.03, output_bias=True)
adam = training.Adam(rate=1e-3)
wide = training.descend(risk, start, adam, steps=6000).network

for layer in (0, 1):
    found = measures.condensation(wide, layer=layer, threshold=0.2)
    print(f"hidden layer {layer}: 40 neurons in {found.effective_width} groups")

exact = landscape.reduce(wide, risk=risk)
print(f"exact: widths {exact.network.widths}, output moved by {exact.receipt.output_difference:.0e}")

small = landscape.reduce(wide, threshold=0.2, drop=0.02, risk=risk)
receipt = small.receipt
print(
    f"condensed: widths {small.network.widths}, parameters {receipt.parameters_before} to {receipt.parameters_after}, "
    f"output moved by {receipt.output_difference:.3f} on the data (bound: {small.bound:.0f})"
)
again = training.descend(risk, small.network, adam, steps=2000).network
print(f"risk: wide {risk.value(wide):.1e}, merged {receipt.risk_after:.1e}, trained on {risk.value(again):.1e}")
