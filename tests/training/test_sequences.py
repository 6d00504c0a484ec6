"""Training on sequences: the optimiser against optax, members alone and together, fixed samples, exact continuation."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from condenslab import networks, training
from condenslab.interop import load_trajectory, save_trajectory
from condenslab.tasks import anchors
from condenslab.training import AdamW, FixedSample, FreshSequences, Stop, train_sequences

TASK = anchors.composite((5, 1), layout=anchors.Layout(items=(10, 19), length=4), split=anchors.RandomSplit(0.2, 0))
SIZES = {"vocabulary": TASK.vocabulary, "length": 4, "d_model": 8, "d_k": 4, "d_ff": 12, "depth": 1}
METHOD = AdamW(3e-3, decay=0.1, warm_up=5, horizon=40)


def drawn(seed=0, gamma=0.5, dtype=jnp.float64):
    return networks.decoder(seed, gamma=gamma, dtype=dtype, **SIZES)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


def test_adamw_is_optax_with_its_schedule_and_clipping():
    params = {"a": jnp.array([1.0, -2.0, 3.0]), "b": jnp.array([[0.5]])}
    method = AdamW(0.1, decay=0.3, warm_up=4, horizon=12, clip=0.7)
    assert float(method.rate_at(0)) == pytest.approx(0.004) and float(method.rate_at(4)) == pytest.approx(0.1)
    assert float(method.rate_at(8)) == pytest.approx(0.1 * (0.04 + 0.96 / 2))
    assert float(method.rate_at(12)) == float(method.rate_at(50)) == pytest.approx(0.004)
    rule = optax.adamw(method.rate_at, weight_decay=0.3)
    other = optax.chain(optax.clip_by_global_norm(0.7), rule)
    means, carried, mine, theirs = method.begin(params), other.init(params), params, params
    for t in range(15):
        slope = lambda p, t=t: jax.tree.map(lambda x: jnp.sin(3 * x + t) * (t % 3), p)  # noqa: E731
        mine, means, norm = method.step(mine, slope(mine), means, t)
        updates, carried = other.update(slope(theirs), carried, theirs)
        theirs = optax.apply_updates(theirs, updates)
        assert float(norm) >= 0
    for name in params:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-10)


@pytest.mark.more
def test_members_are_the_same_alone_and_together():
    """Over seeds, scales, rates, decays and data sizes, in one program."""
    data = [FixedSample.of(TASK.sample(n, 0), room=40) for n in (40, 10, 25)]
    nets = [drawn(s, g) for s, g in ((0, 0.5), (1, 0.8), (2, 0.3))]
    methods = [AdamW(r, decay=d) for r, d in ((1e-3, 0.0), (3e-3, 0.1), (1e-2, 1.0))]
    options = {"steps": 60, "batch": 8, "at": [30]}
    runs = train_sequences(nets, data, methods, key=[5, 6, 7], **options)
    for k, run in enumerate(runs):
        (alone,) = train_sequences([nets[k]], data[k], methods[k], key=[5 + k], **options)
        np.testing.assert_allclose(alone.records["loss"][1:], run.records["loss"][1:], rtol=1e-9)
        assert run.times.tolist() == [0, 30, 60] and run.steps == 60 and run.stop is Stop.FINISHED
    key, unpadded = jax.random.key(0), FixedSample.of(TASK.sample(10, 0))
    assert same(data[1].draw(key, 50), unpadded.draw(key, 50))
    assert (TASK.sample(40, 0).tokens[:10] == TASK.sample(10, 0).tokens).all()


def test_fresh_sequences_are_training_sequences_of_the_task():
    for task in (TASK, dataclasses.replace(TASK, layout=dataclasses.replace(TASK.layout, key_first=False, length=6))):
        tokens, targets = FreshSequences.of(task, room=500).draw(jax.random.key(0), 2000)
        read = task.read(np.asarray(tokens))
        assert (read.targets == np.asarray(targets)).all()
        seen = {tuple(row) for row in np.stack([read.keys, read.rules, read.positions], axis=1).tolist()}
        assert seen == set(map(tuple, task.triples("train").tolist()))


def test_what_is_saved_goes_on_exactly(tmp_path):
    stream = FreshSequences.of(TASK)
    nets, keys = [drawn(0, dtype=jnp.float32), drawn(1, 0.8, jnp.float32)], [3, 4]
    whole = train_sequences(nets, stream, METHOD, key=keys, steps=40, batch=8, at=[15])
    half = train_sequences(nets, stream, METHOD, key=keys, steps=15, batch=8, at=[])
    for k, run in enumerate(half):
        save_trajectory(tmp_path / f"{k}.safetensors", run)
    back = [load_trajectory(tmp_path / f"{k}.safetensors") for k in range(2)]
    on = train_sequences(nets, stream, METHOD, key=keys, steps=40, batch=8, at=[], resume=back)
    for one, other in zip(whole, on, strict=True):
        assert same((one.network, one.state), (other.network, other.state))
        assert other.times.tolist() == [15, 40]
        assert one.network.tokens.dtype == np.float32
    with pytest.raises(ValueError, match="runs of the same members"):
        train_sequences(nets[:1], stream, METHOD, key=keys[:1], steps=40, batch=8, resume=back)


@pytest.mark.more
def test_a_small_decoder_learns_and_is_measured():
    sample = TASK.sample(20, 1)

    def measure(members):
        return {"right": (training.predicted(members, sample.tokens) == sample.targets).mean(axis=1)}

    runs = train_sequences(
        [drawn(0, 0.5, jnp.float32)],
        FixedSample.of(sample),
        AdamW(1e-2, decay=0.0),
        steps=150,
        batch=20,
        key=0,
        measure=measure,
        at=[50],
    )
    assert runs[0].records["right"].shape == (3,) and runs[0].records["right"][-1] == 1.0
    assert runs[0].records["loss"][-1] < runs[0].records["loss"][1]
    assert runs[0].network.tokens.dtype == np.float32


def test_a_member_that_leaves_the_finite_numbers_keeps_what_was_finite():
    nets = [drawn(0, 0.5, jnp.float32), drawn(1, 0.5, jnp.float32)]
    runs = train_sequences(
        nets, FreshSequences.of(TASK), [AdamW(1e38, clip=np.inf), METHOD], key=[0, 1], steps=12, batch=8
    )
    assert [run.stop for run in runs] == [Stop.NOT_FINITE, Stop.FINISHED]
    assert all(np.isfinite(leaf).all() for run in runs for leaf in jax.tree.leaves(run.network))
    assert runs[1].steps == 12 > runs[0].steps


@pytest.mark.more
def test_a_time_limit_ends_with_what_there_is():
    nets = [drawn(k, dtype=jnp.float32) for k in range(2)]
    run, _ = train_sequences(nets, FreshSequences.of(TASK), METHOD, key=0, steps=10**7, batch=8, time_limit=0.5)
    assert run.stop is Stop.TIME_LIMIT and 0 < run.steps < 10**7
    assert run.times.tolist() == [0, run.steps]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps"),
        ({"batch": 0}, "batch"),
        ({"key": [1, 2]}, "lengths"),
        ({"method": [METHOD] * 3}, "lengths"),
        ({"measure": lambda members: {"x": np.zeros(3)}}, "one entry a member"),
    ],
)
def test_bad_requests_are_refused(change, message):
    given = {"method": METHOD, "steps": 3, "batch": 4, "key": 0} | change
    with pytest.raises(ValueError, match=message):
        train_sequences([drawn()], FreshSequences.of(TASK), given.pop("method"), **given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AdamW(-1.0), "rate of AdamW"),
        (lambda: AdamW(np.nan), "rate of AdamW"),
        (lambda: AdamW(0.1, decay=np.inf), "decay of AdamW"),
        (lambda: FixedSample.of(TASK.sample(10, 0), room=5), "room for 5"),
        (lambda: FixedSample.of((np.zeros((3, 2)), np.zeros(3, int))), "whole numbers"),
        (lambda: FixedSample.of((np.zeros((3, 2), int), np.zeros(2, int))), "one target each"),
        (lambda: FreshSequences.of(TASK, room=3), "room for 3"),
    ],
)
def test_bad_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
