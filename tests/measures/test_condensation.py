"""Condensation: amplitudes, orientations, groups, against hand-made networks, brute force and the known traps."""

import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.measures import amplitudes, condensation, group_counts, hidden_neurons, orientations
from condenslab.networks import MLP, TwoLayer, activation, as_mlp


def network(rows, outgoing=None, sigma="tanh", inputs=None):
    """Returns a network from rows (w, b)."""
    rows = np.asarray(rows, dtype=float)
    inputs = rows.shape[1] - 1 if inputs is None else inputs
    outgoing = np.ones((1, len(rows))) if outgoing is None else np.atleast_2d(np.asarray(outgoing, dtype=float))
    biases = jnp.asarray(rows[:, -1]) if rows.shape[1] > inputs else None
    return TwoLayer(jnp.asarray(rows[:, :inputs]), biases, jnp.asarray(outgoing), None, activation(sigma))


def distances(rows, signed):
    """The obvious relative distance of every pair."""
    table = np.zeros((len(rows), len(rows)))
    for i, j in itertools.product(range(len(rows)), repeat=2):
        near = min(np.linalg.norm(rows[i] - s * rows[j]) for s in ((1, -1) if signed else (1,)))
        table[i, j] = near / max(np.linalg.norm(rows[i]), np.linalg.norm(rows[j]))
    return table


def fewest_groups(table, threshold):
    """The smallest number of groups with all pairs within the threshold, by trying every partition."""
    count = len(table)

    def place(k, groups):
        if k == count:
            return len(groups)
        best = place(k + 1, [*groups, [k]])
        for i, group in enumerate(groups):
            if all(table[k, j] <= threshold for j in group):
                best = min(best, place(k + 1, [*groups[:i], [*group, k], *groups[i + 1 :]]))
        return best

    return place(0, [])


def test_amplitudes_include_the_bias_and_take_norms_over_outputs():
    wide = network([(3.0, 4.0), (0.0, 0.0)], [[3.0, 1.0], [4.0, 1.0]])
    assert amplitudes(wide).tolist() == [25.0, 0.0]


def test_amplitudes_of_any_hidden_layer():
    deep = MLP(
        (jnp.array([[1.0], [2.0]]), jnp.array([[3.0, 4.0]]), jnp.array([[2.0], [0.0]])),
        (jnp.array([0.0, 0.0]), jnp.array([12.0]), None),
        activation("tanh"),
    )
    np.testing.assert_allclose(amplitudes(deep, 0), [3.0, 8.0])
    np.testing.assert_allclose(amplitudes(deep, 1), [26.0])
    with pytest.raises(IndexError, match="0 to 1"):
        amplitudes(deep, 2)


@pytest.mark.parametrize(
    ("w", "b", "angle"),
    [
        (1.0, 0.0, 0.0),
        (-1.0, 0.0, -np.pi),
        (-1.0, -0.0, -np.pi),
        (-1.0, 1e-300, -np.pi),
        (-1.0, -1e-9, -np.pi + 1e-9),
        (0.0, 2.0, np.pi / 2),
        (-0.0, -2.0, -np.pi / 2),
        (1.0, -1.0, -np.pi / 4),
        (-1.0, 1.0, 3 * np.pi / 4),
    ],
)
def test_orientations_wrap(w, b, angle):
    found = orientations(network([(w, b)]))[0]
    assert found == pytest.approx(angle, abs=1e-12)
    assert -np.pi <= found < np.pi


def test_orientations_without_a_direction_or_a_bias():
    assert np.isnan(orientations(network([(0.0, 0.0), (-0.0, -0.0)]))).all()
    assert orientations(network([(2.0,), (-2.0,)], inputs=1)).tolist() == [0.0, -np.pi]
    with pytest.raises(ValueError, match="1 input"):
        orientations(network([(1.0, 2.0, 3.0)]))


def test_the_two_kinks_of_the_quadratic_target():
    """Kinks at ±1/6 are the directions −0.165 and −2.978 of P1 Figure 2."""
    angles = orientations(network([(1.0, -1 / 6), (-1.0, -1 / 6)], sigma="relu"))
    np.testing.assert_allclose(angles, [-0.1651, -2.9764], atol=1e-4)


