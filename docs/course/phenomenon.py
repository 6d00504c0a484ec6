"""One task, one network, two sizes of the initial weights: what small weights do to 50 neurons."""

import jax
import jax.numpy as jnp

from condenslab import measures, networks, tasks, training
from condenslab.risk import EmpiricalRisk

jax.config.update("jax_enable_x64", True)

task = tasks.task("three_tanh")  # 50 samples of tanh(x − 7) + tanh(x) + tanh(x + 7)
risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))
until = training.Until(risk=1e-4)

for exponent in (0.5, 3):
    scale = networks.initial.from_variance_exponent(exponent, width=50)
    start = networks.two_layer(0, width=50, inputs=1, activation="tanh", scale=scale)
    end = training.flow(risk, start, until=until).network
    print(f"every parameter N(0, 1/50^{exponent}); at the end the risk is below 1e-4: {risk.value(end) < 1.01e-4}")
    for name, network in (("start", start), ("end", end)):
        found = measures.condensation(network, threshold=0.3)
        print(f"  {name}: {found.effective_width} groups of neurons")
