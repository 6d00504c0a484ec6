"""Checkpoints: what is saved is loaded to the last bit, what cannot be is refused in one sentence, nothing is lost."""

import errno
import json
import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from condenslab import networks
from condenslab.errors import UserError
from condenslab.interop import load_network, load_trajectory, save_network, save_trajectory
from condenslab.networks import ACTIVATIONS, MLP, Activation, TwoLayer
from condenslab.risk import EmpiricalRisk
from condenslab.training import Adam, GradientDescent, Stop, Trajectory, Until, descend, ensemble, flow
from handmade import written

KEY = jax.random.key(3)
TANH = ACTIVATIONS["tanh"]


def small(dtype=np.float64, **changes):
    """Returns a two-layer network of width 3, without output bias."""
    parts = {
        "input_weights": np.array([[0.1], [-0.2], [0.3]]),
        "biases": np.array([0.5, -0.25, 0.125]),
        "output_weights": np.array([[1.0, -2.0, 0.7]]),
        "output_bias": None,
    }
    arrays = {k: None if v is None else jnp.asarray(v, dtype) for k, v in (parts | changes).items()}
    return TwoLayer(**arrays, activation=TANH)


def small_risk(dtype=jnp.float64):
    x = jnp.linspace(-1, 1, 6, dtype=dtype)[:, None]
    return EmpiricalRisk(x, jnp.sin(3 * x))


def a_trajectory(**changes):
    parts = {
        "times": np.array([0, 5, 9]),
        "records": {"z": np.array([1.0, np.nan, np.inf]), "a/ü b": np.zeros((3, 2, 0), np.float32)},
        "network": small(),
        "stop": Stop.TIME_LIMIT,
        "steps": 9,
        "seconds": 0.1 + 0.2,
        "state": (np.array(3), np.array(True), np.ones((2, 3)).T, np.arange(3, dtype=np.uint32), np.full(2, np.nan)),
    }
    return Trajectory(**(parts | changes))


def assert_same_array(old, new):
    old, new = np.asarray(old), np.asarray(new)
    assert (old.dtype, old.shape, old.tobytes()) == (new.dtype, new.shape, new.tobytes())


def assert_same_network(old, new):
    assert type(new) is type(old)
    assert jax.tree.structure(new) == jax.tree.structure(old)
    assert new.activation is old.activation
    for a, b in zip(jax.tree.leaves(old), jax.tree.leaves(new), strict=True):
        assert isinstance(b, jax.Array)
        assert_same_array(a, b)


def assert_same_trajectory(old, new):
    assert_same_network(old.network, new.network)
    assert_same_array(old.times, new.times)
    assert list(old.records) == list(new.records)
    for name in old.records:
        assert_same_array(old.records[name], new.records[name])
    assert (old.stop, old.steps, old.seconds) == (new.stop, new.steps, new.seconds)
    assert len(old.state) == len(new.state)
    for a, b in zip(old.state, new.state, strict=True):
        assert_same_array(a, b)


CONTENT = {
    "network": {"kind": "TwoLayer", "activation": "tanh", "biases": [True, False], "residual": False},
    "run": None,
}
TENSORS = {
    "network/input_weights": np.array([[0.1], [-0.2], [0.3]]),
    "network/biases": np.array([0.5, -0.25, 0.125]),
    "network/output_weights": np.array([[1.0, -2.0, 0.7]]),
}


def network_content(**changes):
    return CONTENT | {"network": CONTENT["network"] | changes}


def run_content(**changes):
    run = {"stop": "FINISHED", "steps": 2, "seconds": 0.5, "records": ["risk"], "state": 1}
    return CONTENT | {"run": run | changes}


RUN_TENSORS = TENSORS | {"times": np.arange(2), "records/risk": np.ones((2, 3)), "state/0": np.zeros(())}


@st.composite
def drawn_networks(draw):
    """Draws the arguments of `built`: JAX, which draws random numbers itself, must stay out of a strategy."""

    def array(*shape):
        dtype = draw(st.sampled_from([np.float32, np.float64]))
        numbers = st.floats(allow_nan=False, allow_infinity=False, width=8 * np.dtype(dtype).itemsize)
        return draw(hnp.arrays(dtype, shape, elements=numbers))

    widths = draw(st.lists(st.integers(0, 3), min_size=2, max_size=5))
    weights = [array(above, below) for below, above in pairwise(widths)]
    biases = [array(width) if draw(st.booleans()) else None for width in widths[1:]]
    return weights, biases, draw(st.sampled_from(sorted(ACTIVATIONS))), draw(st.sampled_from(["two", "plain", "skip"]))