@pytest.mark.parametrize(
    ("sigma", "rows", "width"),
    [
        ("tanh", [(1, 7), (-1, -7)], 1),  # odd: up to sign
        ("x_tanh", [(1, 7), (-1, -7)], 1),  # even: up to sign
        ("sigmoid", [(1, 7), (-1, -7)], 2),
        ("relu", [(1, 7), (-1, -7)], 2),
        ("tanh", [(1, 7), (1, -7)], 2),  # their cosine is −0.96: a threshold of 0.95 on |cos| merges them
        ("tanh", [(1, 7), (2, 14)], 2),  # equal direction is not enough
        ("exp", [(1, 7), (2, 14)], 2),
        ("relu", [(1, 7), (2, 14)], 1),  # up to positive scale
        ("leaky_relu", [(1, 7), (2, 14)], 1),
        ("tanh", [(1, 7), (1.01, 7.05)], 1),
    ],
)
def test_what_is_one_neuron(sigma, rows, width):
    assert condensation(network(rows, sigma=sigma), threshold=0.05).effective_width == width


def test_a_chain_is_not_one_group():
    """Neurons 1.00, 1.03, …, 2.0: single linkage at 0.05 makes them one; no two members may be farther than 0.05."""
    rows = np.array([(w, 0.0) for w in np.geomspace(1.0, 2.0, 25)])
    found = condensation(network(rows), threshold=0.05, amplitude_filter=0.0)
    assert found.effective_width >= np.log(2) / -np.log(0.95)
    table = distances(rows, signed=True)
    for group in found.groups:
        assert table[np.ix_(group.members, group.members)].max() <= 0.05


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 7),
    threshold=st.floats(0.05, 1.5),
    sigma=st.sampled_from(["tanh", "sigmoid"]),
)
def test_groups_against_brute_force(seed, count, threshold, sigma):
    rows = np.random.default_rng(seed).normal(size=(count, 3))
    found = condensation(network(rows, sigma=sigma), threshold=threshold, amplitude_filter=0.0)
    table = distances(rows, signed=sigma == "tanh")
    members = [group.members for group in found.groups]
    assert sorted(np.concatenate(members)) == list(range(count))
    assert all(table[np.ix_(m, m)].max() <= threshold for m in members)
    assert all(table[np.ix_(m, n)].max() > threshold for m, n in itertools.combinations(members, 2))
    assert found.effective_width >= fewest_groups(table, threshold)


@pytest.mark.parametrize("sigma", ["tanh", "relu"])
def test_well_separated_groups_are_the_fewest(sigma):
    random = np.random.default_rng(3)
    centres = np.array([(1.0, 0.2), (-0.3, 1.0), (0.6, -2.5)])
    rows = centres[[0, 0, 0, 1, 1, 2, 2]] * (1 + 0.01 * random.normal(size=(7, 1)))
    found = condensation(network(rows, sigma=sigma), threshold=0.2, amplitude_filter=0.0)
    assert found.effective_width == 3 == fewest_groups(distances(rows, signed=sigma == "tanh"), 0.2)


def test_evidence_of_a_group():
    """Odd: signs enter the net amplitude. Four neurons ±(3, 4) with output weights 1, −1, 1 and a weak one."""
    found = condensation(network([(3, 4), (-3, -4), (3, 4), (1, 0)], [1.0, -1.0, 2.0, 0.01]), amplitude_filter=0.01)
    (group,) = found.groups
    assert group.members.tolist() == [0, 1, 2]
    assert found.labels.tolist() == [0, 0, 0, -1]
    assert group.amplitude == pytest.approx(20.0)
    assert group.net_amplitude == pytest.approx(20.0)
    assert np.abs(group.representative).tolist() == [3.0, 4.0]
    assert found.dropped_amplitude == pytest.approx(0.01)
    assert found.total_amplitude == pytest.approx(20.01)
    cancelling = condensation(network([(3, 4), (-3, -4)], [1.0, 1.0])).groups[0]
    assert cancelling.amplitude == pytest.approx(10.0)
    assert cancelling.net_amplitude == pytest.approx(0.0)


def test_groups_come_largest_first():
    found = condensation(network([(1, 0), (0, 1), (0, 1)], [2.0, 1.5, 1.5]))
    assert [group.size for group in found.groups] == [2, 1]
    assert found.labels.tolist() == [1, 0, 0]


def test_summed_amplitude_of_the_lab_solution():
    """0.2·ReLU(x − 1/3) + 0.2·ReLU(−x − 1/3) from many neurons has 0.2·√(1 + 1/9) = 0.2108 in each direction."""
    random = np.random.default_rng(0)
    scale, share = random.uniform(0.1, 3, 40), random.dirichlet(np.ones(20), size=2).ravel()
    rows = np.array([(1.0, -1 / 3)] * 20 + [(-1.0, -1 / 3)] * 20) * scale[:, None]
    found = condensation(network(rows, 0.2 * share / scale, sigma="relu"), amplitude_filter=0.0)
    np.testing.assert_allclose([group.amplitude for group in found.groups], 0.2 * np.sqrt(10) / 3, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 30))
