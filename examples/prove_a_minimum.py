"""Proves that the exercise has a minimum of width 1 and that its split in 500 neurons is a saddle, and checks both."""

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape
from condenslab.checker import verify
from condenslab.landscape import proof
from condenslab.networks import TwoLayer, activation
from condenslab.risk import EmpiricalRisk


def main():
    jax.config.update("jax_enable_x64", True)
    x = np.linspace(-15, 15, 50)[:, None]
    risk = EmpiricalRisk(x, np.tanh(x - 7) + np.tanh(x) + np.tanh(x + 7))
    near = TwoLayer(jnp.array([[0.0895]]), jnp.zeros(1), jnp.array([[3.747]]), None, activation("tanh"))

    narrow = proof.prove(risk, near)
    print(f"width 1: proven {narrow.proven}, inertia {narrow.inertia}, the only one within {narrow.radius:.1g}")
    wide = proof.prove(risk, landscape.split_to_width(near, 500))
    print(
        f"width 500: proven {wide.proven}, inertia {wide.inertia}, among {wide.dimension} dimensions of critical points"
    )
    for found in (narrow, wide):
        print(verify(found.certificate()).sentence)


if __name__ == "__main__":
    main()