def built(weights, biases, activation, kind):
    weights, biases = (tuple(a if a is None else jnp.asarray(a) for a in arrays) for arrays in (weights, biases))
    if kind == "two" and len(weights) == 2:
        return TwoLayer(weights[0], biases[0], weights[1], biases[1], ACTIVATIONS[activation])
    return MLP(weights, biases, ACTIVATIONS[activation], kind == "skip")


STORED = st.sampled_from(
    [bool, np.int32, np.int64, np.uint8, np.uint32, np.float16, np.float32, np.float64, np.complex64]
)
ARRAYS = STORED.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=3)))


@st.composite
def drawn_runs(draw):
    count = draw(st.integers(0, 3))
    shapes = hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3).map(lambda shape: (count, *shape))
    record = st.tuples(STORED, shapes).flatmap(lambda pair: hnp.arrays(*pair))
    return {
        "times": np.cumsum(draw(hnp.arrays(np.float64, count, elements=st.floats(0, 1e9)))),
        "records": draw(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), record, max_size=3)),
        "stop": draw(st.sampled_from(Stop)),
        "steps": draw(st.integers(0, 2**53)),
        "seconds": draw(st.floats(0, 1e9)),
        "state": tuple(draw(st.lists(ARRAYS, max_size=12))),
    }


@given(network=drawn_networks())
@settings(max_examples=30, deadline=None)
def test_any_network_comes_back(tmp_path_factory, network):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    save_network(path, built(*network))
    assert_same_network(built(*network), load_network(str(path)))
    before = path.read_bytes()
    save_network(str(path), load_network(path))
    assert path.read_bytes() == before  # the same network, the same bytes


@given(network=drawn_networks(), run=drawn_runs())
@settings(max_examples=30, deadline=None)
def test_any_trajectory_comes_back(tmp_path_factory, network, run):
    path = tmp_path_factory.getbasetemp() / "run.safetensors"
    trajectory = Trajectory(network=built(*network), **run)
    save_trajectory(path, trajectory)
    assert_same_trajectory(trajectory, load_trajectory(path))


def test_a_trajectory_with_awkward_arrays_comes_back(tmp_path):
    """Scalars, flags, transposed and empty arrays, foreign byte order, bfloat16, NaN in records, any name."""
    state = (np.ones(2, ml_dtypes.bfloat16), *a_trajectory().state)
    save_trajectory(tmp_path / "a", a_trajectory(state=state))
    assert_same_trajectory(a_trajectory(state=state), load_trajectory(tmp_path / "a"))
    save_trajectory(tmp_path / "b", a_trajectory(times=np.array([0, 5, 9], ">i8")))
    assert list(load_trajectory(tmp_path / "b").times) == [0, 5, 9]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a", "b"]


def test_the_format_is_as_documented(tmp_path):
    """A file made by hand is read; a file of ours is read by safetensors alone."""
    assert_same_network(small(), load_network(written(tmp_path / "hand.safetensors", CONTENT, TENSORS)))
    save_network(tmp_path / "ours.safetensors", small())
    for name, array in load_file(tmp_path / "ours.safetensors").items():
        assert_same_array(TENSORS[name], array)
    with safe_open(tmp_path / "ours.safetensors", framework="numpy") as file:
        envelope = json.loads(file.metadata()["condenslab"])
    assert (envelope["format"], envelope["version"]) == ("condenslab checkpoint", 1)
    assert envelope["content"] == CONTENT
    run = load_trajectory(written(tmp_path / "run.safetensors", run_content(), RUN_TENSORS))
    assert_same_array(run.records["risk"], np.ones((2, 3)))
    assert (run.stop, run.steps, run.seconds, run.state) == (Stop.FINISHED, 2, 0.5, (0.0,))


def noisy(steps, **more):
    return descend(small_risk(), small(), Adam(0.01), steps=steps, key=KEY, batch=2, dropout=0.1, **more)


def single(steps, **more):
    network = networks.mlp(KEY, widths=(1, 4, 4, 1), activation="x_tanh", std=0.5, residual=True)
    network = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), network)
    return descend(small_risk(jnp.float32), network, GradientDescent(0.05), steps=steps, **more)


