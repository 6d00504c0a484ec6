"""Measuring checkpoints, side by side: condenslab, a straightforward torch cosine, WeightWatcher where it is installed.

    python benchmarks/measure.py [--json] [--quick] [--model FOLDER] [--folder SCRATCH]

Every contestant runs alone in a process of its own with one thread; CPU seconds and peak memory are those of the
process, less what its imports took. What is measured, and what it came to, is in benchmarks/README.md. `--quick` takes
smaller files.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

RATIO = {"110M, all matrices": 4.0, "110M, without word embeddings": 2.0}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--quick", action="store_true", help="smaller files")
    parser.add_argument("--model", help="folder of all-MiniLM-L6-v2, for the comparison with WeightWatcher")
    parser.add_argument("--folder", help="where the files are made (default: a temporary folder)")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.part:
        print(json.dumps(PARTS[chosen.part](chosen.file)))
        return
    with tempfile.TemporaryDirectory(dir=chosen.folder) as scratch:
        result = {"benchmark": "measure", "quick": chosen.quick, **_cases(Path(scratch), chosen)}
    print(json.dumps(result, indent=2) if chosen.json else _text(result))


def _cases(scratch: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    bert = _bert(scratch / "bert.safetensors", layers=2 if chosen.quick else 12, words=6000 if chosen.quick else 30522)
    wide, pairs = _wide(scratch / "wide.safetensors", *((4500, 1024) if chosen.quick else (28672, 8192)))
    small = scratch / "small.npz"
    rng = np.random.default_rng(0)
    np.savez(small, **{"a.weight": rng.standard_normal((64, 20)).astype("f4"), "b.weight": np.ones((2, 64), "f4")})
    cases: dict[str, Any] = {}
    for case, which in (("110M, all matrices", ""), ("110M, without word embeddings", "-few")):
        cases[case] = {name: _run(f"{name}{which}", bert) for name in ("ours", "torch")}
    cases["wide bfloat16"] = {name: _run(name, wide) for name in ("duplicates", "exact")}
    cases["wide bfloat16"]["planted"] = pairs
    cases["small file"] = {"ours": _start_to_end(small)}
    cases["callback"] = {"ours": _run("callback", small)}
    if chosen.model:
        names = ("nulls", "weightwatcher", "plain", "weightwatcher-plain")
        cases["MiniLM"] = {name: _run(name, Path(chosen.model)) for name in names}
    return {"cases": cases, "aims": _aims(cases)}


def _bert(path: Path, *, layers: int, words: int) -> Path:
    """Writes the matrices of a BERT-base model with random weights."""
    rng = np.random.default_rng(0)
    shapes = {"embeddings.word_embeddings": (words, 768), "embeddings.position_embeddings": (512, 768)}
    for layer in range(layers):
        block = f"encoder.layer.{layer}"
        shapes |= {f"{block}.attention.self.{name}": (768, 768) for name in ("query", "key", "value")}
        shapes[f"{block}.attention.output.dense"] = (768, 768)
        shapes[f"{block}.intermediate.dense"], shapes[f"{block}.output.dense"] = (3072, 768), (768, 3072)
    arrays = {f"{n}.weight": rng.standard_normal(s, dtype=np.float32) * np.float32(0.02) for n, s in shapes.items()}
    safetensors.numpy.save_file(arrays, path)
    return path


def _wide(path: Path, neurons: int, inputs: int, planted: int = 200) -> tuple[Path, int]:
    """Writes a bfloat16 layer with pairs at cosines from 0.955 to 0.995."""
    import ml_dtypes

    rng = np.random.default_rng(0)
    rows = np.empty((neurons, inputs), ml_dtypes.bfloat16)
    for begin in range(0, neurons, 2048):
        rows[begin : begin + 2048] = rng.standard_normal((min(2048, neurons - begin), inputs), dtype=np.float32) * 0.02
    for number, (i, j) in enumerate(rng.permutation(neurons)[: 2 * planted].reshape(planted, 2)):
        first, noise = rows[i].astype(np.float32), rng.standard_normal(inputs).astype(np.float32)
        cosine = 0.955 + 0.04 * number / planted
        noise *= np.linalg.norm(first) / np.linalg.norm(noise)
        rows[j] = cosine * first + np.sqrt(1 - cosine**2) * noise
    safetensors.numpy.save_file({"layer.weight": rows}, path)
    return path, planted


def _run(part: str, file: Path) -> dict[str, Any]:
    one = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--part", part, "--file", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | one)
    if done.returncode:
        return {"left_out": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it failed"}
    return json.loads(done.stdout.splitlines()[-1])


def _start_to_end(file: Path) -> dict[str, Any]:
    """Times the command from its start to its end: the best of five, since others use the machine too."""
    command = [sys.executable, "-m", "condenslab", "measure", str(file), "--json"]
    seconds, used = [], []
    for _ in range(5):
        begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - begin)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"wall_seconds": min(seconds), "cpu_seconds": min(used)}


def _timed(work: Any) -> dict[str, Any]:
    before, cpu, wall = _peak(), time.process_time(), time.perf_counter()
    found = work()
    spent = {"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.perf_counter() - wall}
    return {**spent, "megabytes": _peak() - before, "megabytes_in_all": _peak(), "found": found}


def _peak() -> float:
    """Returns the most memory that was this process's own, in MB: pages of mapped files are the system's."""
    text = Path("/proc/self/status")
    if text.exists():
        lines = dict(line.split(":", 1) for line in text.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _ours(file: str, few: bool) -> dict[str, Any]:
    from condenslab.interop.neurons import measure_arrays
    from condenslab.interop.reading import read

    def work() -> int:
        arrays = {name: a for name, a in read(file).tensors.items() if not few or "word_embeddings" not in name}
        return len(measure_arrays(arrays, every=True, nulls=False).layers)

    return _timed(work)


def _torch(file: str, few: bool) -> dict[str, Any]:
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(1)

    def work() -> int:
        found = 0
        for name, weight in load_file(file).items():
            if few and "word_embeddings" in name:
                continue
            unit = torch.nn.functional.normalize(weight, dim=1)
            cosines = (unit @ unit.T).abs()
            cosines.fill_diagonal_(0)
            near, close = cosines.max(1).values.median(), (cosines > 0.95).sum() // 2
            width = len(cosines) ** 2 / ((cosines**2).sum() + len(cosines))
            found += bool(near + close + width > 0)
        return found

    return _timed(work)


def _duplicates(file: str) -> dict[str, Any]:
    from condenslab.interop.neurons import large
    from condenslab.interop.neurons.rows import Rows
    from condenslab.interop.reading import read

    return _timed(lambda: len(large.duplicates(Rows((read(file).tensors["layer.weight"],)), np.random.default_rng(0))))


def _exact(file: str) -> dict[str, Any]:
    from condenslab.interop.neurons import cosines
    from condenslab.interop.neurons.rows import Rows
    from condenslab.interop.reading import read

    return _timed(lambda: cosines.neighbours(Rows((read(file).tensors["layer.weight"],)), block=4096).close)


def _blocks(folder: str, *, nulls: bool) -> dict[str, Any]:
    from condenslab.interop.neurons import measure

    return _timed(lambda: len(measure(folder, every=True, layers="encoder*", nulls=nulls).layers))


def _weightwatcher(folder: str, *, nulls: bool) -> dict[str, Any]:
    import torch
    import transformers
    import weightwatcher

    torch.set_num_threads(1)
    model = transformers.AutoModel.from_pretrained(folder).encoder  # the layers that `_blocks` measures
    return _timed(lambda: len(weightwatcher.WeightWatcher(model=model).analyze(randomize=nulls)))


def _callback(_: str) -> dict[str, Any]:
    """Training steps of an MLP on digits' size by torch, and one record of the watcher."""
    import torch

    from condenslab.interop import Watcher

    torch.set_num_threads(1)
    nn = torch.nn
    model = nn.Sequential(nn.Linear(784, 256), nn.Tanh(), nn.Linear(256, 256), nn.Tanh(), nn.Linear(256, 10))
    inputs, optimiser = torch.randn(200, 784), torch.optim.Adam(model.parameters())

    def step() -> None:
        optimiser.zero_grad()
        model(inputs).pow(2).mean().backward()
        optimiser.step()

    with tempfile.TemporaryDirectory() as folder:
        watcher = Watcher(folder, every=1)
        step(), watcher(0, model)
        begin = time.process_time()
        for _ in range(100):
            step()
        trained = time.process_time() - begin
        begin = time.process_time()
        for number in range(10):
            watcher(number, model)
        return {
            "step_seconds": trained / 100,
            "record_seconds": (cost := (time.process_time() - begin) / 10),
            "share": cost / trained,
        }


