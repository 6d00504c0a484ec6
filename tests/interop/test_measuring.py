"""What is said of layers whose structure is known by construction; brute force beside the blocks."""

import itertools
import json

import numpy as np
import pytest
import safetensors.numpy

from condenslab import interop
from condenslab.cli import main
from condenslab.errors import UserError
from condenslab.interop.neurons import cosines, groups, heads, large, nulls
from condenslab.interop.neurons.rows import Rows
from sampling import sampled

RNG = np.random.default_rng(1)


def planted(neurons, inputs, directions, noise=0.02, seed=0):
    """Returns rows in a few directions, with signs, norms and noise."""
    rng = np.random.default_rng(seed)
    rays = rng.standard_normal((directions, inputs))
    rows = rays[np.arange(neurons) % directions] * rng.choice([-1, 1], (neurons, 1)) * rng.uniform(0.5, 2, (neurons, 1))
    return (rows + noise * rng.standard_normal(rows.shape)).astype(np.float32)


def random(neurons, inputs, seed=0):
    return np.random.default_rng(seed).standard_normal((neurons, inputs)).astype(np.float32)


def orthogonal(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0].astype(np.float32)


def only(arrays, **options):
    (layer,) = interop.measure_arrays(arrays, **options).layers
    return layer


def brute(rows):
    unit = rows.astype(np.float64) / np.linalg.norm(rows.astype(np.float64), axis=1)[:, None]
    product = np.abs(unit @ unit.T)
    participation = len(rows) ** 2 / np.sum(product**2)
    np.fill_diagonal(product, 0)
    return product.max(axis=1), np.triu(product > 0.95).sum(), np.triu(product > 0.99).sum(), participation


@pytest.mark.parametrize("block", [3, 7, 64, 1000])
def test_blocks_find_what_brute_force_finds(block):
    rows = np.concatenate([planted(40, 6, 5), random(23, 6)])
    found = cosines.neighbours(Rows((rows,)), block=block, most_pairs=10**6)
    nearest, close, closer, participation = brute(rows)
    np.testing.assert_allclose(found.nearest, nearest, atol=1e-5)
    assert (found.close, found.closer) == (close, closer)
    assert found.participation == pytest.approx(participation, rel=1e-4)
    assert len(set(found.pairs)) == close and all(i < j for i, j in found.pairs)
    np.testing.assert_allclose(cosines.nearest(cosines.unit(rows)), nearest, atol=1e-5)


def test_planted_directions_are_counted():
    layer = only({"weight": planted(120, 30, 7)})
    assert layer.verdict == "condensed"
    assert {row["threshold"]: row["groups"] for row in layer.directions}[0.95] == layer.effective_width == 7
    assert layer.nulls["rotation"].twins == 120


@pytest.mark.parametrize(
    "shape", sampled([((100, 10),), ((32, 200),), ((20, 5),), ((300, 64),), ((700, 100),)], keep=2)
)
def test_random_layers_and_rotated_copies_have_no_twins(shape):
    """On average: one layer in a hundred is more alike than a hundred draws, and has two twins then."""
    shares = []
    for seed in range(4):
        for rows in (random(*shape, seed), orthogonal(shape[0], seed) @ planted(*shape, 5, noise=0.3, seed=seed)):
            layer = only({"weight": rows}, seed=seed)
            shares.append(layer.nulls["rotation"].share)
            assert layer.nulls["rotation"].twins <= 2 and layer.verdict != "condensed", (shape, seed)
    assert np.mean(shares) <= 0.01


def test_a_rotation_destroys_what_the_spectrum_does_not_show():
    rows = planted(200, 50, 12, noise=0.05)
    rotated = orthogonal(200) @ rows
    np.testing.assert_allclose(np.linalg.svd(rows)[1], np.linalg.svd(rotated)[1], rtol=1e-4)
    assert only({"weight": rows}).verdict == "condensed"
    assert only({"weight": rotated}).verdict == "low-rank"


def test_low_rank_is_not_condensed():
    factors = random(200, 6), random(6, 80, 1)
    layer = only({"weight": factors[0] @ factors[1]})
    assert layer.verdict == "low-rank"
    assert layer.nulls["rotation"].share <= 0.01 and layer.nulls["columns"].share > 0.9


def test_one_direction_is_condensed_and_few_neurons_are_undecided():
    assert only({"weight": planted(30, 10, 1)}).verdict == "condensed"
    assert only({"weight": random(5, 10)}).verdict == "undecided"


