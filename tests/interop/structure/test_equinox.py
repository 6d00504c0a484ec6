"""Groups of Equinox modules by their jaxprs, against the search that knows nothing of programs and against counting."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import interop
from condenslab.landscape import discover_symmetries

nn = eqx.nn
RANDOM = np.random.default_rng(0)
KEYS = jax.random.split(jax.random.key(0), 20)


class Pictures(eqx.Module):
    """Convolutions, one padded, group norm, both kinds of pooling, a dense layer behind positions."""

    first: nn.Conv2d
    second: nn.Conv2d
    norm: nn.GroupNorm
    last: nn.Linear

    def __init__(self):
        self.first, self.second = nn.Conv2d(1, 4, 3, key=KEYS[0]), nn.Conv2d(4, 6, 3, padding=1, key=KEYS[1])
        self.norm, self.last = nn.GroupNorm(2, 6), nn.Linear(24, 3, key=KEYS[2])

    def __call__(self, x):
        x = nn.MaxPool2d(2, 2)(jax.nn.relu(self.first(x)))
        return self.last(nn.AvgPool2d(2, 2)(jnp.tanh(self.norm(self.second(x)))).reshape(-1))


class Depthwise(eqx.Module):
    """A depthwise convolution between two pointwise ones."""

    parts: tuple

    def __init__(self):
        self.parts = (
            nn.Conv1d(2, 5, 1, key=KEYS[3]),
            nn.Conv1d(5, 5, 3, groups=5, padding=1, key=KEYS[4]),
            nn.Conv1d(5, 2, 1, key=KEYS[5]),
        )

    def __call__(self, x):
        return self.parts[2](jax.nn.relu(self.parts[1](jnp.tanh(self.parts[0](x)))))


class Block(eqx.Module):
    """A transformer block with an embedding table."""

    table: nn.Embedding
    attention: nn.MultiheadAttention
    norms: list
    dense: nn.MLP
    out: nn.Linear

    def __init__(self):
        self.table, self.out = nn.Embedding(7, 8, key=KEYS[6]), nn.Linear(8, 3, key=KEYS[7])
        self.attention = nn.MultiheadAttention(2, 8, qk_size=3, vo_size=5, key=KEYS[8])
        self.norms = [nn.LayerNorm(8), nn.RMSNorm(8)]
        self.dense = nn.MLP(8, 8, 9, 1, activation=jax.nn.gelu, key=KEYS[9])

    def __call__(self, x):
        h = jax.vmap(self.table)(x)
        y = jax.vmap(self.norms[0])(h)
        h = h + self.attention(y, y, y)
        return jax.vmap(self.out)(h + jax.vmap(self.dense)(jax.vmap(self.norms[1])(h)))


class Recurrent(eqx.Module):
    """A GRU over a sequence."""

    cell: nn.GRUCell
    out: nn.Linear

    def __init__(self):
        self.cell, self.out = nn.GRUCell(3, 5, key=KEYS[10]), nn.Linear(5, 2, key=KEYS[11])

    def __call__(self, x):
        return self.out(jax.lax.scan(lambda state, one: (self.cell(one, state), None), jnp.zeros(5), x)[0])


def normal(*shape):
    return jnp.asarray(RANDOM.normal(size=shape))


CASES = {
    "MLP": (lambda: nn.MLP(3, 2, 5, 2, activation=jnp.tanh, key=KEYS[12]), normal(6, 3)),
    "convolutions": (Pictures, normal(3, 1, 10, 10)),
    "depthwise": (Depthwise, normal(3, 2, 6)),
    "transformer": (Block, jnp.asarray(RANDOM.integers(0, 7, size=(3, 4)))),
}
ROLES = {
    "MLP": {("hidden", 5): 2},
    "convolutions": {
        ("channel", 4): 1,
        ("channel", 2): 1,  # the two groups of the norm, each as a whole
        ("residual stream", 3): 1,  # the channels inside one
    },
    "depthwise": {("channel", 5): 1},
    "transformer": {
        ("head", 2): 1,
        ("key dimension", 3): 1,
        ("value dimension", 5): 1,
        ("residual stream", 8): 1,
        ("hidden", 9): 1,
    },
}


def called(module, inputs):
    return jax.vmap(module)(inputs)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.more if name == "transformer" else ()) for name in CASES]
)
def test_groups_are_those_of_the_architecture_and_certified(name):
    build, inputs = CASES[name]
    found = interop.groups(called, (build(), inputs))
    counts: dict = {}
    for group in found:
        counts[group.role, group.size] = counts.get((group.role, group.size), 0) + 1
    assert counts == ROLES[name] and not found.uncertified and not found.operators
    kept = {group.role for group in found if group.refusal}
    assert kept <= {"residual stream", "key dimension"}


@pytest.mark.more
@pytest.mark.parametrize("name", ["MLP", "depthwise"])
def test_they_are_the_permutations_that_a_search_finds(name):
    build, inputs = CASES[name]
    params, static = eqx.partition(build(), eqx.is_inexact_array)
    found = interop.groups(lambda p, x: called(eqx.combine(p, static), x), (params, inputs))
    searched = discover_symmetries(
        params,
        inputs,
        0,
        predict=lambda p, x: called(eqx.combine(p, static), x).reshape(len(x), -1),
        kinds=("permutation",),
    )
    mine = {frozenset((m.parameter, m.axis) for m in group.members) for group in found}
    theirs = {frozenset((axis.leaf, axis.axis) for axis in one.axes) for one in searched}
    assert mine == theirs


def test_a_recurrence_is_refused_by_name():
    found = interop.groups(called, (Recurrent(), normal(3, 4, 3)))
    assert len(found) == 0 and found.operators == {"scan": 1}
    assert any("primitive scan has no rule" in frozen.reason for frozen in found.frozen)
