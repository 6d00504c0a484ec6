"""Groups, reductions and embeddings of small torch modules against what is planted in them; files, and bad input."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.more
torch = pytest.importorskip("torch")

from condenslab import interop  # noqa: E402
from condenslab.cli import main  # noqa: E402
from condenslab.errors import UserError  # noqa: E402
from condenslab.interop.structure import writing  # noqa: E402
from condenslab.interop.structure.operators import RULES  # noqa: E402

nn = torch.nn


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def dense(activation=None, inputs=7):
    return nn.Sequential(nn.Linear(inputs, 20), activation or nn.ReLU(), nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 3))


def units(receipt):
    return {(row["kind"], row["scope"]): row["units"] for row in receipt["units"]}


def test_groups_of_a_dense_network_by_hand():
    found = interop.groups(dense(), (torch.randn(4, 7),))
    first, second = found
    assert [(m.parameter, m.axis, m.reads) for m in first.members] == [
        ("0.weight", 0, False),
        ("0.bias", 0, False),
        ("2.weight", 1, True),
    ]
    assert (first.size, first.role, second.size) == (20, "hidden", 30)
    assert {(f.size, f.reason) for f in found.frozen} == {(7, "an input"), (3, "an output")}
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.parametrize("operator", ["linear", "conv2d", "batch_norm", "layer_norm", "transpose", "view"])
def test_a_wrong_rule_is_caught(operator, monkeypatch):
    """A rule that forgets what an operator pairs gives too many groups; a permutation refutes them."""
    from condenslab.interop.structure.analysis import Value
    from condenslab.interop.structure.expressions import Atom

    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
            self.first, self.layer, self.last = nn.Linear(6, 8), nn.LayerNorm(8), nn.Linear(8 * 16, 2)

        def forward(self, x):
            x = self.norm(self.conv(x)).relu().flatten(2).transpose(1, 2)
            return self.last(self.layer(self.first(x)).reshape(len(x), 128))

    def forgetful(call):
        return Value([Atom(size) for size in call.shape])

    right = interop.groups(Mixed(), (torch.randn(4, 3, 4, 4),))
    assert len(right) == 2 and not right.uncertified
    for name in (operator, "reshape", "flatten") if operator == "view" else (operator,):
        monkeypatch.setitem(RULES, name, forgetful)
    wrong = interop.groups(Mixed(), (torch.randn(4, 3, 4, 4),))
    assert wrong.uncertified
    assert all(g.certificate.deviation > 100 * g.certificate.tolerance for g in wrong.uncertified)


def test_a_network_whose_outputs_ignore_a_layer_proves_nothing():
    class Ignored(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.out = nn.Linear(4, 6), nn.Linear(6, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.out(x + 0.0 * self.two(self.one(x).relu()))

    found = interop.groups(Ignored(), (torch.randn(4, 4),))
    assert len(found) == 0
    assert [g.size for g in found.uncertified] == [6]
    assert found.uncertified[0].certificate.deviation == 0.0


def test_recurrent_layers_are_refused_by_name():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.LSTM(6, 10, batch_first=True), nn.Linear(10, 3)

        def forward(self, x):
            return self.out(self.cell(x)[0])

    found = interop.groups(Recurrent(), (torch.randn(2, 5, 6),))
    assert len(found) == 0 and found.operators == {"lstm": 1}
    assert any("lstm has no rule" in f.reason for f in found.frozen)


def planted():
    """A network with one unit of each kind that can go: 6 of them."""
    module = dense()
    first, second = module[0], module[2]
    with torch.no_grad():
        first.weight[3], first.bias[3] = 2 * first.weight[5], 2 * first.bias[5]  # ReLU: a positive multiple
        first.weight[4], first.bias[4] = 0.0, 0.7  # constant
        first.weight[7], first.bias[7] = 0.0, -1.0  # constantly zero
        second.weight[:, 6] = 0.0  # unread
        second.weight[1], second.bias[1] = -second.weight[2], -second.bias[2]  # tanh: the negative
        second.weight[9], second.bias[9] = second.weight[8], second.bias[8]
    return module


def test_every_kind_goes_and_the_receipt_says_which():
    module, inputs = planted(), torch.randn(50, 7)
    found = interop.reduce(module, inputs, labels=np.arange(50) % 3)
    every = "every input"
    kinds = ("unread", "dead", "scale", "duplicate", "sign", "constant")
    assert units(found.receipt) == {(kind, every): 1 for kind in kinds}
    gone = {r["kind"]: (r["group"], r["units"], r["into"]) for r in found.receipt["removals"]}
    assert gone == {
        "scale": ("0", [5], [3]),
        "constant": ("0", [4], [-1]),
        "dead": ("0", [7], [-1]),
        "unread": ("0", [6], [-1]),
        "sign": ("2", [2], [1]),
        "duplicate": ("2", [9], [8]),
    }
    fresh = torch.randn(1000, 7) * 10
    assert torch.allclose(found.module(fresh), module(fresh), rtol=0, atol=1e-5 * module(fresh).abs().max().item())
    pairs = found.receipt["parameters"]
    assert pairs == {"before": 8 * 20 + 21 * 30 + 93, "after": 8 * 16 + 17 * 28 + 29 * 3}
    scores = module(inputs).argmax(1).numpy()
    assert found.receipt["accuracy"]["before"] == np.mean(scores == np.arange(50) % 3)
    assert found.receipt["operations"]["before"] == 2 * 50 * (7 * 20 + 20 * 30 + 30 * 3)
    json.dumps(found.receipt, allow_nan=False)


def test_signs_and_scales_are_those_of_the_activation():
    """A negative or a multiple is not merged where the activation does not allow it: the outputs would tell."""
    for activation, negative, double in (
        (nn.ReLU(), 0, 1),
        (nn.Tanh(), 1, 0),
        (nn.GELU(), 0, 0),
        (nn.Identity(), 1, 1),
    ):
        module = dense(activation)
        with torch.no_grad():
            module[0].weight[1], module[0].bias[1] = -module[0].weight[0], -module[0].bias[0]
            module[0].weight[3], module[0].bias[3] = 3 * module[0].weight[2], 3 * module[0].bias[2]
        found = interop.reduce(module, torch.randn(40, 7), layers="0")
        assert sum(units(found.receipt).values()) == negative + double, activation
        assert found.receipt["outputs"]["random"]["relative"] < 1e-5


def test_constant_channels_under_padding_stay():
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 16, 2)
    )
    with torch.no_grad():
        module[0].weight[1], module[0].bias[1] = 0.0, 1.0
        module[2].weight[1], module[2].bias[1] = 0.0, 1.0
    found = interop.reduce(module, torch.randn(20, 1, 6, 6))
    assert units(found.receipt) == {("constant", "every input"): 1}  # that of the second layer: a dense one follows
    assert "zeros are put around" in found.receipt["kept"]["0"]
    assert found.receipt["outputs"]["random"]["relative"] < 1e-5


def test_silent_units_go_for_the_given_inputs_only():
    module = dense()
    with torch.no_grad():
        module[0].bias[:5] = -3.0
    inputs = 0.1 * torch.randn(60, 7)
    assert not interop.reduce(module, inputs).receipt["removals"]
    found = interop.reduce(module, inputs, silent=True)
    assert units(found.receipt)[("silent", "your 60 inputs")] >= 5
    assert found.receipt["outputs"]["given"]["relative"] < 1e-6
    loud = 100 * torch.randn(60, 7)
    assert not torch.allclose(found.module(loud), module(loud), rtol=1e-2)


def test_a_width_a_threshold_and_a_budget():
    module, inputs = dense(), torch.randn(200, 7)
    narrow = interop.reduce(module, inputs, widths={"0": 10, "2": 12})
    assert narrow.widths == {"0:hidden": (20, 10), "2:hidden": (30, 12)}
    repaired = interop.reduce(module, inputs, widths={"0": 10, "2": 12}, repair=True)

    def error(edited):
        with torch.no_grad():
            return float((edited.module(inputs) - module(inputs)).square().mean())

    assert error(repaired) < error(narrow)
    trained = interop.reduce(module, inputs, widths={"0": 10, "2": 12}, retrain=100)
    assert error(trained) < error(narrow)
    assert trained.receipt["retraining"]["loss after"] == pytest.approx(error(trained), rel=1e-3)
    far = interop.reduce(module, inputs, budget=0.2)
    near = interop.reduce(module, inputs, budget=0.02)
    for edited, budget in ((far, 0.2), (near, 0.02)):
        assert edited.receipt["outputs"]["given"]["relative"] <= budget
    assert (
        far.receipt["parameters"]["after"]
        <= near.receipt["parameters"]["after"]
        <= near.receipt["parameters"]["before"]
    )
    rounded = interop.reduce(planted(), inputs, multiple=8)
    assert rounded.widths == {"0:hidden": (20, 16), "2:hidden": (30, 30)}


def test_a_repair_never_moves_the_outputs_further_on_the_given_inputs():
    """Least squares layer by layer may lose to merging alone: it is then not kept, and the receipt says so."""
    from condenslab.interop.structure.repairing import LeastSquares

    images, options = torch.randn(60, 1, 8, 8), {"widths": {"0": 3, "3": 4}}
    parts = nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3, padding=1), nn.ReLU()
    module = nn.Sequential(*parts, nn.Flatten(), nn.Linear(12 * 16, 3))

    def error(**more):
        edited = interop.reduce(module, images, **options, **more)
        with torch.no_grad():
            return float((edited.module(images) - module(images)).square().mean()), edited.receipt["notes"]

    plain, _ = error()
    repaired, notes = error(repair=True)
    assert repaired < plain and not any("not kept" in note for note in notes)
    with pytest.MonkeyPatch.context() as patch:
        solved = LeastSquares.__call__

        def spoilt(self, progress, symmetry, kept, read):
            solved(self, progress, symmetry, kept, {member: 5 * values for member, values in read.items()})

        patch.setattr(LeastSquares, "__call__", spoilt)
        spoiled, notes = error(repair=True)
    assert spoiled == plain and any("the repair was not kept" in note for note in notes)


def test_what_stays_for_a_round_width_is_said():
    exact = interop.reduce(planted(), torch.randn(200, 7))
    spare = sum(before - after for before, after in exact.widths.values())
    held = interop.reduce(planted(), torch.randn(200, 7), multiple=30)
    assert spare > 0 and held.widths == {name: (before, before) for name, (before, _) in exact.widths.items()}
    assert held.receipt["notes"] == [
        f"units that could have gone and stay, so that widths are multiples of 30: {spare}"
    ]


@pytest.mark.parametrize("kind", ["split", "null"])
def test_a_wider_network_is_the_same_function(kind):
    module, inputs = dense(), torch.randn(50, 7)
    large = interop.embed(module, inputs, widths={"0": 50, "2": 33}, kind=kind)
    assert large.widths == {"0:hidden": (20, 50), "2:hidden": (30, 33)}
    assert torch.allclose(large.module(inputs), module(inputs), atol=1e-6)
    again = interop.reduce(large.module, inputs)
    assert again.receipt["parameters"]["after"] == large.receipt["parameters"]["before"]


def test_an_embedded_critical_point_is_critical():
    module, inputs = dense(), torch.randn(50, 7)
    with torch.no_grad():
        module[4].weight.zero_(), module[4].bias.zero_()
    large = interop.embed(module, inputs, widths={"0": 30})
    assert large.receipt["gradient"]["before"] == large.receipt["gradient"]["after"] == 0.0


@pytest.mark.parametrize(
    ("before", "after", "widths", "work", "reason"),
    [
        ([10.0] * 10, [5.0] * 10, (20, 10), (100, 50), None),
        ([10.0] * 10, [10.0] * 10, (20, 20), (100, 100), "nothing was removed"),
        ([10.0] * 10, [11.0] * 10, (20, 30), (100, 150), "it has more parameters"),
        ([10.0] * 10, [10.0] * 10, (20, 19), (1000, 980), "only 2.0% of the operations went"),
        ([10.0] * 10, [10.0] * 10, (20, 10), (100, 50), "no multiples of what the machine"),
        ([0.1] * 10, [0.1] * 10, (20, 10), (100, 50), "less than a millisecond"),
        ([10.0, 30.0] * 5, [30.0] * 10, (20, 10), (100, 50), "the machine was busy"),
    ],
)
def test_why_it_is_not_faster(before, after, widths, work, reason, monkeypatch):
    """By a clock that gives these milliseconds, one for each run."""
    from condenslab.interop.structure import receipts
    from condenslab.interop.structure.torch_data import given_data

    ticks, now = [one for pair in zip(before, after, strict=True) for one in pair][2:], [0.0]
    calls = iter(range(-2, 1000))  # of the first run of each, which warms up, the end is not asked for

    def clock():
        number = next(calls)
        now[0] += ticks[number // 2] / 1e3 if number > 0 and number % 2 else 0.0
        return now[0]

    monkeypatch.setattr(receipts.time, "perf_counter", clock)
    found = receipts.latency(*(nn.Linear(4, width) for width in widths), given_data(torch.randn(8, 4), {}, None), work)
    assert found["before"] == pytest.approx(np.median(before[1:])) and found["after"] == pytest.approx(np.median(after))
    assert (reason is None and found["reason"] is None) or reason in found["reason"]


def test_the_written_program_runs_in_a_fresh_process_with_other_batches(tmp_path):
    module, inputs = planted(), torch.randn(50, 7)
    found = interop.reduce(module, inputs)
    files = interop.save(found, tmp_path / "small")
    assert sorted(files) == sorted(path.name for path in (tmp_path / "small").iterdir())
    np.save(tmp_path / "x.npy", inputs[:17].numpy())
    program = (
        "import sys, numpy, torch; d = sys.argv[1]; m = torch.export.load(d + '/small/module.pt2').module();"
        "numpy.save(d + '/y.npy', m(torch.from_numpy(numpy.load(d + '/x.npy'))).detach().numpy())"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program, str(tmp_path)], check=True, cwd=tmp_path)
    assert np.allclose(np.load(tmp_path / "y.npy"), module(inputs[:17]).detach().numpy(), atol=1e-6)
    state = interop.read(tmp_path / "small" / "weights.safetensors").tensors
    assert {name: array.shape for name, array in state.items()} == {
        "0.weight": (16, 7),
        "0.bias": (16,),
        "2.weight": (28, 16),
        "2.bias": (28,),
        "4.weight": (3, 28),
        "4.bias": (3,),
    }
    receipt = json.loads((tmp_path / "small" / "receipt.json").read_text())
    assert receipt["program"] == {"file": "module.pt2", "any_batch": True}


def full_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    found = interop.reduce(dense(), torch.randn(8, 7))
    monkeypatch.setattr(writing.os, "fsync", full_disk)
    with pytest.raises(UserError, match="No space left on device; nothing was left"):
        interop.save(found, tmp_path / "small")
    assert list(tmp_path.iterdir()) == []


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(7, 5)

    def forward(self, x):
        return self.one(x) if float(x.sum()) > 0 else x


@pytest.mark.parametrize(
    ("change", "options", "sentence"),
    [
        ("inputs of another shape", (), "does not take these inputs"),
        ("NaN in the weights", (), "hold NaN or infinity"),
        ("NaN in the inputs", (), "NaN or infinity"),
        ("weights that do not fit", (), "has shape"),
        ("no module", (), "must return a torch.nn.Module"),
        ("a branch on data", (), "cannot be exported"),
        ("labels of another number", (), "one label an input"),
        ("nothing", ("--budget", "1e-30"), "cannot be met"),
        ("nothing", ("--budget", "-1"), "above 0"),
        ("nothing", ("--threshold", "3"), "between 0 and 2"),
        ("nothing", ("--width", "0=0"), "0 has 20 units"),
        ("nothing", ("--width", "9=4"), "unknown layer"),
        ("nothing", ("--width", "0"), "LAYER=N"),
        ("nothing", ("--width", "0=4", "--threshold", "0.3"), "one of --threshold"),
        ("nothing", ("--exact", "--threshold", "0.3"), "leave it out"),
        ("nothing", ("--layers", "zz*"), "unknown layer"),
        ("nothing", ("--round-to", "0"), "from 1"),
        ("a folder with a file", (), "exists already"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(change, options, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    module, arrays = planted(), {"inputs": np.ones((20, 7)) * np.arange(20)[:, None] / 20}
    build = "from torch import nn\ndef build():\n    return " + {
        "no module": "3",
        "weights that do not fit": "nn.Sequential(nn.Linear(7, 21))",
        "a branch on data": "Branching()",
    }.get(change, "nn.Sequential(nn.Linear(7, 20), nn.ReLU(), nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 3))")
    if change == "a branch on data":
        module = Branching()
        build = (
            "import torch\nclass Branching(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            "        self.one = torch.nn.Linear(7, 5)\n    def forward(self, x):\n"
            "        return self.one(x) if float(x.sum()) > 0 else x\ndef build():\n    return Branching()"
        )
    if change == "NaN in the weights":
        with torch.no_grad():
            module[0].weight[0, 0] = float("nan")
    if change == "inputs of another shape":
        arrays["inputs"] = np.ones((20, 6))
    if change == "NaN in the inputs":
        arrays["inputs"][3, 3] = np.nan
    if change == "labels of another number":
        arrays["labels"] = np.arange(3)
    name = f"net_{abs(hash((change, options)))}"
    Path(f"{name}.py").write_text(build)
    torch.save(module.state_dict(), "w.pt")
    np.savez("x.npz", **arrays)
    if change == "a folder with a file":
        Path("out").mkdir()
        Path("out/mine.txt").write_text("mine")
    before = sorted(str(path) for path in Path().rglob("*") if "__pycache__" not in str(path))
    code = main(["reduce", f"{name}:build", "--weights", "w.pt", "--inputs", "x.npz", "-o", "out", *options])
    said = capsys.readouterr()
    assert code == 2 and sentence in said.err, said.err
    assert said.out == "" and len(said.err.strip().splitlines()) == 1
    assert sorted(str(path) for path in Path().rglob("*") if "__pycache__" not in str(path)) == before


def test_the_command_line_reduces_and_widens(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("net_cli.py").write_text(
        "from torch import nn\ndef build():\n"
        "    return nn.Sequential(nn.Linear(7, 20), nn.ReLU(), nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 3))"
    )
    torch.save(planted().state_dict(), "w.pt")
    np.savez("x.npz", inputs=np.random.default_rng(0).standard_normal((30, 7)), labels=np.arange(30) % 3)
    given = ["net_cli:build", "--weights", "w.pt", "--inputs", "x.npz"]
    assert main(["reduce", *given, "--exact", "-o", "small", "--json"]) == 0
    receipt = json.loads(capsys.readouterr().out)
    assert receipt["widths"]["0:hidden"] == {"before": 20, "after": 16}
    assert json.loads(Path("small/receipt.json").read_text()) == receipt
    assert main(["embed", *given, "--width", "2=40", "-o", "large"]) == 0
    text = capsys.readouterr().out
    assert "2:hidden: 30 → 40 units" in text and "wrote module.pt2" in text


@pytest.mark.parametrize("name", ["Llama", "BERT"])
def test_uniform_widths_load_with_from_pretrained(name, tmp_path):
    transformers = pytest.importorskip("transformers")
    import warnings

    from families import FAMILIES

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module, inputs = FAMILIES[name].build(torch, transformers).eval(), FAMILIES[name].inputs(torch)
    layers = {"Llama": "*mlp*", "BERT": "*intermediate*"}[name]
    found = interop.reduce(module, inputs, widths={layers: 35}, uniform=True, multiple=8)
    interop.save(found, tmp_path / "small")
    assert found.receipt["from_pretrained"] == {"loads": True, "reason": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = type(module).from_pretrained(tmp_path / "small").eval()
    assert loaded.config.intermediate_size == 40
    with torch.no_grad():
        assert torch.allclose(loaded(inputs)[0], next(iter(found.module(inputs).values())), atol=1e-5)


@pytest.mark.parametrize("name", ["threshold", "budget"])
@pytest.mark.parametrize("value", ["0.1", True, [0.1], float("nan"), -1.0])
def test_what_is_no_number_gets_a_sentence(name, value):
    with pytest.raises(UserError, match=f"--{name} is"):
        interop.reduce(dense(), torch.randn(4, 7), **{name: value})
