"""The film: its frames are the record, and it stays small."""

import json

import numpy as np
import pytest

from condenslab import figures

GRID = np.linspace(-1, 1, 30)


def film(moments=50, neurons=20, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": GRID,
        "outputs": rng.normal(size=(moments, len(GRID))),
        "angles": rng.uniform(-6, 6, (moments, neurons)),
        "amplitudes": rng.uniform(0.1, 1, (moments, neurons)),
        "times": np.concatenate([[0.0], np.geomspace(1e-3, 1e3, moments - 1)]),
        "risk": np.geomspace(1, 1e-6, moments),
    }


def test_each_frame_is_a_moment_of_the_record():
    record = film(moments=12)
    made = figures.trajectory_player(**record)
    for name in ("outputs", "amplitudes", "times", "risk"):
        np.testing.assert_array_equal(getattr(made, name), record[name])
    np.testing.assert_allclose(made.angles, figures.wrap(record["angles"]), rtol=1e-12)
    np.testing.assert_array_equal(made.curve, [record["times"], record["risk"]])


def test_what_the_page_holds_is_the_film_to_the_eye():
    record = film(moments=12)
    content = figures.trajectory_player(**record, target=GRID**2).content()
    np.testing.assert_allclose(content["outputs"], record["outputs"], rtol=1e-4)
    np.testing.assert_allclose(content["angles"], figures.wrap(record["angles"]), atol=6e-4)
    np.testing.assert_allclose(content["amplitudes"], np.log10(record["amplitudes"]), atol=6e-3)
    np.testing.assert_allclose(content["target"], GRID**2, rtol=1e-4)
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_strong_neurons_are_counted_among_all():
    amplitudes = np.ones((2, 2000))
    amplitudes[1] = 0.05 - 1e-9
    amplitudes[1, :7] = 1.0
    amplitudes[1, 7] = 0.05
    record = film(moments=2, neurons=2000) | {"amplitudes": amplitudes}
    made = figures.trajectory_player(**record)
    assert made.strong.tolist() == [2000, 8] and made.neurons == 2000


def test_a_long_film_of_many_neurons_stays_small():
    record = film(moments=300, neurons=2000)
    made = figures.trajectory_player(**record)
    assert made.outputs.shape == (40, 30)
    assert (made.times[0], made.times[-1]) == (record["times"][0], record["times"][-1])
    assert len(made.curve[0]) == 300
    final = record["amplitudes"][-1]
    assert made.amplitudes.shape == (40, 500)
    np.testing.assert_allclose([made.amplitudes[-1].min(), made.amplitudes[-1].max()], [final.min(), final.max()])
    assert len(json.dumps(made.content())) < 500_000


def test_groups_go_with_their_neurons():
    record = film(neurons=2000)
    groups = np.where(np.arange(2000) == np.argmax(record["amplitudes"][-1]), 0, -1)
    made = figures.trajectory_player(**record, groups=groups, names=["the largest"])
    assert np.flatnonzero(made.groups == 0).tolist() == [np.argmax(made.amplitudes[-1])]
    assert figures.trajectory_player(**record).groups.max() == -1


def test_dead_neurons_are_drawn_at_the_lowest_level():
    record = film(moments=3)
    record["amplitudes"][:, 0] = 0.0
    made = figures.trajectory_player(**record)
    assert made.amplitudes.min() == pytest.approx(1e-12 * record["amplitudes"].max(), rel=1e-6)
    assert made.strong.max() <= 19


def test_a_film_where_nothing_happens_can_be_shown():
    record = film(moments=2)
    record |= {"amplitudes": np.zeros((2, 20)), "outputs": np.zeros((2, 30)), "risk": np.zeros(2)}
    made = figures.trajectory_player(**record)
    assert made.strong.tolist() == [0, 0]
    json.dumps(made.content(), allow_nan=False)


def test_it_is_described_for_those_who_cannot_see_it():
    said = figures.trajectory_player(**film()).description
    assert "20 neurons at 40 times from 0 to 1000" in said and "from 1 to 1×10⁻⁶" in said


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outputs": np.zeros((50, 3))}, r"each row of outputs must be as long as x \(30\). Got 3"),
        ({"outputs": np.zeros((4, 30))}, r"outputs must be as long as times \(50\). Got 4"),
        ({"amplitudes": np.ones((50, 3))}, "each row of amplitudes must be as long as each row of angles"),
        ({"amplitudes": -np.ones((50, 20))}, "amplitudes must not be negative"),
        ({"angles": np.full((50, 20), np.nan)}, "angles must be finite. Got nan at index 0, 0"),
        ({"times": np.arange(50)[::-1]}, "times must be in increasing order"),
        ({"risk": [1.0]}, r"risk must be as long as times \(50\). Got 1"),
        ({"target": [1.0]}, r"target must be as long as x \(30\). Got 1"),
        ({"x": GRID[::-1]}, "x must be in increasing order"),
        ({"groups": np.zeros(20)}, r"groups must be -1 or an index into the 0 names. Got 0 to 0"),
        ({"groups": [0], "names": ["a"]}, r"groups must have one entry a neuron \(20\). Got 1"),
        ({"samples": ([1.0, 2.0], [1.0])}, "the second must be as long as the first of samples"),
        ({"curve": ([1.0], [np.inf])}, "curve must be finite"),
    ],
)
def test_a_bad_film_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        figures.trajectory_player(**{**film(), **change})