PARTS = {
    "ours": lambda file: _ours(file, few=False),
    "ours-few": lambda file: _ours(file, few=True),
    "torch": lambda file: _torch(file, few=False),
    "torch-few": lambda file: _torch(file, few=True),
    "duplicates": _duplicates,
    "exact": _exact,
    "nulls": lambda folder: _blocks(folder, nulls=True),
    "plain": lambda folder: _blocks(folder, nulls=False),
    "weightwatcher": lambda folder: _weightwatcher(folder, nulls=True),
    "weightwatcher-plain": lambda folder: _weightwatcher(folder, nulls=False),
    "callback": _callback,
}


def _aims(cases: dict[str, Any]) -> list[dict[str, Any]]:
    aims: list[dict[str, Any]] = []

    def aim(what: str, value: float | None, most: float) -> None:
        aims.append({"aim": what, "value": value, "at_most": most, "met": None if value is None else value <= most})

    for case, ratio in RATIO.items():
        ours, theirs = cases[case]["ours"], cases[case]["torch"]
        known = "cpu_seconds" in ours and "cpu_seconds" in theirs
        aim(f"{case}: CPU by torch's", ours["cpu_seconds"] / theirs["cpu_seconds"] if known else None, 1 / ratio)
        if case == "110M, all matrices":
            aim(f"{case}: memory by torch's", ours["megabytes"] / theirs["megabytes"] if known else None, 1 / 20)
    wide = cases["wide bfloat16"]
    aim("wide: duplicates, CPU seconds", wide["duplicates"].get("cpu_seconds"), 15)
    aim("wide: duplicates, MB in all", wide["duplicates"].get("megabytes_in_all"), 1536)
    aim("wide: duplicates missed", wide["planted"] - wide["duplicates"].get("found", 0), 0)
    aim("wide: exact, CPU seconds", wide["exact"].get("cpu_seconds"), 120)
    aim("small file, seconds", cases["small file"]["ours"]["wall_seconds"], 0.5)
    aim("callback: share of 100 steps", cases["callback"]["ours"].get("share"), 0.005)
    for ours, theirs, what in (
        ("nulls", "weightwatcher", "with nulls"),
        ("plain", "weightwatcher-plain", "without"),
    ):
        both = [cases.get("MiniLM", {}).get(name, {}) for name in (ours, theirs)]
        if any(both):
            known = all("cpu_seconds" in row for row in both)
            ratio = both[0]["cpu_seconds"] / both[1]["cpu_seconds"] if known else None
            aim(f"MiniLM {what}: CPU by WeightWatcher's", ratio, 0.2)
    return aims


def _text(result: dict[str, Any]) -> str:
    lines = []
    for case, contestants in result["cases"].items():
        lines.append(case)
        for name, row in contestants.items():
            values = row.items() if isinstance(row, dict) else [("", row)]
            lines.append(
                f"  {name}: " + ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in values)
            )
    for aim in result["aims"]:
        said = {True: "met", False: "MISSED", None: "not measured"}[aim["met"]]
        value = "–" if aim["value"] is None else f"{aim['value']:.3g}"
        lines.append(f"{said}: {aim['aim']} {value} (at most {aim['at_most']:.3g})")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
