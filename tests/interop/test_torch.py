"""Files that torch writes, bit by bit; the seam against closed forms and finite differences; a user's own module."""

import argparse
import collections
import json
import sys
import warnings

import numpy as np
import pytest

pytestmark = pytest.mark.more
torch = pytest.importorskip("torch")

from condenslab import interop  # noqa: E402
from condenslab.cli import main  # noqa: E402
from condenslab.errors import UserError  # noqa: E402

nn = torch.nn


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3)
    )


def same(found, expected):
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        assert np.array_equal(found[name], tensor.detach().numpy()), name


@pytest.mark.parametrize("zipped", [True, False])
def test_state_dicts_modules_and_nested_checkpoints(zipped, tmp_path):
    module, path = net(), tmp_path / "net.pt"
    optimiser = torch.optim.Adam(module.parameters())
    module(torch.randn(2, 1, 4, 4)).sum().backward()
    optimiser.step()
    state = module.state_dict()
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    same(interop.read(path).tensors, state)
    torch.save(module, path, _use_new_zipfile_serialization=zipped)
    found = interop.read(path)
    same(found.tensors, state)
    assert "torch.nn.modules.activation.ReLU" in found.names
    assert interop.measure(path).activation == "relu"
    nested = {
        "state_dict": {f"model.{k}": v for k, v in state.items()},
        "hyper_parameters": argparse.Namespace(rate=1e-3),
        "optimizer_states": [optimiser.state_dict()],
        "callbacks": collections.Counter("abc"),
        "epoch": 3,
    }
    torch.save(nested, path, _use_new_zipfile_serialization=zipped)
    read = interop.read(path).tensors
    same({k.removeprefix("state_dict.model."): v for k, v in read.items() if k.startswith("state_dict")}, state)
    assert {layer.name for layer in interop.measure(path).layers} == {
        "state_dict.model.0.weight",
        "state_dict.model.4.weight",
    }


def test_views_types_and_shared_storages(tmp_path):
    half = torch.randn(3, 5)
    state = {
        "bf16": half.bfloat16(),
        "turned": torch.randn(4, 6).T,
        "part": torch.randn(10)[2:7],
        "fp8": half.to(torch.float8_e4m3fn),
        "u16": torch.arange(4, dtype=torch.int32).to(torch.uint16),
        "expanded": torch.randn(3, 1).expand(3, 4),
        "empty": torch.zeros(0, 3),
        "number": torch.tensor(3.0),
        "complex": torch.randn(2, dtype=torch.complex64),
        "parameter": nn.Parameter(half),
        "sparse": torch.eye(3).to_sparse(),
        "meta": torch.empty(3, device="meta"),
    }
    state["tied"] = state["turned"]
    torch.save(state, tmp_path / "a.pt")
    found = interop.read(tmp_path / "a.pt")
    assert {name for name, _ in found.skipped} == {"sparse", "meta"}
    for name, array in found.tensors.items():
        wide = state[name].detach()
        wide = wide.float() if wide.dtype in (torch.bfloat16, torch.float8_e4m3fn) else wide
        ours = array.astype(np.float32) if array.dtype.kind == "V" or name in ("bf16", "fp8") else array
        assert np.array_equal(ours, wide.numpy()), name
    assert np.shares_memory(found.tensors["tied"], found.tensors["turned"])


def test_torchscript(tmp_path):
    module = net().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(module).save(str(tmp_path / "a.pt"))
    found = interop.read(tmp_path / "a.pt")
    assert found.format == "TorchScript"
    for name, tensor in module.state_dict().items():
        assert np.array_equal(found.tensors[name], tensor.numpy()), name


class Tanh(nn.Module):
    """A two-layer tanh network f = Σ a_k tanh(w_k·x), whose derivatives are known in closed form."""

    def __init__(self, width=3):
        super().__init__()
        self.w, self.a = nn.Parameter(torch.randn(width, 2)), nn.Parameter(torch.randn(width))

    def forward(self, x):
        return torch.tanh(x @ self.w.T) @ self.a[:, None]


