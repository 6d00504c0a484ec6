"""The landscape_slices study: claims on made-up records, and slices of small networks."""

from dataclasses import replace

import numpy as np
import pytest

from condenslab import studies
from condenslab.errors import UserError
from condenslab.studies.landscape_slices.cases import CriticalCase, ImageCase, Settings, TrajectoryCase
from condenslab.studies.landscape_slices.claims import quadratic
from condenslab.sweeps import Record
from condenslab.training import Stop
from judging import decided, ended, judged, record_of

STUDY = studies.get("landscape_slices")
AXIS = np.linspace(-1.0, 1.0, 5)
SETTINGS = Settings(widths=(1, 3), points=5, seeds=1)


def saddle(width, risk, lowest, curvature):
    """A record of R + ½(lowest·s² + 2·t²) on a plane."""
    plane = risk + 0.5 * (lowest * AXIS[:, None] ** 2 + 2.0 * AXIS[None, :] ** 2)
    values = {
        "risk": risk,
        "eigenvalues": [lowest, 0.0, 2.0],
        "curvatures": [curvature, 1e-9, 2.0],
        "flat_deviation": 1e-17,
        "start_risk": 5.0,
    }
    return record_of(STUDY, CriticalCase(width, 7, 5), values, {"axis": AXIS, "reach": np.ones(2), "plane": plane})


def flow(**values):
    return record_of(STUDY, TrajectoryCase(0, 100, 1e6, 5), values)


GOOD = [saddle(1, 0.1, -0.5, -0.5), saddle(3, 0.0, 0.0, 0.0), flow(asymmetry=1e-16, explained=0.95)]


def test_a_saddle_and_a_global_minimum():
    claims = judged(STUDY, GOOD, SETTINGS)
    assert [claim.verdict for claim in claims] == ["holds"] * 6
    assert "widths 1 → 8, 3 → 10" in claims[0].statement and "widths 3 → 10" in claims[3].statement
    np.testing.assert_allclose(quadratic(GOOD[0], 0), 0.1 - 0.25 * AXIS**2)


def test_what_does_not_hold_fails():
    bad = [saddle(1, 0.1, 0.5, 0.6), saddle(3, 0.0, -0.1, -0.1), flow(asymmetry=1e-3, explained=0.3)]
    assert decided(STUDY, bad, SETTINGS) == ["fails", "holds", "fails", "fails", "fails", "fails"]


def test_no_statement_vanishes_and_none_rests_on_what_is_left():
    """Two statements once vanished without their minima, and the others were decided on the widths that were left."""
    assert decided(STUDY, [], SETTINGS) == ["undecided"] * 6
    first = GOOD[0]
    lost = Record(first.study, first.id, first.case, "failed", "Lost.")
    told = decided(STUDY, [lost, *GOOD[1:]], SETTINGS)
    assert told == ["undecided", "undecided", "undecided", "holds", "holds", "holds"]
    only = judged(STUDY, GOOD[:1], replace(SETTINGS, widths=(1,)))
    assert [claim.verdict for claim in only[:4]] == ["holds", "holds", "holds", "undecided"]


def test_the_embedded_minimum_of_width_one():
    """R = 0.1090227421; embedded it is a saddle, flat in its critical subspace, and curved as its eigenvalues say."""
    (outcome,) = STUDY.run_batch([CriticalCase(1, 2, 5)])
    values = outcome.values
    assert outcome.status == "done" and values["risk"] == pytest.approx(0.1090227421, abs=5e-11)
    assert values["eigenvalues"][0] < 0 < values["eigenvalues"][-1]
    assert values["curvatures"][-1] == pytest.approx(values["eigenvalues"][-1], rel=1e-3)
    assert values["flat_deviation"] <= 1e-12 and outcome.arrays["plane"].shape == (5, 5)


def test_a_flow_is_seen_in_its_plane_and_its_ending_told(monkeypatch):
    cases = [TrajectoryCase(seed, 4, 10.0, 5) for seed in (0, 1)]
    for outcome in STUDY.run_batch(cases):
        assert outcome.status == "done" and 0 < outcome.values["explained_by_one"] <= outcome.values["explained"] <= 1
        assert outcome.values["asymmetry"] <= 1e-12 and outcome.arrays["times"][-1] == pytest.approx(10.0)
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.NO_PROGRESS)
        assert [outcome.status for outcome in STUDY.run_batch(cases)] == ["diverged", "done"]
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch(cases)


@pytest.mark.more
def test_a_surface_on_images_needs_their_files(tmp_path):
    """Two kinds of image that differ in their brighter half are told apart, and the end lies in a valley."""
    random = np.random.default_rng(0)
    labels = np.arange(40, dtype=np.uint8) % 2
    images = random.integers(0, 60, (40, 4, 4)).astype(np.uint8)
    images[labels == 1, :2] += 150
    for name, array in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        shape = b"".join(size.to_bytes(4, "big") for size in array.shape)
        (tmp_path / name).write_bytes(bytes([0, 0, 8, array.ndim]) + shape + array.tobytes())
    (case,) = STUDY.cases(replace(SETTINGS, widths=(), seeds=0, images=str(tmp_path), image_samples=40), seed=0)
    case = replace(case, points=5, width=4)
    (outcome,) = STUDY.run_batch([case])
    assert outcome.status == "done" and outcome.values["accuracy"] == 1.0 and outcome.values["risk"] < 0.1
    plane = outcome.arrays["plane"]
    assert plane[2, 2] == pytest.approx(outcome.values["risk"]) and plane[2, 2] < min(plane[0, 0], plane[-1, -1])
    for change, message in (({"folder": str(tmp_path / "no")}, "no file"), ({"samples": 41}, "has 40 images")):
        with pytest.raises(UserError, match=message):
            STUDY.run_batch([replace(case, **change)])
    assert not any(isinstance(c, ImageCase) for c in STUDY.cases(STUDY.presets["full"], seed=0))
