"""A minimum of a narrow network is a critical point of every wider one, and a strict saddle there.

Setting of Zhang et al., NeurIPS 2021, Fig. 3: three tanh steps on 50 points, no output bias. The best network with one
neuron is a minimum. Splitting its neuron keeps the function and the gradient; each split adds a flat direction and one
that leads down. The last line says which way down, and how far a flow along it gets.
"""

import jax
import jax.numpy as jnp

from condenslab import landscape, measures, networks, tasks, training
from condenslab.risk import EmpiricalRisk

jax.config.update("jax_enable_x64", True)

task = tasks.task("three_tanh")
risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))

found = landscape.critical_points(risk, width=1, starts=32, key=jax.random.key(0))
narrow = found.of_width(1)[0]
print(f"width 1: risk {narrow.risk:.10f}, inertia {narrow.inertia}  (positive, zero, negative)")

network = narrow.network
for width in (2, 3):
    wide, receipt = landscape.embed(risk, network, landscape.splitting(width - 1, neuron=0, share=0.5))
    after = measures.inertia_at(risk, wide)
    print(
        f"width {width}: risk {receipt.risk_after:.10f}, inertia {after}, "
        f"output moved by {receipt.output_difference:.0e}, gradient {receipt.gradient_norm_after:.0e}"
    )
    network = wide

# Down along the most negative direction of the Hessian: the wider network learns what the narrow one cannot.
values, vectors = jnp.linalg.eigh(risk.hessian(network))
pushed = networks.unravel(networks.ravel(network) + 1e-3 * vectors[:, 0], network)
run = training.flow(risk, pushed, until=training.Until(time=1e6, risk=1e-10))
print(f"down: eigenvalue {values[0]:.5f}, risk {run.records['risk'][-1]:.1e} at time {run.times[-1]:.0f}")