def test_the_seam_against_closed_forms_and_differences():
    torch.manual_seed(1)
    module, x, y = Tanh(), torch.randn(20, 2), torch.randn(20, 1)
    risk = interop.pytorch(module, x, y)
    w, a = module.w.detach().double().numpy(), module.a.detach().double().numpy()
    inputs, targets = x.double().numpy(), y.double().numpy()
    z = np.tanh(inputs @ w.T)
    residual = z @ a - targets[:, 0]
    assert risk.value() == pytest.approx(np.mean(residual**2), rel=1e-12)
    jacobian = np.concatenate([(((1 - z**2) * a)[:, :, None] * inputs[:, None, :]).reshape(20, -1), z], axis=1)
    np.testing.assert_allclose(risk.jacobian()[:, 0], jacobian, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(risk.gradient(), 2 * jacobian.T @ residual / 20, rtol=1e-10)
    hessian, step = risk.hessian(), 1e-6
    for column in range(3):
        shift = step * np.eye(9)[column]
        difference = (risk.gradient(risk.theta + shift) - risk.gradient(risk.theta - shift)) / (2 * step)
        np.testing.assert_allclose(hessian[:, column], difference, atol=1e-7)
    direction = np.arange(9.0)
    np.testing.assert_allclose(risk.hessian_product(direction), hessian @ direction, rtol=1e-10)
    assert risk.blocks() == {"w": slice(0, 6), "a": slice(6, 9)}


def test_rank_of_duplicated_neurons_and_bounds():
    """Two equal neurons and one other: 2 (d + 1) + 2·… directions; the theory's rank of a condensed network is 2·3."""
    torch.manual_seed(1)
    module, x = Tanh(), torch.randn(40, 2)
    with torch.no_grad():
        module.w[1] = module.w[0]
        module.a[1] = module.a[0]
    risk = interop.pytorch(module, x)
    assert (risk.model_rank().value, risk.model_rank().decided) == (6, True)
    assert risk.rank_bounds(sketch=8)[:2] == (6, 6)
    assert risk.model_rank(block="a").value == 2
    with pytest.raises(UserError, match="no parameter starts"):
        risk.model_rank(block="zzz")
    with pytest.raises(UserError, match="targets"):
        risk.value()


def test_inertia_and_its_bounds_of_a_quadratic():
    class Quadratic(nn.Module):
        def __init__(self):
            super().__init__()
            self.t = nn.Parameter(torch.zeros(4))

        def forward(self, x):
            return x * self.t

    curvature = torch.tensor([2.0, 1.0, 0.0, -1.0], dtype=torch.float64)
    risk = interop.pytorch(
        Quadratic(), torch.ones(1, 4), torch.zeros(1, 4), lambda f, y: (curvature * (f - y) ** 2).sum()
    )
    found = risk.inertia()
    assert (found.positive, found.zero, found.negative) == (2, 1, 1)
    import jax

    with jax.enable_x64(True):
        bounds = risk.inertia_bounds(steps=4)
    assert (bounds.positive, bounds.negative) == (2, 1)


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_net.py").write_text(
        "from torch import nn\n"
        "def build():\n    return nn.Sequential(nn.Linear(5, 12), nn.ReLU(), nn.Linear(12, 2))\n"
        "def number():\n    return 3\n"
        "def broken():\n    raise ValueError('no')\n"
    )
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(5, 12), nn.ReLU(), nn.Linear(12, 2))
    with torch.no_grad():
        module[0].bias[:3] = -1e3
    torch.save(module.state_dict(), "w.pt")
    inputs = np.random.default_rng(0).standard_normal((50, 5)).astype(np.float32)
    np.savez("x.npz", inputs=inputs)
    yield module, inputs
    sys.modules.pop("own_net", None)


def test_silent_neurons_are_those_that_never_fire(own, capsys):
    module, inputs = own
    active = torch.relu(module[0](torch.from_numpy(inputs))).detach().numpy().max(axis=0)
    assert main(["measure", "own_net:build", "--weights", "w.pt", "--inputs", "x.npz", "--json"]) == 0
    (layer,) = json.loads(capsys.readouterr().out)["layers"]
    assert layer["silent"] == int((active == 0).sum()) >= 3


