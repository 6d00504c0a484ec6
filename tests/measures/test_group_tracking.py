"""Groups over time, on networks made so that every event is known."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.measures import track_groups
from condenslab.networks import TwoLayer, activation


def relu_net(degrees: list[float], amplitudes: list[float] | None = None) -> TwoLayer:
    """A ReLU network whose neurons have these orientations and amplitudes (1 by default)."""
    angles = np.deg2rad(degrees)
    sizes = np.ones(len(degrees)) if amplitudes is None else np.array(amplitudes)
    return TwoLayer(
        jnp.asarray(np.cos(angles)[:, None]),
        jnp.asarray(np.sin(angles)),
        jnp.asarray(sizes[None]),
        None,
        activation("relu"),
    )


def kinds(history):
    return [(event.kind, event.frame, event.track, event.other) for event in history.events]


def test_a_group_that_drifts_across_the_cut_is_one_group():
    history = track_groups([relu_net([170 + 5 * k, 171 + 5 * k, 0]) for k in range(8)], np.arange(8.0))
    assert history.counts.tolist() == [2] * 8 and history.events == () and len(history.tracks) == 2
    angles = np.unwrap(history.tracks[0].angles)
    np.testing.assert_allclose(np.rad2deg(angles), 170.5 + 5 * np.arange(8), atol=1e-6)


def test_a_group_is_its_members_not_its_place():
    """The group at 0° leaves for 90° while another one comes to 0°."""
    history = track_groups([relu_net([0, 0, 180, 180]), relu_net([90, 90, 0, 0])], [0.0, 1.0])
    assert history.events == ()
    np.testing.assert_allclose([np.rad2deg(track.angles[-1]) for track in history.tracks], [90, 0], atol=1e-9)


def test_merges_and_splits():
    frames = [relu_net([0, 0, 0, 90, 90]), relu_net([45] * 5), relu_net([40, 40, 40, 120, 120])]
    history = track_groups(frames, [1.0, 2.0, 3.0])
    assert history.counts.tolist() == [2, 1, 2]
    assert kinds(history) == [("merge", 1, 1, 0), ("split", 2, 2, 0)]
    assert [track.frames.tolist() for track in history.tracks] == [[0, 1, 2], [0], [2]]
    assert [event.time for event in history.events] == [2.0, 3.0]
    np.testing.assert_allclose(history.tracks[0].amplitudes, [3, 5, 3])
    assert history.tracks[0].sizes.tolist() == [3, 5, 3]


def test_births_and_fading_are_those_of_the_filter():
    frames = [relu_net([0, 0, 90], [1, 1, size]) for size in (1e-6, 1.0, 1e-6)]
    history = track_groups(frames, [0.0, 1.0, 2.0])
    assert kinds(history) == [("birth", 1, 1, None), ("fade", 2, 1, None)]
    assert history.count("birth") == 1 and history.count("merge") == 0
    assert track_groups(frames, [0.0, 1.0, 2.0], amplitude_filter=0.0, group_filter=0.0).counts.tolist() == [2, 2, 2]


def test_every_group_of_every_moment_is_in_one_track():
    rng = np.random.default_rng(0)
    frames = [
        relu_net(rng.choice([0, 60, 120, 180], size=12).tolist(), rng.uniform(0, 1, 12).tolist()) for _ in range(20)
    ]
    history = track_groups(frames, np.arange(20.0))
    places = [(int(frame), track.number) for track in history.tracks for frame in track.frames]
    assert len(places) == len(set(places)) == history.counts.sum()
    for track in history.tracks:
        assert (np.diff(track.frames) == 1).all()
    begun = {event.track for event in history.events if event.kind in ("birth", "split")}
    assert begun == {track.number for track in history.tracks if track.frames[0] > 0}
    ended = {event.track for event in history.events if event.kind in ("merge", "fade")}
    assert ended == {track.number for track in history.tracks if track.frames[-1] < 19}


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="increasing"):
        track_groups([relu_net([0])] * 2, [1.0, 1.0])
    with pytest.raises(ValueError, match="at least one"):
        track_groups([], [])
    with pytest.raises(ValueError, match="group_filter"):
        track_groups([relu_net([0])], [0.0], group_filter=1.0)
    wide = TwoLayer(jnp.eye(3), jnp.zeros(3), jnp.ones((1, 3)), None, activation("tanh"))
    with pytest.raises(ValueError, match="plane"):
        _ = track_groups([wide], [0.0]).tracks[0].angles