def test_dead_in_dead_out_and_faint():
    first, second = random(40, 10), random(3, 40)
    first[:4] = 0
    first[4:10] *= 0.01
    second[:, 38:] = 0
    layer = only({"a.weight": first, "b.weight": second})
    assert (layer.dead, layer.faint, layer.neurons) == (6, 6, 40)
    assert layer.effective_width <= 28
    assert "out in b.weight" in layer.method


@pytest.mark.parametrize(("activation", "expected"), [("tanh", 3), ("relu", 3), ("gelu", 4), (None, 2)])
def test_groups_follow_the_symmetry_of_the_activation(activation, expected):
    a, b = np.eye(6, dtype=np.float32)[:2]
    rows = {"tanh": [a, -a, 3 * a, b], "relu": [a, 3 * a, -a, b], "gelu": [a, -a, 3 * a, b], None: [a, -a, 3 * a, b]}
    layer = only({"weight": np.stack(rows[activation])}, activation=activation)
    assert {row["threshold"]: row["groups"] for row in layer.directions}[0.95] == expected


def test_a_cover_counts_balls_not_chains():
    """Directions every 15 degrees chain into one group under single linkage; a ball of 18 degrees takes one step."""
    angles = np.deg2rad(np.arange(0, 91, 15))
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert groups.cover(rows, 0.95, "direction") == 4


def test_layers_at_the_edge_are_measured_too():
    found = interop.measure_arrays({"zero.weight": np.zeros((9, 4), np.float32), "last.weight": random(9, 7)})
    zero = found.layers[0]
    assert (zero.dead, zero.effective_width, zero.verdict) == (9, 0, "undecided")
    assert only({"weight": np.ones((9, 1), np.float32)}).nearest == {"median": 1.0, "largest": 1.0}


def test_without_nulls_there_is_no_verdict():
    layer = only({"weight": planted(40, 10, 4)}, nulls=False)
    assert layer.verdict == "undecided" and not layer.nulls and layer.effective_width == 4


@pytest.mark.parametrize(
    ("dtype", "factor"), [("f4", 1e-22), ("f4", 1e22), ("f8", 1e-200), ("f8", 1e200), ("f4", 1e-38)]
)
def test_a_layer_of_any_scale_is_measured_alike(dtype, factor):
    arrays = {"a.weight": planted(40, 12, 5), "b.weight": random(40, 40)}
    expected = [only({**arrays}, layers="a.*").as_dict(), only({**arrays}, layers="b.*").as_dict()]
    scaled = {name: (array.astype("f8") * factor).astype(dtype) for name, array in arrays.items()}
    for old, name in zip(expected, ("a.*", "b.*"), strict=True):
        new = only(scaled, layers=name).as_dict()
        for key in ("dead", "faint", "pairs", "verdict", "effective_width", "directions"):
            assert new[key] == old[key], key
        assert new["nearest"]["median"] == pytest.approx(old["nearest"]["median"], rel=1e-4)


def test_a_random_sparse_matrix_is_not_condensed():
    """Few large weights make random rows alike: columns permuted show as much."""
    rng = np.random.default_rng(3)
    layer = only({"weight": rng.standard_normal((200, 64)) * (rng.random((200, 64)) < 0.1)})
    assert layer.nulls["rotation"].share > 0.1 > 0.01 >= layer.nulls["columns"].share
    assert layer.verdict == "undecided"


def test_biases_count():
    """Same weights, other biases: no duplicates."""
    weights, biases = np.ones((8, 2), np.float32), np.linspace(-30, 30, 8).astype(np.float32)
    assert only({"weight": weights}).pairs["0.99"] == 28
    assert only({"weight": weights, "bias": biases}).pairs["0.99"] < 14


def test_filters_kernels_and_turned_matrices():
    rows = planted(24, 27, 4)
    torch_filter = only({"conv.weight": rows.reshape(24, 3, 3, 3)})
    jax_kernel = only({"Conv_0.kernel": np.moveaxis(rows.reshape(24, 3, 3, 3), 0, -1)})
    dense = only({"Dense_0.kernel": rows.T.copy()})
    turned = only({"c_fc.weight": rows.T.copy(), "c_fc.bias": np.zeros(24, np.float32)})
    for layer in (torch_filter, jax_kernel, dense, turned):
        assert layer.neurons == 24 and layer.effective_width == 4
    assert torch_filter.kind == jax_kernel.kind == "convolution"


