"""A minimum of a narrow network, seen in a wider one: flat along some directions, a saddle across others.

Three tanh steps on 50 points. The best network with one neuron is split into four copies. Along the shares of the
copies the risk does not change at all; along the lowest eigenvector of the Hessian it falls to both sides.
"""

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import figures, landscape, networks, tasks
from condenslab.risk import EmpiricalRisk

jax.config.update("jax_enable_x64", True)

task = tasks.task("three_tanh")
risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))
near = networks.TwoLayer(jnp.array([[0.09]]), jnp.array([0.0]), jnp.array([[3.7]]), None, networks.activation("tanh"))
narrow, report = landscape.polish(risk, near)
subspace = landscape.critical_subspace(narrow, [(0, 0)] * 3)
wide = subspace.at([0.25, 0.25, 0.25])

shares = np.linspace(-1.0, 1.0, 21)
flat = landscape.risk_slice(risk, wide, subspace.basis[:2], [shares, shares]).risk
print(f"risk {flat[10, 10]:.10f}; over the shares of two copies it changes by at most {np.ptp(flat):.0e}")

values, vectors = landscape.hessian_directions(risk, wide, (0, -1))
steps, up = np.linspace(-0.3, 0.3, 61), np.linspace(-1e-3, 1e-3, 61)
saddle = landscape.risk_slice(risk, wide, vectors, [steps, up]).risk - flat[10, 10]
print(f"along the lowest eigenvector (eigenvalue {values[0]:.5f}) it falls by up to {-saddle[:, 30].min():.1e}")

figure, axes = figures.panels()
labels = ("lowest eigenvector", "highest eigenvector")
figures.risk_surface(axes[0, 0], steps, up, saddle, change=True, labels=labels)
print(figures.description(figure))
