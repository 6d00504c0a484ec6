"""Where training waits: the best network with one neuron, found without training, and its place in wider networks."""

import jax
import jax.numpy as jnp

from condenslab import landscape, measures, tasks
from condenslab.risk import EmpiricalRisk

jax.config.update("jax_enable_x64", True)

task = tasks.task("three_tanh")
risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))

found = landscape.critical_points(risk, width=1, starts=8, key=jax.random.key(0))
narrow = found.of_width(1)[0]
print(f"width 1: risk {narrow.risk:.4f}, inertia {narrow.inertia.counts}  (positive, zero, negative)")

network = narrow.network
for width in (2, 3):
    network, receipt = landscape.embed(risk, network, landscape.splitting(width - 1, neuron=0, share=0.5))
    print(f"width {width}: risk {receipt.risk_after:.4f}, inertia {measures.inertia_at(risk, network).counts}")

values = jnp.linalg.eigvalsh(risk.hessian(network))
print(f"width 3 leads down along {int(jnp.sum(values < -1e-9))} directions: no minimum any more")
