"""The file of a checkpoint: named tensors and a header in one safetensors file, sealed by a checksum.

The metadata of the file has one entry, `condenslab`: a JSON object with `format` ("condenslab checkpoint"), `version`,
`content` (the header proper, see `Content`) and `sha256`. The checksum is of the text of `content` followed, for every
tensor in the order of the names, by the line `name dtype shape` (JSON: a string, a string, a list) and the tensor's
little-endian bytes. Nothing in the file is ever executed.

Version 1 holds a `TwoLayer` or an `MLP`, with the header `DenseHeader`. Version 2 holds any class of the registry in
`forms`, with the header `ModelHeader`. Both are read; dense networks are still written as version 1, which every
condenslab reads.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from condenslab.errors import UserError
from condenslab.sweeps.files import write_whole

FORMAT = "condenslab checkpoint"
VERSION = 2
REPAIR = "restore it from a copy or save it again"

Tensors = dict[str, np.ndarray]
Shapes = dict[str, tuple[int, ...]]


class DenseHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a dense network is beside its parameters, in version 1.

    Attributes:
        kind: Its class.
        activation: Name of its activation in the registry.
        biases: Whether each layer has a bias, in order.
        residual: Whether hidden layers of equal width add their input; false for `TwoLayer`.
    """

    kind: Literal["TwoLayer", "MLP"]
    activation: str
    biases: list[bool]
    residual: bool


class ModelHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What any network is beside its parameters.

    Attributes:
        kind: Its class.
        activation: Name of its activation in the registry, or None for a class without one.
        parts: For each field that holds arrays: whether there is one, in order where the field has one for each layer.
        settings: Its other fields.
    """

    kind: str
    activation: str | None
    parts: dict[str, list[bool]]
    settings: dict[str, Any]


class RunHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trajectory is beside its arrays and its network.

    Attributes:
        stop: Name of the member of `training.Stop`.
        steps: Number of steps.
        seconds: Wall time.
        records: Names of the records, in order.
        state: Number of leaves of the internal state.
    """

    stop: str
    steps: int
    seconds: float
    records: list[str]
    state: int


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header proper.

    Attributes:
        network: The network.
        run: The trajectory that the network is the end of, or None.
    """

    network: ModelHeader
    run: RunHeader | None


class _DenseContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    network: DenseHeader
    run: RunHeader | None


class _Version(msgspec.Struct, frozen=True):
    """What the envelope of every version of the format has."""

    format: Literal["condenslab checkpoint"]
    version: int


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["condenslab checkpoint"]
    version: int
    content: msgspec.Raw
    sha256: str


def write(path: Path, content: Content, tensors: Tensors) -> None:
    """Writes a checkpoint so that the file is at every moment the old one or the whole new one.

    Args:
        path: The file; its folder must exist.
        content: The header.
        tensors: Arrays by name.

    Raises:
        UserError: The file cannot be written; what was there before is untouched.
    """
    plain = {name: _little_endian(tensor) for name, tensor in tensors.items()}
    dense = _as_dense(content.network)
    text = msgspec.json.encode(content if dense is None else _DenseContent(dense, content.run))
    envelope = _Envelope(FORMAT, VERSION if dense is None else 1, msgspec.Raw(text), _checksum(text, plain))
    file = save(plain, {"condenslab": msgspec.json.encode(envelope).decode()})
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file to save to")
    if not path.parent.is_dir():
        raise UserError(f"{path} cannot be written because {path.parent} is no folder: create it first")
    try:
        write_whole(path, file)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror}): free the disk or choose another place; a file that was "
            "there before is untouched"
        ) from error


def read(path: Path, misfit: Callable[[Content, Shapes], str | None]) -> tuple[Content, Tensors]:
    """Reads a checkpoint.

    Args:
        path: The file.
        misfit: Says what in the header and in the names and shapes of the tensors does not fit together, or None;
            called before any tensor is read.

    Raises:
        UserError: It is missing, unreadable, no checkpoint, of a newer version, a misfit, or a byte of the header or
            of a tensor is not what was written.
    """
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a device, a pipe or a socket, whose end cannot be known"
        raise UserError(f"{path} is {kind}: name the file to load")
    try:
        with safe_open(path, framework="numpy") as file:
            envelope, content = _header(path, file.metadata() or {})
            names = file.keys()
            reason = misfit(content, {name: tuple(file.get_slice(name).get_shape()) for name in names})
            if reason:
                raise damaged(path, reason)
            tensors = {name: file.get_tensor(name) for name in names}
    except FileNotFoundError as error:
        raise UserError(f"there is no file {path}: check the name, or save it first") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(f"{path} cannot be read ({reason}): check its permissions and that it is a file") from error
    except SafetensorError as error:
        reason = str(error).removeprefix("Error while deserializing header: ")
        raise UserError(f"{path} is no safetensors file, or is truncated or damaged ({reason}): {REPAIR}") from error
    if _checksum(bytes(envelope.content), tensors) != envelope.sha256:
        raise damaged(path, "its content does not match its checksum")
    return content, tensors


def damaged(path: Path, reason: str) -> UserError:
    """Builds the error for a file that is not what was written.

    Args:
        path: The file.
        reason: How it can be seen.
    """
    return UserError(f"{path} is truncated or damaged ({reason}): {REPAIR}")


def _header(path: Path, metadata: dict[str, str]) -> tuple[_Envelope, Content]:
    if "condenslab" not in metadata:
        raise UserError(
            f"{path} is a safetensors file of another program (it has no condenslab header): give a file that "
            "save_network or save_trajectory has written"
        )
    text = metadata["condenslab"]
    try:
        version = msgspec.json.decode(text, type=_Version).version
        if version > VERSION:
            raise UserError(
                f"{path} has version {version} of the checkpoint format and this condenslab reads up to version "
                f"{VERSION}: upgrade condenslab"
            )
        if version < 1:
            raise damaged(path, f"its header gives version {version}")
        envelope = msgspec.json.decode(text, type=_Envelope)
        if version > 1:
            return envelope, msgspec.json.decode(envelope.content, type=Content)
        old = msgspec.json.decode(envelope.content, type=_DenseContent)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise damaged(path, f"its header cannot be read: {error}") from error
    return envelope, Content(_from_dense(path, old.network), old.run)


def _as_dense(header: ModelHeader) -> DenseHeader | None:
    """Returns the header of version 1, or None if that version does not know the class."""
    if header.kind == "TwoLayer":
        biases = [*header.parts["biases"], *header.parts["output_bias"]]
        return DenseHeader("TwoLayer", str(header.activation), biases, residual=False)
    if header.kind == "MLP":
        return DenseHeader("MLP", str(header.activation), header.parts["biases"], header.settings["residual"])
    return None


def _from_dense(path: Path, header: DenseHeader) -> ModelHeader:
    count = len(header.biases)
    if header.kind == "MLP":
        if not count:
            raise damaged(path, "its header gives an MLP no layers")
        parts, settings = {"weights": [True] * count, "biases": header.biases}, {"residual": header.residual}
        return ModelHeader("MLP", header.activation, parts, settings)
    if count != 2 or header.residual:
        raise damaged(path, f"its header gives a TwoLayer {count} layers and residual={header.residual}")
    hidden, output = header.biases
    parts = {"input_weights": [True], "biases": [hidden], "output_weights": [True], "output_bias": [output]}
    return ModelHeader("TwoLayer", header.activation, parts, {})


def _little_endian(tensor: np.ndarray) -> np.ndarray:
    return np.asarray(tensor, tensor.dtype.newbyteorder("<"), order="C")


def _checksum(text: bytes, tensors: Tensors) -> str:
    digest = hashlib.sha256(text)
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(msgspec.json.encode(name) + b" ")
        digest.update(msgspec.json.encode(tensor.dtype.name) + b" " + msgspec.json.encode(tensor.shape) + b"\n")
        digest.update(tensor.tobytes())
    return digest.hexdigest()
