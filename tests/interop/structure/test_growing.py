"""Critical embeddings of torch modules in width and depth: outputs, gradients by theory, inertia; receipts as pages."""

import errno
import html.parser
import json
import re
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

nn = torch.nn


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def dense(first=None, second=None, bias=True):
    parts = nn.Linear(7, 20), first or nn.ReLU(), nn.Linear(20, 30), second or nn.Tanh(), nn.Linear(30, 3, bias=bias)
    return nn.Sequential(*parts)


def apart(edited, module, inputs):
    with torch.no_grad():
        found, expected = edited.module(inputs), module(inputs)
    return float((found - expected).abs().max() / expected.abs().max())


def slopes(module, inputs, targets):
    """Returns the gradient of mean ‖f − y‖² by parameter, by torch alone."""
    own = {name: p.requires_grad_(True) for name, p in module.named_parameters()}
    value = ((module(inputs) - targets) ** 2).sum(dim=1).mean()
    return dict(zip(own, torch.autograd.grad(value, list(own.values())), strict=True))


def critical(module, inputs):
    """Returns targets for which a module is at a critical point with a risk: residuals outside its Jacobian."""
    names = list(dict(module.named_parameters()))

    def outputs(*values):
        return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (inputs,)).reshape(-1)

    own = tuple(p.detach() for p in module.parameters())
    parts = torch.autograd.functional.jacobian(outputs, own)
    jacobian = torch.cat([part.reshape(len(part), -1) for part in parts], dim=1)
    assert jacobian.shape[0] > jacobian.shape[1]
    left = torch.linalg.svd(jacobian)[0]
    residual = left[:, jacobian.shape[1] :].sum(dim=1)
    with torch.no_grad():
        return module(inputs) - residual.reshape(len(inputs), -1)


ENDLESS = [nn.ReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus, lambda: nn.GELU(approximate="tanh")]


@pytest.mark.parametrize("kind", [*ENDLESS, nn.Hardswish])
def test_a_layer_behind_what_has_a_least_value_changes_no_output_on_any_input(kind):
    for module, rounding in ((dense(kind()), 1e-4), (dense(kind()).double(), 1e-12)):
        inputs = torch.randn(40, 7).to(module[0].weight.dtype)
        deep = interop.embed(module, inputs, deepen=["2"])
        (layer,) = deep.receipt["inserted"]
        assert (layer["before"], layer["units"], layer["scope"], layer["critical"]) == ("2", 20, "every input", True)
        for scale in (1.0, 100.0):
            assert apart(deep, module, scale * torch.randn(500, 7).to(inputs.dtype)) < rounding
    assert deep.receipt["parameters"]["after"] == deep.receipt["parameters"]["before"] + 20 * 21


@pytest.mark.parametrize("kind", [nn.LeakyReLU, nn.Hardtanh, nn.ReLU6, nn.Hardsigmoid])
def test_a_layer_with_a_bounded_piece_or_an_unbounded_input_keeps_the_given_inputs(kind):
    module, inputs = dense(kind()).double(), 3 * torch.randn(40, 7).double()
    deep = interop.embed(module, inputs, deepen=["2", "0"])
    assert [layer["scope"] for layer in deep.receipt["inserted"]] == ["your 40 inputs"] * 2
    assert apart(deep, module, inputs) < 1e-12
    assert apart(deep, module, 1000 * torch.randn(500, 7).double()) > 1e-2


def test_what_has_no_linear_piece_is_refused_and_its_tangent_falls_as_the_square():
    module, inputs = dense(), torch.randn(40, 7)
    with pytest.raises(UserError, match=r"tanh has none; --tangent 0.01 .* --activation relu"):
        interop.embed(module, inputs, deepen=["4"])
    module = module.double()
    errors = []
    for half in (0.1, 0.01):
        deep = interop.embed(module, inputs.double(), deepen=["4"], tangent=half)
        (layer,) = deep.receipt["inserted"]
        assert not layer["critical"] and "approximate" in layer["note"]
        errors.append(apart(deep, module, inputs.double()))
    assert 50 < errors[0] / errors[1] < 200
    deep = interop.embed(module, inputs.double(), deepen=["4"], activation="relu")
    assert apart(deep, module, 1e3 * torch.randn(100, 7).double()) < 1e-12