def test_plan_of_a_module(own, capsys):
    module, inputs = own
    assert main(["plan", "own_net:build", "--weights", "w.pt", "--inputs", "x.npz", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    risk = interop.pytorch(module, inputs)
    dense = np.linalg.matrix_rank(risk.jacobian().reshape(100, -1))
    assert found["rank"]["value"] in (dense, None) and found["parameters"] == 98 and found["samples"] == 50
    assert main(["plan", "own_net:build", "--weights", "w.pt", "--inputs", "x.npz"]) == 0
    assert "rank at the trained point" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["measure", "own_net:missing", "--weights", "w.pt", "--inputs", "x.npz"], "no function"),
        (["measure", "own_net:number", "--weights", "w.pt", "--inputs", "x.npz"], "must return a torch"),
        (["measure", "own_net:broken", "--weights", "w.pt", "--inputs", "x.npz"], "raised ValueError"),
        (["measure", "own_net:build", "--weights", "bad.npz", "--inputs", "x.npz"], "has no 0.weight"),
        (["measure", "own_net:build", "--weights", "w.pt", "--inputs", "bad.npz"], "does not take inputs"),
        (["plan", "own_net:build", "--weights", "w.pt"], "--inputs"),
        (["plan", "own_net:build", "--weights", "w.pt", "--inputs", "x.npz", "--width", "3"], "--width"),
    ],
)
def test_mistakes_with_a_module(arguments, words, own, capsys):
    np.savez("bad.npz", inputs=np.zeros((3, 4), np.float32))
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_watching_a_training(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 1))
    before = [p.clone() for p in module.parameters()]
    watcher = interop.Watcher(tmp_path, every=2)
    for step in range(5):
        watcher(step, module)
    assert [step for step, _ in watcher.history()] == [0, 2, 4]
    assert all(torch.equal(p, q) for p, q in zip(module.parameters(), before, strict=True))


def test_bounds_need_no_wide_default_of_jax():
    """A user has not set `jax_enable_x64`; the products are float64 all the same."""
    import jax

    module = nn.Linear(3, 1, bias=False)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[1.0, 0.0, 0.0]]))  # the minimum
    inputs = np.random.default_rng(0).standard_normal((20, 3))
    with jax.enable_x64(False):
        bounds = interop.pytorch(module, inputs, inputs[:, :1]).inertia_bounds(steps=3)
    assert bounds.positive == 3 and bounds.negative == 0
    np.testing.assert_allclose(bounds.eigenvalues, np.linalg.eigvalsh(2 * inputs.T @ inputs / 20), rtol=1e-10)


@pytest.mark.parametrize(
    ("module", "inputs", "targets", "loss", "words"),
    [
        (3, np.ones((2, 4)), None, None, "takes a torch.nn.Module"),
        (nn.Linear(4, 1), None, None, None, "inputs must be an array"),
        (nn.Linear(4, 1), np.ones((0, 4)), None, None, "shape"),
        (nn.Linear(4, 1), np.float64(1), None, None, "shape"),
        (nn.Linear(4, 1), np.full((2, 4), np.nan), None, None, "NaN"),
        (nn.Linear(4, 1), np.ones((2, 4)), [[np.inf], [0]], None, "targets hold NaN"),
        (nn.Linear(4, 1), np.ones((2, 3)), None, None, "does not take inputs of shape"),
        (nn.LSTM(4, 1), np.ones((2, 3, 4)), None, None, "one tensor"),
        (nn.Linear(4, 1), np.ones((2, 4)), np.ones((3, 1)), None, "2 outputs and 3 targets"),
        (nn.Linear(4, 1), np.ones((2, 4)), np.ones((2, 1)), lambda f, y: (f - y) ** 2, "one number"),
        (nn.Linear(4, 1), np.ones((2, 4)), np.ones((2, 1)), lambda f, y: 3.0, "one number"),
        (nn.Linear(4, 1), np.ones((2, 4)), None, None, "needs targets"),
    ],
)
def test_a_seam_that_does_not_fit_gets_a_sentence(module, inputs, targets, loss, words):
    with pytest.raises(UserError, match=words):
        interop.pytorch(module, inputs, targets, loss).gradient()
