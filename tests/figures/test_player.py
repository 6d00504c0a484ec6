"""The film: its frames are the record, and it stays small."""

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
    player = figures.trajectory_player(**record)
    assert len(player.frames) == 12
    for k, frame in enumerate(player.frames):
        output, neurons, now = frame.data
        np.testing.assert_allclose(output.y, record["outputs"][k], rtol=1e-6)
        np.testing.assert_allclose(neurons.x, figures.wrap(record["angles"][k]), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(neurons.y, record["amplitudes"][k], rtol=1e-6)
        np.testing.assert_allclose([now.x[0], now.y[0]], [record["times"][k], record["risk"][k]], rtol=1e-6)


def test_the_slider_names_the_times_and_leads_to_the_frames():
    player = figures.trajectory_player(**film(moments=12))
    (slider,) = player.layout.sliders
    assert [step.args[0][0] for step in slider.steps] == [frame.name for frame in player.frames]
    assert (slider.steps[0].label, slider.steps[-1].label) == ("0", "1000")
    assert slider.active == 11


def test_it_opens_on_the_last_moment_with_the_target():
    record = film()
    player = figures.trajectory_player(**record, target=GRID**2)
    traces = {trace.name: trace for trace in player.data}
    np.testing.assert_allclose(traces["output"].y, record["outputs"][-1], rtol=1e-6)
    np.testing.assert_allclose(traces["output"].x, GRID, rtol=1e-6)
    np.testing.assert_allclose(traces["target"].y, GRID**2, rtol=1e-6)
    assert traces["now"].x[0] == pytest.approx(1e3)


def test_a_long_film_of_many_neurons_stays_small():
    record = film(moments=300, neurons=2000)
    player = figures.trajectory_player(**record)
    assert len(player.frames) == 40
    labels = [step.label for step in player.layout.sliders[0].steps]
    assert (labels[0], labels[-1]) == ("0", "1000"), "the first and the last moment are kept"
    shown = np.asarray(player.frames[-1].data[1].y)
    assert len(shown) == 500
    final = record["amplitudes"][-1]
    np.testing.assert_allclose([shown.min(), shown.max()], [final.min(), final.max()], rtol=1e-6)
    assert len(player.to_json()) < 500_000


def test_axes_are_fixed_to_the_whole_film():
    record = film()
    player = figures.trajectory_player(**record)
    low, high = player.layout.yaxis.range
    assert low < record["outputs"].min() and high > record["outputs"].max()
    low, high = player.layout.yaxis2.range
    assert low < np.log10(record["amplitudes"].min()) and high > np.log10(record["amplitudes"].max())
    assert player.layout.xaxis2.range[0] < -np.pi and np.pi < player.layout.xaxis2.range[1]


def test_dead_neurons_are_drawn_at_the_lowest_level():
    record = film(moments=3)
    record["amplitudes"][:, 0] = 0.0
    shown = np.asarray(figures.trajectory_player(**record).frames[-1].data[1].y)
    assert shown.min() == pytest.approx(1e-12 * record["amplitudes"].max(), rel=1e-6)


def test_a_film_where_nothing_happens_can_be_drawn():
    record = film(moments=2)
    record |= {"amplitudes": np.zeros((2, 20)), "outputs": np.zeros((2, 30)), "risk": np.zeros(2)}
    assert len(figures.trajectory_player(**record).frames) == 2


def test_it_is_described_for_those_who_cannot_see_it():
    said = figures.trajectory_player(**film()).layout.meta["description"]
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
    ],
)
def test_a_bad_film_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        figures.trajectory_player(**{**film(), **change})