@pytest.mark.parametrize("run", [noisy, single], ids=["minibatch Adam with dropout", "float32 residual MLP"])
def test_descent_continued_from_a_file_is_uninterrupted(tmp_path, run):
    whole = run(1000)
    save_trajectory(tmp_path / "part", run(300))
    rest = run(700, resume=load_trajectory(tmp_path / "part"))
    assert_same_network(whole.network, rest.network)
    assert whole.steps == rest.steps == 1000
    assert_same_array(whole.records["risk"][-1], rest.records["risk"][-1])


def test_flow_continued_from_a_file_is_uninterrupted(tmp_path):
    def run(**more):
        return flow(small_risk(), small(), until=Until(time=1e5), rtol=1e-9, atol=1e-12, **more)

    whole = run()
    assert whole.steps > 200
    save_trajectory(tmp_path / "part", run(max_steps=100))
    part = load_trajectory(tmp_path / "part")
    assert part.stop is Stop.STEPS_EXHAUSTED
    rest = run(resume=part)
    assert_same_network(whole.network, rest.network)
    assert_same_array(whole.times, np.concatenate([part.times, rest.times]))
    assert_same_array(whole.records["risk"], np.concatenate([part.records["risk"], rest.records["risk"]]))


def test_members_of_an_ensemble_are_saved_one_by_one(tmp_path):
    runs = ensemble(descend, small_risk(), [small(), small(biases=np.zeros(3))], Adam(0.01), steps=20)
    for member, run in enumerate(runs):
        save_trajectory(tmp_path / f"{member}", run)
        assert_same_trajectory(run, load_trajectory(tmp_path / f"{member}"))
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[run.network for run in runs])
    with pytest.raises(UserError, match=r"input_weights has shape \(2, 3, 1\) and must have two axes.*one member"):
        save_network(tmp_path / "stack", stacked)


def test_warm_start(tmp_path):
    save_network(tmp_path / "start", small())
    cold = flow(small_risk(), small(), until=Until(time=1.0))
    warm = flow(small_risk(), load_network(tmp_path / "start"), until=Until(time=1.0))
    assert_same_network(cold.network, warm.network)


class Odd(eqx.Module):
    weight: jax.Array


def with_weights(value):
    return eqx.tree_at(lambda n: n.input_weights, small(), value)


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (Odd(jnp.ones(1)), "class Odd: give one of networks.TwoLayer, MLP, CNN"),
        (None, "class NoneType"),
        (
            replace(small(), activation=Activation("cube", lambda z: z**3)),
            "activation 'cube' is not the",
        ),
        (replace(small(), activation=replace(TANH, function=jnp.sin)), "activation 'tanh' is not the one of that name"),
        (small(biases=[0, np.nan, 1]), "network/biases has NaN or infinite entries, from which nothing can be"),
        (small(output_bias=[-np.inf]), "network/output_bias has NaN or infinite"),
        (small(jnp.float16), "network/input_weights has type float16 and must have type float32 or float64"),
        (with_weights(jnp.ones((3, 1), int)), "has type int64"),
        (
            with_weights(jnp.ones((4, 1))),
            r"biases has shape \(3,\) and must have on axis 0: 4 neuron, as in network/input_w",
        ),
        (with_weights(jnp.ones(3)), r"shape \(3,\) and must have two axes"),
        (
            eqx.tree_at(lambda n: n.biases, with_weights(jnp.ones((2, 1))), jnp.ones(2)),
            "must have on axis 1: 2 neuron, as in",
        ),
        (eqx.tree_at(lambda n: n.output_weights, small(), None), "network/output_weights is no array but None"),
    ],
)
def test_a_network_that_is_not_sound_is_refused(tmp_path, network, sentence):
    for save, thing in ((save_network, network), (save_trajectory, a_trajectory(network=network))):
        with pytest.raises(UserError, match=rf"bad\.safetensors .*{sentence}"):
            save(tmp_path / "bad.safetensors", thing)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("trajectory", "sentence"),
    [
        (small(), "cannot hold a TwoLayer as a trajectory"),
        (
            a_trajectory(records={"risk": np.zeros(2)}),
            r"records/risk has shape \(2,\) and must have one entry",
        ),
        (a_trajectory(records={"risk": np.zeros(())}), r"records/risk has shape \(\)"),
        (a_trajectory(times=np.zeros((3, 1)), records={}), r"times has shape \(3, 1\) and must have one axis"),
        (a_trajectory(seconds=np.nan), "its wall time is nan seconds"),
        (a_trajectory(state=(np.zeros(1, complex),)), "state/0 has type complex128, which safetensors cannot hold"),
        (a_trajectory(state=(np.array(None),)), "state/0 has type object"),
    ],
)
def test_a_trajectory_that_is_not_sound_is_refused(tmp_path, trajectory, sentence):
    with pytest.raises(UserError, match=rf"bad\.safetensors .*{sentence}"):
        save_trajectory(tmp_path / "bad.safetensors", trajectory)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("load", [load_network, load_trajectory])