def test_a_gated_layer_is_judged_by_its_pairs():
    """Half of each pair is duplicated, never both: alone they condense, together they do not."""
    gate, up = planted(60, 40, 6), planted(60, 40, 6, seed=1)[np.random.default_rng(0).permutation(60)]
    found = interop.measure_arrays({"mlp.gate_proj.weight": gate, "mlp.up_proj.weight": up})
    (layer,) = found.layers
    assert layer.kind == "gated" and layer.pairs["0.99"] < 60
    both = interop.measure_arrays({"mlp.gate_proj.weight": gate, "mlp.up_proj.weight": gate}).layers[0]
    assert both.effective_width == 6


def test_recurrent_units_are_stacked():
    found = interop.measure_arrays({"rnn.weight_ih_l0": random(32, 5), "rnn.weight_hh_l0": random(32, 8)})
    shapes = [(layer.kind, layer.neurons, layer.inputs) for layer in found.layers]
    assert shapes == [("recurrent", 8, 20), ("recurrent", 8, 32)]


def attention(count, inner, width, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"q_proj": (count * inner, width), "k_proj": (count * inner, width), "v_proj": (count * inner, width)}
    arrays = {f"self_attn.{n}.weight": rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()}
    return {**arrays, "self_attn.out_proj.weight": rng.standard_normal((width, count * inner)).astype(np.float32)}


def test_heads_do_not_depend_on_a_basis_inside_a_head():
    arrays = attention(4, 5, 30)
    change = np.random.default_rng(5).standard_normal((5, 5))
    moved = {name: array.copy() for name, array in arrays.items()}
    moved["self_attn.q_proj.weight"][:5] = change @ arrays["self_attn.q_proj.weight"][:5]
    moved["self_attn.k_proj.weight"][:5] = np.linalg.inv(change).T @ arrays["self_attn.k_proj.weight"][:5]
    first, second = (interop.measure_arrays(a, heads=4).heads[0] for a in (arrays, moved))
    assert first.qk["nearest"] == pytest.approx(second.qk["nearest"], abs=1e-4)
    left, right = (
        arrays["self_attn.q_proj.weight"].reshape(4, 5, 30),
        arrays["self_attn.k_proj.weight"].reshape(4, 5, 30),
    )
    products = np.einsum("hia,hib->hab", left, right).reshape(4, -1).astype(float)
    unit = products / np.linalg.norm(products, axis=1)[:, None]
    np.testing.assert_allclose(heads.product_cosines(left, right), unit @ unit.T, atol=1e-5)


def test_a_copied_head_is_found_and_unknown_heads_are_said():
    arrays = attention(4, 5, 30)
    for name in ("q_proj", "k_proj"):
        arrays[f"self_attn.{name}.weight"][5:10] = arrays[f"self_attn.{name}.weight"][:5]
    fused = {"self_attn.in_proj_weight": np.concatenate([arrays[f"self_attn.{n}_proj.weight"] for n in "qkv"])}
    fused["self_attn.out_proj.weight"] = arrays["self_attn.out_proj.weight"]
    for each in (arrays, fused):
        (head,) = interop.measure_arrays(each, heads=4).heads
        assert head.qk["pairs"]["0.95"] == 1 and head.ov["pairs"]["0.95"] == 0
    found = interop.measure_arrays(arrays)
    assert not found.heads and not found.layers
    assert len(found.skipped) == 4 and all("--heads" in reason for _, reason in found.skipped)


def test_shared_keys_and_fused_matrices_are_cut_alike():
    """Four query heads share two keys; as three matrices and fused into one they are the same heads."""
    rng = np.random.default_rng(3)
    shapes = {"q_proj": (20, 20), "k_proj": (10, 20), "v_proj": (10, 20), "o_proj": (20, 20)}
    arrays = {f"attn.{n}.weight": rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()}
    (apart,) = interop.measure_arrays(arrays, heads=4).heads
    fused = {"attn.qkv_proj.weight": np.concatenate([arrays[f"attn.{n}_proj.weight"] for n in "qkv"])}
    (together,) = interop.measure_arrays(fused | {"attn.o_proj.weight": arrays["attn.o_proj.weight"]}, heads=4).heads
    assert apart.qk == together.qk and apart.ov == together.ov
    query, key = (arrays[f"attn.{n}_proj.weight"].reshape(-1, 5, 20).astype(float) for n in "qk")
    products = np.einsum("hia,hib->hab", query, np.repeat(key, 2, axis=0)).reshape(4, -1)
    unit = products / np.linalg.norm(products, axis=1)[:, None]
    nearest = (np.abs(unit @ unit.T) - 2 * np.eye(4)).max(axis=1)
    assert apart.qk["nearest"]["largest"] == pytest.approx(nearest.max(), abs=1e-5)