def test_one_linkage_gives_every_count(seed, count):
    random = np.random.default_rng(seed)
    wide = network(random.normal(size=(count, 2)), random.normal(size=(1, count)))
    thresholds = np.geomspace(0.01, 1.9, 7)
    counts = group_counts(wide, thresholds)
    alone = [condensation(wide, threshold=float(t)).effective_width for t in thresholds]
    assert counts.counts.tolist() == alone
    assert np.all(np.diff(counts.counts) <= 0)


def test_wide_layers_are_covered_and_say_so():
    random = np.random.default_rng(0)
    rows = np.array([(1.0, 7.0), (1.0, 0.0), (1.0, -7.0)])[random.integers(3, size=300)]
    rows = rows * random.choice([-1.0, 1.0], size=(300, 1)) + 1e-3 * random.normal(size=(300, 2))
    wide = network(rows)
    found = condensation(wide, widest_linkage=100)
    assert found.method == "greedy cover"
    assert found.effective_width == condensation(wide).effective_width == 3
    assert condensation(wide).method == "complete linkage"
    counts = group_counts(wide, np.array([0.01, 0.1]), widest_linkage=100)
    assert counts.method == "greedy cover"
    assert counts.counts[1] == 3
    scattered = random.normal(size=(200, 3))
    table = distances(scattered, signed=True)
    covered = condensation(network(scattered), threshold=0.3, amplitude_filter=0.0, widest_linkage=100)
    assert all(table[np.ix_(g.members, g.members)].max() <= 0.3 for g in covered.groups)


def test_a_layer_of_a_deep_network():
    inner = network([(3.0, 4.0), (-3.0, -4.0), (0.0, 1.0)])
    assert condensation(as_mlp(inner)).effective_width == condensation(inner).effective_width == 2


def test_no_neurons_have_no_groups():
    empty = TwoLayer(jnp.zeros((0, 1)), jnp.zeros(0), jnp.zeros((1, 0)), None, activation("tanh"))
    assert condensation(empty).effective_width == 0
    assert condensation(network([(1.0, 2.0)], [0.0])).effective_width == 0
    assert amplitudes(empty).shape == (0,)


def test_bad_requests():
    one = network([(1.0, 2.0)])
    with pytest.raises(ValueError, match="threshold must lie between 0 and 2"):
        condensation(one, threshold=0.0)
    with pytest.raises(ValueError, match="amplitude_filter"):
        condensation(one, amplitude_filter=1.0)
    with pytest.raises(IndexError, match="hidden layer"):
        condensation(one, layer=1)
    with pytest.raises(ValueError, match="Neuron 1 of layer 0 has NaN"):
        condensation(network([(1.0, 2.0), (np.nan, 0.0)]))
    with pytest.raises(TypeError):
        hidden_neurons(activation("tanh"))


@pytest.mark.parametrize("sigma", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize(("inner", "outer"), [(1e-200, 1.0), (1e200, 1e-200), (1e-170, 1e-130), (1e150, 1e150)])
def test_groups_do_not_depend_on_units(sigma, inner, outer):
    """Squares of such weights underflow or overflow, and products beyond float64 are refused."""
    rows, outgoing = np.array([[1.0, 0.5], [1.0, 0.5], [-0.5, 1.0], [-1.0, -0.5]]), np.array([1.0, 2.0, 3.0, 0.25])
    plain, other = (condensation(network(i * rows, o * outgoing, sigma)) for i, o in ((1.0, 1.0), (inner, outer)))
    assert other.labels.tolist() == plain.labels.tolist()
    np.testing.assert_allclose(other.total_amplitude, plain.total_amplitude * inner * outer, rtol=1e-12)
    with pytest.raises(ValueError, match=r"1\.8e308"):
        condensation(network(1e200 * rows, 1e200 * outgoing, sigma))


def test_arguments_out_of_range_are_refused_in_a_sentence():
    net = network([[1.0, 0.5]])
    for threshold in (math.nan, 0.0, 2.0):
        with pytest.raises(ValueError, match="threshold must"):
            condensation(net, threshold=threshold)
    with pytest.raises(IndexError, match="layer must number"):
        condensation(net, layer=True)
    with pytest.raises(ValueError, match="shape"):
        group_counts(net, np.array([[0.1]]))
