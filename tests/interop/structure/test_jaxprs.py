"""Groups of JAX functions against the search that knows nothing of programs, and against what was planted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import interop
from condenslab.interop.structure import jax_primitives
from condenslab.interop.structure.analysis import Value
from condenslab.interop.structure.expressions import Atom
from condenslab.landscape import discover_symmetries

RANDOM = np.random.default_rng(0)
X = jnp.asarray(RANDOM.normal(size=(6, 3)))


def draw(**shapes):
    return {name: jnp.asarray(RANDOM.normal(size=shape)) for name, shape in shapes.items()}


def dense(p, x):
    return jnp.tanh(jax.nn.relu(x @ p["a"].T + p["b"][None]) @ p["c"].T) @ p["d"].T


def gated(p, x):
    return (jax.nn.silu(x @ p["gate"]) * (x @ p["up"])) @ p["down"]


def normed(p, x):
    h = x @ p["embed"]
    h = h + jnp.tanh(h @ p["up"]) @ p["down"]
    return (h / jnp.sqrt(jnp.mean(h**2, axis=-1, keepdims=True) + 1e-6)) @ p["out"]


CASES = {
    "dense": (dense, draw(a=(4, 3), b=(4,), c=(5, 4), d=(2, 5))),
    "gated": (gated, draw(gate=(3, 4), up=(3, 4), down=(4, 2))),
    "normed": (normed, draw(embed=(3, 4), up=(4, 5), down=(5, 4), out=(4, 2))),
}


@pytest.mark.parametrize("name", CASES)
def test_groups_are_the_permutations_that_a_search_finds(name):
    function, params = CASES[name]
    found = interop.groups(function, (params, X))
    searched = discover_symmetries(params, X, 0, predict=function, kinds=("permutation",))
    mine = {frozenset((m.parameter.strip("[']"), m.axis) for m in group.members) for group in found}
    theirs = {frozenset((axis.leaf.strip("[']"), axis.axis) for axis in one.axes) for one in searched}
    assert mine == theirs and not found.uncertified


def test_a_residual_stream_is_not_merged_and_hidden_units_are():
    function, params = CASES["normed"]
    roles = {group.role: group.refusal for group in interop.groups(function, (params, X))}
    assert roles["hidden"] is None and "sum" in roles["residual stream"]


def test_a_wrong_rule_is_caught(monkeypatch):
    monkeypatch.setitem(jax_primitives.RULES, "dot_general", lambda eq: [Value([Atom(n) for n in eq.shapes[0]])])
    found = interop.groups(dense, (CASES["dense"][1], X))
    assert found.uncertified


def test_an_unknown_primitive_is_named():
    function, params = lambda p, x: jnp.sort(x @ p["a"].T) @ p["d"].T, draw(a=(5, 3), d=(2, 5))
    found = interop.groups(function, (params, X))
    assert len(found) == 0 and found.operators == {"sort": 1}