def test_what_is_no_file(tmp_path, load):
    with pytest.raises(UserError, match=r"there is no file .*none\.safetensors: check the name"):
        load(tmp_path / "none.safetensors")
    with pytest.raises(UserError, match=rf"{tmp_path} is a folder: name the file to load"):
        load(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"no safetensors file, or is truncated or damaged.*restore it from a copy"):
        load(tmp_path / "file")
    with pytest.raises(UserError, match=r"inside"):
        load(tmp_path / "file" / "inside")


def test_an_unreadable_file(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("condenslab.interop.container.safe_open", refuse)
    with pytest.raises(UserError, match=r"a\.safetensors cannot be read \(Permission denied\): check its permissions"):
        load_network(tmp_path / "a.safetensors")


def test_every_truncation_and_every_altered_byte_is_seen(tmp_path):
    """No prefix of a file loads; with one bit changed it does not either."""
    path, harmed = tmp_path / "a.safetensors", tmp_path / "harmed.safetensors"
    save_network(path, small())
    content = path.read_bytes()
    for length in range(len(content)):
        harmed.write_bytes(content[:length])
        with pytest.raises(UserError, match=r"harmed\.safetensors"):
            load_network(harmed)
    for place, byte in enumerate(content):
        harmed.write_bytes(content[:place] + bytes([byte ^ 1]) + content[place + 1 :])
        with pytest.raises(UserError, match=r"harmed\.safetensors"):
            load_network(harmed)


def test_foreign_files(tmp_path):
    path = tmp_path / "theirs.safetensors"
    for metadata in (None, {"format": "pt"}):
        save_file({"weight": np.zeros((2, 2))}, path, metadata)
        with pytest.raises(UserError, match=r"theirs\.safetensors is a safetensors file of another program"):
            load_network(path)
    for text in ("", "[]", "{}", '{"format":"other","version":1}', '{"format":"condenslab checkpoint","version":"1"}'):
        save_file({}, path, {"condenslab": text})
        with pytest.raises(UserError, match=r"theirs\.safetensors is truncated or damaged \(its header cannot be read"):
            load_network(path)


def test_a_newer_version_is_named(tmp_path):
    with pytest.raises(UserError, match="its header gives version 0"):
        load_network(written(tmp_path / "old.safetensors", CONTENT, TENSORS, version=0))
    path = written(tmp_path / "new.safetensors", {"who": "knows"}, {}, version=3)
    with pytest.raises(UserError, match=r"new\.safetensors has version 3 .* reads up to version 2: upgrade condenslab"):
        load_trajectory(path)


def without(tensors, name):
    return {key: value for key, value in tensors.items() if key != name}


@pytest.mark.parametrize(
    ("content", "tensors", "sentence"),
    [
        (CONTENT, without(TENSORS, "network/biases"), "lacks the tensor network/biases"),
        (CONTENT, {**TENSORS, "network/output_bias": np.ones(1)}, "has the unknown tensor network/output_bias"),
        (CONTENT, RUN_TENSORS, "has the unknown tensor records/risk"),
        (CONTENT, {**TENSORS, "network/biases": np.ones(2)}, r"biases has shape \(2,\) and must have .*: 3 neuron"),
        (CONTENT, {**TENSORS, "network/output_weights": np.ones((1, 2))}, "must have on axis 1: 3 neuron, as in"),
        (CONTENT, {**TENSORS, "network/input_weights": np.ones(3)}, "must have two axes"),
        (
            CONTENT,
            {**TENSORS, "network/biases": np.array([1, np.nan, 1])},
            "not loaded because network/biases has NaN",
        ),
        (CONTENT, {**TENSORS, "network/biases": np.ones(3, np.float16)}, "has type float16 and must have"),
        (network_content(activation="tahn"), TENSORS, "unknown activation 'tahn'; did you mean 'tanh'"),
        (network_content(kind="Transformer"), TENSORS, "its header cannot be read"),
        (network_content(biases=[True]), TENSORS, "gives a TwoLayer 1 layers"),
        (network_content(residual=True), TENSORS, "residual=True"),
        (network_content(kind="MLP", biases=[]), {}, "gives an MLP no layers"),
        (network_content(extra=1), TENSORS, "unknown field `extra`"),
    ],
)
def test_a_network_file_that_does_not_fit_together(tmp_path, content, tensors, sentence):
    path = written(tmp_path / "odd.safetensors", content, tensors)
    with pytest.raises(UserError, match=rf"odd\.safetensors .*{sentence}"):
        load_network(path)


@pytest.mark.parametrize(
    ("content", "tensors", "sentence"),
    [
        (run_content(), without(RUN_TENSORS, "state/0"), "lacks the tensor state/0"),
        (run_content(), without(RUN_TENSORS, "times"), "lacks the tensor times"),
        (run_content(), {**RUN_TENSORS, "records/b": np.ones(2)}, "has the unknown tensor records/b"),
        (run_content(), {**RUN_TENSORS, "records/risk": np.ones(3)}, "one entry for each of 2 times"),
        (run_content(), {**RUN_TENSORS, "network/biases": np.array([1, np.inf, 1])}, "NaN or infinite"),
        (run_content(state=10**15), RUN_TENSORS, "gives 1000000000000000 arrays of state"),
        (run_content(state=-1), RUN_TENSORS, "gives -1 arrays of state"),
        (run_content(stop="BORED"), RUN_TENSORS, "unknown reason 'BORED'"),
        (run_content(seconds=None), RUN_TENSORS, "its header cannot be read"),
    ],
)
def test_a_trajectory_file_that_does_not_fit_together(tmp_path, content, tensors, sentence):
    path = written(tmp_path / "odd.safetensors", content, tensors)
    with pytest.raises(UserError, match=rf"odd\.safetensors .*{sentence}"):
        load_trajectory(path)


def test_the_two_kinds_are_told_apart(tmp_path):
    save_network(tmp_path / "network", small())
    save_trajectory(tmp_path / "run", a_trajectory())
    with pytest.raises(UserError, match="run holds a trajectory: load it with load_trajectory"):
        load_network(tmp_path / "run")
    with pytest.raises(UserError, match="network holds a network without a training run: load it with load_network"):
        load_trajectory(tmp_path / "network")


def test_float64_is_not_rounded_in_silence(tmp_path):
    save_network(tmp_path / "double", small())
    save_network(tmp_path / "single", small(jnp.float32))
    program = "\n".join(
        [
            "import sys",
            "from condenslab.interop import load_network",
            "print(load_network(sys.argv[1] + '/single').biases.dtype)",
            "load_network(sys.argv[1] + '/double')",
        ]
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True)
    assert done.stdout == "float32\n"
    assert "double holds float64 numbers, which JAX would round to float32: call jax.config.update" in done.stderr


@contextmanager
def failing(monkeypatch, owner, function, code):
    def refuse(*arguments, **options):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(owner, function, refuse)
        yield


@pytest.mark.parametrize(
    ("owner", "function", "code"),
    [(os, "fsync", errno.ENOSPC), (os, "replace", errno.EROFS), (Path, "open", errno.EACCES)],
)
def test_a_disk_that_refuses_leaves_the_old_file(tmp_path, monkeypatch, owner, function, code):
    path = tmp_path / "a.safetensors"
    save_network(path, small())
    before = path.read_bytes()
    with (
        failing(monkeypatch, owner, function, code),
        pytest.raises(UserError, match=rf"a\.safetensors cannot be written \({os.strerror(code)}\): free the disk or"),
    ):
        save_trajectory(path, a_trajectory())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_cut_short_by_the_system_leaves_the_old_file(tmp_path):
    """A real limit on the size of files: half of the bytes are written, then the system refuses the rest."""
    path = tmp_path / "a.safetensors"
    save_network(path, small())
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(UserError, match=r"a\.safetensors cannot be written \(File too large\)"):
            save_trajectory(path, a_trajectory(state=(np.ones(10_000),)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(UserError, match=rf"{tmp_path} is a folder: name a file"):
        save_network(tmp_path, small())
    with pytest.raises(UserError, match=r"none/a cannot be written because .*none is no folder: create it first"):
        save_network(tmp_path / "none" / "a", small())
    with pytest.raises(UserError, match="File name too long"):
        save_network(tmp_path / ("a" * 255), small())