def test_a_weight_that_takes_no_offset_gets_an_identity_layer_or_a_sentence():
    module, inputs = dense(nn.Tanh(), nn.ReLU(), bias=False), torch.randn(40, 7)
    deep = interop.embed(module, inputs, deepen=["4"])
    (layer,) = deep.receipt["inserted"]
    assert (layer["shift"], layer["scope"], layer["critical"]) == (0.0, "every input", False)
    assert apart(deep, module, 100 * torch.randn(100, 7)) == 0.0
    with pytest.raises(UserError, match="no bias of its own"):
        interop.embed(dense(nn.Tanh(), nn.GELU(), bias=False), inputs, deepen=["4"])
    padded = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3, padding=1), nn.GELU(), nn.Conv2d(5, 2, 3))
    images = torch.randn(20, 1, 9, 9)
    deep = interop.embed(padded, images, deepen=["2", "4"])
    assert [layer["critical"] for layer in deep.receipt["inserted"]] == [False, True]
    assert apart(deep, padded, 10 * torch.randn(20, 1, 9, 9)) < 3e-6
    with pytest.raises(UserError, match="zeros are put around"):
        interop.embed(nn.Sequential(*padded[:3], nn.GELU(), nn.Conv2d(5, 2, 3, padding=1)), images, deepen=["4"])