@pytest.mark.parametrize("count", [3, 7, 1000])
def test_a_wrong_number_of_heads_is_said(count):
    found = interop.measure_arrays(attention(4, 5, 30), heads=count)
    assert not found.heads and len(found.skipped) == 4


def test_everything_is_measured_or_named():
    arrays = {
        "model.fc1.weight": random(16, 8),
        "model.fc1.bias": random(16, 1)[:, 0],
        "model.embed_tokens.weight": random(50, 8),
        "lm_head.weight": random(50, 8),
        "optimizer.state.0.exp_avg": random(16, 8),
        "ema.fc1.weight": random(16, 8),
        "mask": np.zeros((4, 4), np.int64),
        "layer.qweight": np.zeros((4, 4), np.int32),
        "broken.weight": np.full((9, 9), np.nan, np.float32),
        "fc2.weight": random(12, 16),
        "tail.weight": random(3, 12),
    }
    found = interop.measure_arrays(arrays)
    named = [layer.name for layer in found.layers] + [name for name, _ in found.skipped]
    assert sorted(named) == sorted(arrays)
    assert [layer.name for layer in found.layers] == ["model.fc1.weight", "fc2.weight"]
    reasons = dict(found.skipped)
    words = {
        "embed_tokens": "embedding",
        "lm_head": "output",
        "exp_avg": "optimiser",
        "ema": "average",
        "mask": "int64",
    }
    words |= {"qweight": "packed", "broken": "NaN", "tail": "output"}
    for part, word in words.items():
        assert word in next(reason for name, reason in reasons.items() if part in name)


def test_duplicates_of_wide_layers_are_found_by_projection():
    rows = random(5000, 200)
    rng = np.random.default_rng(2)
    pairs = rng.permutation(5000)[:200].reshape(100, 2)
    for number, (i, j) in enumerate(pairs):
        cosine = 0.955 + 0.04 * number / 100
        noise = rng.standard_normal(200)
        noise -= noise @ rows[i] / (rows[i] @ rows[i]) * rows[i]
        rows[j] = -(cosine * rows[i] + np.sqrt(1 - cosine**2) * np.linalg.norm(rows[i]) / np.linalg.norm(noise) * noise)
    found = {(i, j) for i, j, _ in large.duplicates(Rows((rows,)), np.random.default_rng(0))}
    assert found == {tuple(sorted(pair)) for pair in pairs.tolist()}
    layer = only({"weight": rows})
    assert layer.pairs["0.95"] == 100 and "sample" in layer.method
    nearest = brute(rows)[0]
    sample = np.arange(0, 5000, 50)
    np.testing.assert_allclose(large.nearest_of_sample(Rows((rows,)), sample), nearest[sample], atol=1e-5)


def test_a_null_is_orthogonal_and_keeps_columns():
    rng = np.random.default_rng(0)
    for count in (2, 5, 8, 31):
        for turned in itertools.islice(nulls.draws(np.eye(count, dtype=np.float32), "rotation", rng), 4):
            np.testing.assert_allclose(turned @ turned.T, np.eye(count), atol=1e-5)
    rows = random(12, 4)
    seen = list(itertools.islice(nulls.draws(rows, "columns", rng), 4))
    assert len({draw.tobytes() for draw in seen}) == 4
    for draw in seen:
        np.testing.assert_array_equal(np.sort(draw, axis=0), np.sort(rows, axis=0))


