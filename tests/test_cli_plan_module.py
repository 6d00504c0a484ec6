"""`condenslab plan module:function` for a JAX function: the rank of a network that is known in closed form."""

import json
import sys

import numpy as np
import pytest

from condenslab.cli import main


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_jax.py").write_text(
        "import jax.numpy as jnp\n"
        "def predict(params, inputs):\n"
        "    return jnp.tanh(inputs @ params['hidden']['w'].T) @ params['a'][:, None]\n"
        "def number():\n    return 3\n"
    )
    (tmp_path / "own_broken.py").write_text("1 / 0\n")
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((4, 2))
    weights[1] = weights[0]
    np.savez("w.npz", **{"hidden.w": weights, "a": np.array([1.0, 1.0, -2.0, 0.5])})
    np.savez("x.npz", inputs=rng.standard_normal((60, 2)))
    yield
    sys.modules.pop("own_jax", None)


def test_two_equal_neurons_count_once(capsys):
    """Four tanh neurons of two inputs, two of them equal: (4 - 1)(2 + 1) = 9 of 12 directions (arXiv 2307.08921)."""
    assert main(["plan", "own_jax:predict", "--weights", "w.npz", "--inputs", "x.npz", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rank"]["value"], found["rank"]["decided"]) == (9, True)
    assert (found["parameters"], found["samples"], found["rows"]) == (12, 60, 60)
    assert main(["plan", "own_jax:predict", "--weights", "w.npz", "--inputs", "x.npz"]) == 0
    assert "9 of 12 directions" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["own_jax:predict"], "--weights"),
        (["own_jax:predict", "--weights", "w.npz", "--inputs", "3"], "--inputs"),
        (["own_jax:predict", "--weights", "x.npz", "--inputs", "x.npz"], "does not take"),
        (["own_jax:predict", "--weights", "w.npz", "--inputs", "x.npz", "--depth", "2"], "--depth"),
        (["nowhere:predict", "--weights", "w.npz", "--inputs", "x.npz"], "cannot be imported"),
        (["own_broken:predict", "--weights", "w.npz", "--inputs", "x.npz"], "it raises ZeroDivisionError"),
        (["own_jax:nothing", "--weights", "w.npz", "--inputs", "x.npz"], "no function"),
        (["dense", "--weights", "w.npz", "--inputs", "2", "--width", "3", "--intrinsic", "1"], "--weights"),
    ],
)
def test_a_mistake_gets_one_sentence(arguments, words, capsys):
    assert main(["plan", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and words in said, said