WAYS = {
    "split": {"widths": {"0": 7, "2": 4}},
    "null": {"widths": {"0": 7, "2": 4}, "kind": "null"},
    "lifted": {"deepen": ["2"]},
    "lifted twice and split": {"deepen": ["2", "4"], "activation": "elu", "widths": {"0": 5}},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_critical_point_with_a_risk_becomes_critical_and_keeps_its_directions(way):
    """EP21, Theorem 1 and EPD, Proposition 2; the counts of signs by EP22, Theorem 6.2 (congruence)."""
    module = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    inputs = torch.randn(60, 2).double()
    targets = critical(module, inputs)
    large = interop.embed(module, inputs, labels=targets.numpy(), **WAYS[way])
    gradient, inertia = large.receipt["gradient"], large.receipt["inertia"]
    assert "targets" in gradient["loss"] and gradient["before"] < 1e-12 and gradient["after"] < 1e-9
    own = slopes(large.module, inputs, targets)
    assert float(sum(one.abs().sum() for one in own.values())) == pytest.approx(gradient["after"], abs=1e-12)
    assert apart(large, module, inputs) < 1e-12
    assert inertia["samples"] == 60
    for sign in ("positive", "negative"):
        assert inertia["after"][sign] >= inertia["before"][sign] > 0


@pytest.mark.parametrize("way", WAYS)
def test_the_gradient_anywhere_is_that_of_theory_and_a_wrong_share_shows(way, monkeypatch):
    module = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    inputs, labels = torch.randn(60, 2).double(), np.arange(60) % 2
    found = interop.embed(module, inputs, labels=labels, **WAYS[way]).receipt["gradient"]
    assert "cross-entropy" in found["loss"] and found["largest"] > 1e-3
    assert found["relative"] < 1e-12
    assert (found["without_law"] > 0) == (way == "null")
    from condenslab.interop.structure.torch_lifting import Lift
    from condenslab.interop.structure.widening import Widening

    monkeypatch.setattr(Widening, "gradient", lambda self, known: known.select(self.symmetry.group, self.order))
    monkeypatch.setattr(Lift, "gradients", lambda self, weight, known: dict(known))
    assert (
        way == "null" or interop.embed(module, inputs, labels=labels, **WAYS[way]).receipt["gradient"]["relative"] > 0.1
    )


@pytest.mark.parametrize(
    ("loss", "labels", "sentence"),
    [
        (lambda f, y: (f - y) ** 2, True, "one number that depends on the outputs"),
        (lambda f, y: 3.0, True, "one number that depends on the outputs"),
        (lambda f, y: 1 / 0, True, "division by zero"),
        (lambda f, y: (f - y[:, :2]).mean(), True, "cannot be computed"),
        (lambda f, y: f.mean(), False, "needs labels or targets"),
    ],
)
def test_a_loss_that_is_none_is_a_sentence(loss, labels, sentence):
    targets = np.ones((20, 3)) if labels else None
    with pytest.raises(UserError, match=sentence):
        interop.embed(dense(), torch.randn(20, 7), widths={"0": 22}, labels=targets, loss=loss)


def test_any_loss_may_be_given():
    def absolute(f, y):
        return (f - y).abs().mean()

    module, inputs, targets = dense().double(), torch.randn(20, 7).double(), np.ones((20, 3))
    found = interop.embed(module, inputs, widths={"0": 22}, deepen=["2"], labels=targets, loss=absolute)
    own = torch.autograd.grad(absolute(module(inputs), torch.ones(20, 3)), list(module.parameters()))
    assert found.receipt["gradient"]["before"] == pytest.approx(float(sum(one.abs().sum() for one in own)), rel=1e-9)
    assert found.receipt["gradient"]["relative"] < 1e-12


def test_heads_gates_and_normalised_channels_are_split_and_null_units_added():
    transformers = pytest.importorskip("transformers")
    import warnings

    from families import FAMILIES

    for name, widths in {
        "BERT": {"*value:head": 5, "*intermediate*": 96},
        "Llama": {"*mlp*": 90},
        "ResNet basic": {"*layer.0*": 30},
    }.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module, inputs = FAMILIES[name].build(torch, transformers).eval(), FAMILIES[name].inputs(torch)
        known = {group.label for group in interop.groups(module, (inputs,)).mergeable}
        chosen = {}
        for pattern, width in widths.items():
            role = pattern.partition(":")[2]
            fits = [
                one
                for one in known
                if re.fullmatch(pattern.partition(":")[0].replace("*", ".*"), one.rpartition(":")[0])
            ]
            chosen |= {one: width for one in fits if not role or one.endswith(role)}
        for kind in ("split", "null"):
            large = interop.embed(module, inputs, widths=chosen, kind=kind)
            assert large.receipt["widths"], name
            assert large.receipt["outputs"]["random"]["relative"] < 1e-5
            assert large.receipt["gradient"]["relative"] < 1e-4


def test_null_units_are_refused_where_zero_weights_do_not_make_them_constant():
    transformers = pytest.importorskip("transformers")
    from families import FAMILIES

    module, inputs = FAMILIES["Llama"].build(torch, transformers).eval(), FAMILIES["Llama"].inputs(torch)
    labels = [group.label for group in interop.groups(module, (inputs,)) if group.role == "head"]
    (query,) = [one for one in labels if "layers.0" in one and "#2" in one]
    with pytest.raises(UserError, match="takes no null units"):
        interop.embed(module, inputs, widths={query: 3}, kind="null")
    assert interop.embed(module, inputs, widths={query: 3}).receipt["gradient"]["relative"] < 1e-4


def test_a_deeper_network_is_written_and_runs_in_a_fresh_process(tmp_path):
    module, inputs = dense(), torch.randn(50, 7)
    deep = interop.embed(module, inputs, deepen=["2", "4"], activation="relu", widths={"0": 24})
    interop.save(deep, tmp_path / "large")
    np.save(tmp_path / "x.npy", inputs[:17].numpy())
    program = (
        "import sys, numpy, torch; d = sys.argv[1]; m = torch.export.load(d + '/large/module.pt2').module();"
        "numpy.save(d + '/y.npy', m(torch.from_numpy(numpy.load(d + '/x.npy'))).detach().numpy())"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program, str(tmp_path)], check=True, cwd=tmp_path)
    assert np.allclose(np.load(tmp_path / "y.npy"), module(inputs[:17]).detach().numpy(), atol=1e-5)
    state = {
        name: array.shape for name, array in interop.read(tmp_path / "large" / "weights.safetensors").tensors.items()
    }
    assert state["2.lifted.weight"] == (24, 24) and state["4.lifted.bias"] == (30,) and state["2.weight"] == (30, 24)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "at least one --width LAYER=N or --deepen LAYER"),
        (["--width", "0=3"], "has 20 units already"),
        (["--width", "9=30"], "unknown layer"),
        (["--deepen", "9"], "unknown layer"),
        (["--deepen", "2", "--activation", "rellu"], "did you mean 'relu'"),
        (["--width", "0=30", "--activation", "relu"], "none was asked for"),
        (["--deepen", "4", "--tangent", "0"], "above 0"),
        (["--width", "0=30", "--kind", "copy"], "split or null"),
        (["--width", "0=30", "--page", "out.txt"], "must end in .html"),
    ],
)
def test_bad_requests_are_one_sentence_and_write_nothing(options, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = f"grown_{abs(hash(tuple(options)))}"
    Path(f"{name}.py").write_text(
        "from torch import nn\ndef build():\n"
        "    return nn.Sequential(nn.Linear(7, 20), nn.ReLU(), nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 3))"
    )
    torch.save(dense().state_dict(), "w.pt")
    np.savez("x.npz", inputs=np.random.default_rng(0).standard_normal((30, 7)))
    assert main(["embed", f"{name}:build", "--weights", "w.pt", "--inputs", "x.npz", "-o", "out", *options]) == 2
    said = capsys.readouterr()
    assert sentence in said.err and len(said.err.strip().splitlines()) == 1 and not said.out
    assert not Path("out").exists()


@pytest.mark.parametrize(("command", "options"), [("reduce", ["--exact"]), ("embed", ["--deepen", "2"])])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(command, options, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("disk.py").write_text(
        "from torch import nn\ndef build():\n"
        "    return nn.Sequential(nn.Linear(7, 20), nn.ReLU(), nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 3))"
    )
    torch.save(dense().state_dict(), "w.pt")
    np.savez("x.npz", inputs=np.random.default_rng(0).standard_normal((30, 7)))
    before = sorted(Path().iterdir())

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", full)
    given = ["disk:build", "--weights", "w.pt", "--inputs", "x.npz", "-o", "out", "--page", "out.html"]
    assert main([command, *given, *options]) == 2
    said = capsys.readouterr()
    assert "No space left on device; nothing was left" in said.err and len(said.err.strip().splitlines()) == 1
    assert [path for path in sorted(Path().iterdir()) if path.name != "__pycache__"] == before


class Page(html.parser.HTMLParser):
    """Collects the cells of tables and what a page would fetch."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.fetched, self.policy, self._open = [], [], None, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._open = tag in ("td", "span") or self._open
        if tag == "td":
            self.cells.append("")
        self.fetched += [value for key, value in attrs if key in ("src", "href")]
        if tag == "meta" and ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"]

    def handle_data(self, data):
        if self._open and self.cells:
            self.cells[-1] += data

    def handle_endtag(self, tag):
        self._open = self._open and tag != "td"


def test_the_page_says_what_the_receipt_says_and_fetches_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("paged.py").write_text(
        "from torch import nn\ndef build():\n"
        "    return nn.Sequential(nn.Linear(7, 20), nn.ReLU(), nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 3))"
    )
    module = dense()
    with torch.no_grad():
        module[0].weight[3], module[0].bias[3] = 2 * module[0].weight[5], 2 * module[0].bias[5]
        module[0].weight[7], module[0].bias[7] = 0.0, -1.0
    torch.save(module.state_dict(), "w.pt")
    np.savez("x.npz", inputs=np.random.default_rng(0).standard_normal((30, 7)), labels=np.arange(30) % 3)
    given = ["paged:build", "--weights", "w.pt", "--inputs", "x.npz", "--json"]
    for command, options in (("reduce", ["--exact"]), ("embed", ["--width", "0=30", "--deepen", "2"])):
        assert main([command, *given, "-o", command, "--page", f"{command}.html", *options]) == 0
        receipt = json.loads(capsys.readouterr().out)
        page = Page(Path(f"{command}.html").read_text())
        assert page.policy.startswith("default-src 'none'") and not page.fetched
        assert f"{receipt['parameters']['after']:,}" in page.cells
        for which in ("given", "random"):
            assert f"{receipt['outputs'][which]['relative']:.3g}" in page.cells
        for group in receipt["groups"]:
            assert f"{group['certificate']['control']:.3g}" in page.cells
        for row in receipt.get("units", []):
            assert [row["kind"], str(row["units"]), row["scope"]] in [
                page.cells[k : k + 3] for k in range(len(page.cells))
            ]
        for layer in receipt.get("inserted", []):
            assert [layer["before"], str(layer["units"]), "relu", "every input"] in [
                page.cells[k : k + 4] for k in range(len(page.cells))
            ]
    assert {"scale", "dead"} <= set(Page(Path("reduce.html").read_text()).cells)


def test_names_of_layers_cannot_break_out_of_the_page():
    from condenslab.interop.structure import receipt_page

    receipt = interop.reduce(dense(), torch.randn(20, 7)).receipt
    receipt["groups"][0]["name"] = "<script>alert(1)</script>"
    text = receipt_page.html(receipt, "<img src=x>")
    assert "<script" not in text and "<img" not in text
