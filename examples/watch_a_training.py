"""Condensation seen while it happens: a watcher in a plain JAX training loop, and its page."""

import jax
import jax.numpy as jnp
import optax

from condenslab import interop

first, second, third = jax.random.split(jax.random.key(0), 3)
inputs = jax.random.normal(third, (200, 6))
targets = jnp.tanh(2 * inputs[:, :1]) + jnp.tanh(2 * inputs[:, 1:2])
params = {
    "hidden": {"kernel": 0.01 * jax.random.normal(first, (6, 100)), "bias": jnp.zeros(100)},
    "head": {"kernel": 0.01 * jax.random.normal(second, (100, 1))},
}
optimiser = optax.adam(1e-2)
state = optimiser.init(params)


def loss(params):
    hidden = jnp.tanh(inputs @ params["hidden"]["kernel"] + params["hidden"]["bias"])
    return jnp.mean((hidden @ params["head"]["kernel"] - targets) ** 2)


@jax.jit
def update(params, state):
    change, state = optimiser.update(jax.grad(loss)(params), state)
    return optax.apply_updates(params, change), state


watcher = interop.Watcher("runs", run="two directions", every=100)
for step in range(1001):
    watcher(step, params)
    params, state = update(params, state)

watcher.page("course.html")
for step, layers in watcher.history()[::2]:
    layer = layers["hidden.kernel"]
    print(f"step {step}: {layer['directions']:.0f} directions of 100 neurons, {100 * layer['twins']:.0f} % twins")
print(f"loss at the end {loss(params):.1e}")
