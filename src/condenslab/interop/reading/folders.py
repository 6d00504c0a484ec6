"""Folders: which files of one hold the weights, and the index of a checkpoint that is cut into shards."""

import json
from pathlib import Path
from typing import Any

from condenslab.interop.reading.refusal import RefusalError

_MOST_JSON = 100 << 20
_PREFERRED = (
    "model.safetensors.index.json",
    "model.safetensors",
    "diffusion_pytorch_model.safetensors",
    "adapter_model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
    "flax_model.msgpack",
)
_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".npz", ".npy", ".msgpack", ".eqx", ".pkl", ".pickle")


def weights_file(folder: Path) -> Path:
    """Returns the file that holds the weights, or the index of their shards.

    Args:
        folder: The folder.

    Raises:
        RefusalError: There is none, or there are several and none has the customary name.
    """
    for name in _PREFERRED:
        if (folder / name).is_file():
            return folder / name
    inside = sorted(entry.name for entry in folder.iterdir())
    if any(name.endswith(".distcp") for name in inside):
        raise RefusalError(
            "it is a distributed checkpoint of torch: convert it with torch.distributed.checkpoint.format_utils"
        )
    indices = [name for name in inside if name.endswith(".index.json")]
    files = indices or [name for name in inside if name.endswith(_SUFFIXES)]
    if len(files) != 1:
        found = ", ".join(files[:5]) + (" …" if len(files) > 5 else "")
        raise RefusalError(
            f"it holds {'several files with weights: ' + found if files else 'no file with weights'}: name the file"
        )
    return folder / files[0]


def shards(index: Path) -> dict[str, list[str]]:
    """Returns which tensors are in which shard.

    Args:
        index: A `….index.json` file.

    Returns:
        Names of tensors by the name of the shard, which is a file beside the index.

    Raises:
        RefusalError: It is no index, or a shard is elsewhere or missing.
    """
    table = read_json(index).get("weight_map")
    if not isinstance(table, dict) or not all(isinstance(name, str) for name in table.values()):
        raise RefusalError("it has no weight_map from names to files")
    names: dict[str, list[str]] = {}
    for tensor, shard in table.items():
        names.setdefault(shard, []).append(tensor)
    for shard in names:
        if not shard or Path(shard).name != shard or shard in (".", "..") or "\\" in shard or "\0" in shard:
            raise RefusalError(f"its shard {shard[:80]!r} points out of the folder")
        if shard.endswith(".index.json") or not (index.parent / shard).is_file():
            raise RefusalError(f"its shard {shard[:80]} is missing")
    return names


def config_beside(path: Path) -> dict[str, Any]:
    """Returns the `config.json` in the folder of a file, or an empty dict if there is none that can be read.

    Args:
        path: The file or the folder.
    """
    file = (path if path.is_dir() else path.parent) / "config.json"
    try:
        return read_json(file) if file.is_file() else {}
    except (RefusalError, OSError):
        return {}


def read_json(path: Path) -> dict[str, Any]:
    """Returns the object in a JSON file.

    Args:
        path: The file.

    Raises:
        RefusalError: It is too long, or no JSON object.
    """
    if not path.is_file():
        raise RefusalError(f"{path.name} is no file")
    if path.stat().st_size > _MOST_JSON:
        raise RefusalError(f"{path.name} has more than {_MOST_JSON} bytes")
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise RefusalError(f"{path.name} is no JSON ({str(error)[:60]})") from error
    if not isinstance(value, dict):
        raise RefusalError(f"{path.name} is no JSON object")
    return value
