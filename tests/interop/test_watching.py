"""The watcher: what it records, that it goes on after a restart, and who else is told."""

import gc

import numpy as np
import pytest

from condenslab import interop
from condenslab.errors import UserError
from condenslab.interop.neurons import cosines, groups, sampled
from condenslab.interop.watching import arrays_of
from condenslab.sweeps import Store


def model(directions, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((directions, 20))[np.arange(64) % directions] + 0.02 * rng.standard_normal((64, 20))
    return {"fc.weight": rows.astype(np.float32), "out.weight": rng.standard_normal((3, 64)).astype(np.float32)}


def test_condensation_is_seen_as_it_happens(tmp_path):
    watcher = interop.Watcher(tmp_path / "runs", run="mine", every=10)
    assert watcher(5, model(64)) is None
    first, last = watcher(10, model(64))["fc.weight"], watcher(20, model(4))["fc.weight"]
    assert first["directions"] == 64 and last["directions"] == last["effective_width"] == 4
    assert first["twins"] <= 0.05 and last["twins"] == 1
    assert first["nearest"] < last["nearest"]
    watcher.page(tmp_path / "course.html")
    text = (tmp_path / "course.html").read_text()
    assert "fc.weight" in text and "2 records" in text and "http" not in text


def test_what_hardly_changes_is_drawn_as_flat(tmp_path):
    """The median cosine is 0.999 at each step and differs in the digits behind."""
    watcher = interop.Watcher(tmp_path / "runs", run="mine", every=1)
    found = [watcher(step, model(4, seed=step))["fc.weight"]["nearest"] for step in range(3)]
    assert 0 < max(found) - min(found) < 1e-3
    watcher.page(tmp_path / "course.html")
    drawing = (tmp_path / "course.html").read_text().split('aria-label="nearest of fc.weight"')[1].split("</svg>")[0]
    heights = [float(pair.split(",")[1]) for pair in drawing.split('points="')[1].split('"')[0].split()]
    assert max(heights) - min(heights) < 1


def test_a_restarted_run_goes_on(tmp_path):
    interop.Watcher(tmp_path, run="mine", every=1)(1, model(64))
    again = interop.Watcher(tmp_path, run="mine", every=1)
    again(2, model(8))
    again(1, model(16))
    interop.Watcher(tmp_path, run="another", every=1)(7, model(2))
    assert [(step, row["fc.weight"]["directions"]) for step, row in again.history()] == [(1, 16), (2, 8)]
    assert len(Store(tmp_path).records("watch")) == 3


def test_a_fixed_sample_of_neurons_is_the_same_at_every_step(tmp_path):
    watcher = interop.Watcher(tmp_path, every=1, sample=16)
    assert watcher(1, model(4)) == watcher(2, model(4))
    assert watcher(3, model(64))["fc.weight"]["directions"] == 16


def test_loggers_are_told(tmp_path):
    class Board:
        def __init__(self):
            self.said = []

        def add_scalar(self, name, value, step):
            self.said.append((name, value, step))

    class Weights:
        def __init__(self):
            self.said = {}

        def log(self, values, step):
            self.said[step] = values

    board, weights = Board(), Weights()
    for writer in (board, weights):
        interop.Watcher(tmp_path, every=1, writer=writer)(3, model(4))
    assert ("condensation/fc.weight/directions", 4.0, 3) in board.said
    assert weights.said[3]["condensation/fc.weight/directions"] == 4.0


def test_equinox_modules_and_nested_dicts_are_watched(tmp_path):
    import equinox as eqx
    import jax

    mlp = eqx.nn.MLP(3, 2, 16, 2, key=jax.random.key(0))
    assert "layers.0.weight" in arrays_of(mlp)
    found = interop.Watcher(tmp_path, every=1)(1, mlp)
    assert set(found) == {"layers.0.weight", "layers.1.weight"}
    flax = {"params": {"Dense_0": {"kernel": np.ones((3, 16), np.float32), "bias": np.zeros(16, np.float32)}}}
    assert interop.Watcher(tmp_path, every=1)(1, flax)["Dense_0.kernel"]["neurons"] == 16


@pytest.mark.parametrize("symmetry", list(groups.METHODS))
def test_the_gram_matrix_says_what_the_rows_say(symmetry):
    """Two routes to the same numbers: Gram matrix and cosines of rows, a cover by balls over rows and over cosines."""
    rows = model(9)["fc.weight"]
    rows[:20] *= np.random.default_rng(1).choice([-1, 1, 3], (20, 1))
    rows[20], rows[21:24] = 0, rows[21:24] * 0.01
    found = sampled.numbers(rows, symmetry, 0)
    live = np.flatnonzero(rows.any(axis=1))
    best = cosines.nearest(cosines.unit(rows[live]))
    assert found["nearest"] == pytest.approx(np.median(best), rel=1e-5)
    assert found["directions"] == groups.count(rows[live], best, 0.95, symmetry)
    strong = np.delete(rows, range(20, 24), axis=0)
    kept = groups.count(strong, cosines.nearest(cosines.unit(strong)), 0.95, symmetry)
    assert found["effective_width"] == kept


def test_random_layers_have_no_twins_on_average():
    rng = np.random.default_rng(0)
    for neurons, inputs in ((24, 10), (40, 30), (96, 64)):
        layers = (rng.standard_normal((neurons, inputs)).astype(np.float32) for _ in range(40))
        assert np.mean([sampled.numbers(rows, "direction", 0)["twins"] for rows in layers]) <= 0.01


def test_records_reach_the_store_soon_and_at_the_end_without_a_write_each(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("condenslab.interop.watching.time.monotonic", lambda: now[0])
    watcher = interop.Watcher(tmp_path, every=1)

    def stored():
        return sorted(record.case["step"] for record in Store(tmp_path).records("watch").values())

    watcher(0, model(4))
    assert stored() == [0]
    watcher(1, model(4))
    watcher(1, model(5))
    assert stored() == [0]
    now[0] = 1.1
    watcher(2, model(4))
    assert stored() == [0, 1, 2] and len(list((tmp_path / "shards").iterdir())) == 2
    watcher(3, model(4))
    del watcher
    gc.collect()
    assert stored() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("options", "words"),
    [({"every": 0}, "every"), ({"sample": 1}, "sample"), ({"seed": -1}, "seed"), ({"activation": "no"}, "activation")],
)
def test_a_bad_option_is_refused(options, words, tmp_path):
    with pytest.raises(UserError, match=words):
        interop.Watcher(tmp_path, **options)


def test_what_cannot_be_watched_is_said(tmp_path):
    watcher = interop.Watcher(tmp_path, every=1)
    with pytest.raises(UserError, match="no layer"):
        watcher(1, {"bias": np.zeros(3, np.float32)})
    with pytest.raises(UserError, match="NaN"):
        watcher(1, {"fc.weight": np.full((9, 9), np.nan, np.float32)})
    with pytest.raises(UserError, match="nothing is recorded"):
        watcher.page(tmp_path / "a.html")
    with pytest.raises(UserError, match=r"\.html"):
        watcher.page(tmp_path / "a.pdf")
    with pytest.raises(UserError, match="not installed"):
        interop.lightning_callback(watcher)
