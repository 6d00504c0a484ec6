"""A reduced or enlarged module in a folder: weights, a program that runs without its code, the receipt."""

import copy
import inspect
import io
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from condenslab.errors import UserError
from condenslab.interop.structure.reduction import Edited
from condenslab.interop.structure.torch_export import export, first_line
from condenslab.interop.structure.torch_program import TorchProgram
from condenslab.interop.torch_module import require_torch

PROGRAM, WEIGHTS, RECEIPT = "module.pt2", "weights.safetensors", "receipt.json"
LOADED, CONFIG = "model.safetensors", "config.json"
_MOST_KEYS = 4000


def check_folder(folder: str | os.PathLike[str]) -> Path:
    """Returns the folder that is to be written.

    Args:
        folder: Where the files go.

    Raises:
        UserError: There is something already, or no folder can be made there.
    """
    path = Path(folder)
    if path.is_symlink() or path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise UserError(f"{path} exists already: -o needs a new folder, so that nothing is overwritten")
    parent = path.absolute().parent
    if not parent.is_dir():
        raise UserError(f"{parent} is no folder, so that {path.name} cannot be made there")
    if not os.access(parent, os.W_OK):
        raise UserError(f"{parent} cannot be written to")
    return path


def save(edited: Edited, folder: str | os.PathLike[str]) -> list[str]:
    """Writes a reduced or enlarged module into a new folder.

    `module.pt2` is a program of `torch.export` that runs in any process with PyTorch and without the module's code:
    `torch.export.load("module.pt2").module()`. `weights.safetensors` is its state dict, with the original names.
    `receipt.json` says what was done. Where the module has a configuration, as those of transformers do, and some
    entries of it describe the new sizes, `config.json` and `model.safetensors` are there for `from_pretrained`.

    Args:
        edited: What `reduce` or `embed` returned.
        folder: The folder; it must not exist, or be empty.

    Returns:
        The names of the files.

    Raises:
        UserError: The folder exists, the disk is full or cannot be written, or the module cannot be exported again.
    """
    path = check_folder(folder)
    receipt = dict(edited.receipt)
    program, batch = _program(edited)
    files: dict[str, Callable[[Path], None]] = {
        PROGRAM: lambda to: _write_bytes(to, program),
        WEIGHTS: lambda to: _tensors(to, edited.state),
    }
    config, reason = changed_config(edited)
    if config is not None:
        files[CONFIG] = lambda to: _write_bytes(to, config.to_json_string(use_diff=False).encode())
        files[LOADED] = lambda to: _tensors(to, edited.state)
    receipt["program"] = {"file": PROGRAM, "any_batch": batch}
    receipt["from_pretrained"] = {"loads": config is not None, "reason": reason}
    receipt["files"] = [*files, RECEIPT]
    text = json.dumps(receipt, indent=1, allow_nan=False)
    files[RECEIPT] = lambda to: _write_bytes(to, text.encode())
    _all_or_nothing(path, files)
    edited.receipt.update(receipt)
    return list(files)


def _all_or_nothing(path: Path, files: Mapping[str, Callable[[Path], None]]) -> None:
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.absolute().parent))
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
    try:
        for name, write in files.items():
            write(partial / name)
        partial.chmod(0o755)
        if path.is_dir():
            path.rmdir()
        partial.rename(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}; nothing was left there") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_bytes(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _tensors(path: Path, state: Mapping[str, Any]) -> None:
    from safetensors.torch import save as packed

    _write_bytes(path, packed({name: tensor.contiguous().clone() for name, tensor in state.items()}))


def _program(edited: Edited) -> tuple[bytes, bool]:
    """Exports the edited module again, and returns the file and whether it takes any number of samples."""
    torch = require_torch("writing a module")
    program: TorchProgram = edited.program
    exported, any_batch = export(edited.module, program.args, program.kwargs, program.dynamic)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.export.save(exported, buffer)
        except Exception as error:
            raise UserError(f"the module cannot be written as a program: {first_line(error)}") from error
    return buffer.getvalue(), any_batch


def changed_config(edited: Edited) -> tuple[Any, str | None]:
    """Finds the entries of a module's configuration that describe the new sizes, by trying them.

    No list of architectures is used: entries whose value is an old size are set to the new one, and the module that the
    configuration builds, without memory for its weights, must have exactly the shapes of the reduced state dict.

    Args:
        edited: The module.

    Returns:
        The configuration, or None and why there is none.
    """
    torch = require_torch("trying configurations")
    module = edited.program.module
    config = getattr(module, "config", None)
    if config is None or not hasattr(config, "to_json_string") or "config" not in _parameters(type(module)):
        return None, "the module has no configuration to build it from"
    if edited.receipt.get("inserted"):
        return None, "layers were put in that no entry of the configuration describes"
    shapes = {name: tuple(tensor.shape) for name, tensor in edited.state.items()}
    changed = {(old, new) for old, new in edited.widths.values() if old != new}
    if not changed:
        return config, None
    trial = copy.deepcopy(config)
    for old, new in sorted(changed):
        keys = [key for key, value in trial.to_dict().items() if value == old and not isinstance(value, bool)]
        better = [key for key in keys if _closer(torch, module, trial, key, new, shapes)]
        for key in better:
            setattr(trial, key, new)
    if _misfits(torch, module, trial, shapes) == 0:
        return trial, None
    return None, (
        "no entries of the configuration describe these sizes: blocks have different widths (--uniform), or a head "
        "size that follows from the others changed (--layers leaves them out)"
    )


def _closer(torch: Any, module: Any, config: Any, key: str, new: int, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    other = copy.deepcopy(config)
    try:
        setattr(other, key, new)
    except (AttributeError, TypeError, ValueError):
        return False
    return _misfits(torch, module, other, shapes) < _misfits(torch, module, config, shapes)


def _misfits(torch: Any, module: Any, config: Any, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Returns how many tensors of the module that a configuration builds have other shapes."""
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            built = type(module)(copy.deepcopy(config))
    except Exception:  # whatever a class of the user raises at sizes that it does not take
        return _MOST_KEYS
    found = {name: tuple(tensor.shape) for name, tensor in built.state_dict().items()}
    return sum(found.get(name) != shape for name, shape in shapes.items()) + len(set(found) - set(shapes))


def _parameters(kind: type) -> list[str]:
    return list(inspect.signature(kind.__init__).parameters)