@pytest.mark.parametrize("kind", nulls.KINDS)
def test_first_and_later_draws_have_the_law_of_the_null(kind):
    """Beside orthogonal matrices by QR (uniform), and columns permuted afresh: largest cosines of 300 draws of each."""
    rows, rng = planted(24, 9, 6), np.random.default_rng(1)

    def largest(draw):
        return cosines.nearest(cosines.unit(draw)).max()

    def afresh():
        return orthogonal(24, rng.integers(2**32)) @ rows if kind == "rotation" else rng.permuted(rows, axis=0)

    chains = [[largest(draw) for draw in itertools.islice(nulls.draws(rows, kind, rng), 5)] for _ in range(300)]
    reference = [largest(afresh()) for _ in range(300)]
    for found in ([chain[0] for chain in chains], [chain[4] for chain in chains]):
        error = np.sqrt((np.var(found) + np.var(reference)) / 300)
        assert abs(np.mean(found) - np.mean(reference)) < 4 * error
        assert 0.7 < np.std(found) / np.std(reference) < 1.4
    assert abs(np.corrcoef([chain[0] for chain in chains], [chain[4] for chain in chains])[0, 1]) < 0.25


def test_the_seed_fixes_every_number():
    rows = random(40, 6)
    first, again, other = (only({"weight": rows}, seed=seed).as_dict() for seed in (3, 3, 4))
    assert first == again and first["null"] != other["null"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, directions in enumerate((60, 12, 4)):
        rows = planted(60, 20, directions, noise=0.05)
        safetensors.numpy.save_file(
            {"module.fc.weight": rows, "head.weight": random(3, 60)}, f"step{number}.safetensors"
        )
    return tmp_path


def test_the_command_prints_the_keys_that_scripts_rely_on(folder, capsys):
    command = ["measure", "step0.safetensors", "--json", "--against", "step1.safetensors", "step2.safetensors"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"file", "sha256", "skipped", "layers", "heads"} <= set(found)
    layer = found["layers"][0]
    keys = {"name", "shape", "neurons", "dead", "faint", "pairs", "nearest", "directions", "effective_width", "null"}
    assert keys | {"verdict", "method"} <= set(layer)
    assert {"twins", "repeats", "seed"} <= set(layer["null"]["rotation"]) & set(layer["null"]["columns"])
    assert {"name", "reason"} == set(found["skipped"][0])
    course = found["course"][0]
    assert course["directions"] == [60, 12, 4] and course["verdicts"][1:] == ["condensed", "condensed"]


def test_the_page_needs_nothing_else(folder, capsys):
    assert main(["measure", "step1.safetensors", "--page", "out.html", "--against", "step2.safetensors"]) == 0
    text = (folder / "out.html").read_text()
    assert "module.fc.weight" in text and "Over training" in text and "rotation" in text and "head.weight" in text
    assert "<script" not in text and "http" not in text and 'src="data:image/png' in text
    assert "wrote out.html" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "takes one file"),
        ([""], "no file"),
        (["step0.safetensors", "--against"], "one or more later"),
        (["nowhere:build", "--weights", "step0.safetensors"], "needs inputs"),
        (["nowhere.pt"], "no file"),
        (["a", "b"], "takes one file"),
        (["step0.safetensors", "--inputs", "x.npz"], "module:function"),
        (["step0.safetensors", "--page", "x.pdf"], "must end in .html"),
        (["step0.safetensors", "--layers", "nothing*"], "no layer"),
        (["step0.safetensors", "--activation", "tahn"], "tahn"),
        (["step0.safetensors", "--seed", "-1"], "seed"),
        (["step0.safetensors", "--repeats", "0"], "repeats"),
        (["step0.safetensors", "--heads", "0"], "heads"),
        (["step0.safetensors", "--against", "nowhere.pt"], "no file"),
        (["no_such_module:build"], "--weights"),
        (["no_such_module:build", "--weights", "step0.safetensors", "--inputs", "x.npz"], "PyTorch|imported"),
    ],
)
def test_a_mistake_gets_one_sentence(arguments, words, folder, capsys):
    assert main(["measure", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and any(word in said for word in words.split("|")), said


def test_a_name_in_a_file_moves_no_cursor(folder, capsys):
    weight = random(20, 9)
    np.savez(folder / "odd.npz", **{"\x1b[2Jfc\r\n.weight": weight, "\x1b]0;x\x07bias": weight[0]})
    assert main(["measure", "odd.npz"]) == 0
    shown = capsys.readouterr().out
    assert "\\x1b[2Jfc\\r\\n.weight" in shown and all(c.isprintable() or c == "\n" for c in shown)
    assert main(["measure", "odd.npz", "--layers", "x"]) == 2
    assert all(c.isprintable() or c == "\n" for c in capsys.readouterr().err)


def test_unknown_activation_in_python():
    with pytest.raises(UserError, match="unknown"):
        interop.measure_arrays({"w": random(3, 3)}, activation="nope")
