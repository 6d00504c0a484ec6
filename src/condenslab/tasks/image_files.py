"""The user's own images from files: IDX (MNIST, Fashion-MNIST), packed with gzip or not, and NumPy's npz.

Nothing is downloaded. Debian's package `dataset-fashion-mnist` brings Fashion-MNIST as four IDX files, in the folder
`FASHION_MNIST`.
"""

import gzip
import io
import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import IO

import numpy as np

from condenslab.errors import UserError
from condenslab.tasks.files import FilePath, reading, regular_size, require_believable, require_memory
from condenslab.tasks.images import Images

FASHION_MNIST = "/usr/share/datasets/fashion-mnist"
"""Where Debian's package `dataset-fashion-mnist` puts its files; `labelled_images` takes any other folder's too."""

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"
_COPIES = 10
"""Bytes that an image of one byte a pixel takes, as it is read and as float64."""


def read_idx(path: FilePath) -> np.ndarray:
    """Returns the array of an IDX file, in its own shape and number type.

    IDX: two zero bytes, a type, a number of axes, their lengths (32 bits, big-endian), then the entries in C order.

    Args:
        path: The file, packed with gzip or not, whatever its name.

    Raises:
        UserError: The file cannot be read, is no IDX file, or has fewer or more entries than its header says; in one
            sentence that names the file and says what to do.
    """
    held = regular_size(path)
    with reading(path):
        try:
            with _opened(path) as stream:
                dtype, shape = _header(path, stream)
                size = prod(shape) * dtype.itemsize
                require_believable(path, size, held)
                require_memory(path, size)
                content = stream.read(size + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UserError(f"{path} is a damaged gzip file ({error}): fetch or pack it again.") from None
        if len(content) != size:
            more = "more" if len(content) > size else f"only {len(content)}"
            raise UserError(
                f"{path} announces {size} bytes of shape {str(shape)[:80]} and has {more}: the file is "
                f"{'mislabelled' if len(content) > size else 'truncated'}, so fetch it again."
            )
        array = np.frombuffer(content, dtype=dtype).reshape(shape)
        return array.astype(dtype.newbyteorder("="), copy=False)


def labelled_images(images: FilePath, labels: FilePath, *, classes: int = 10) -> Images:
    """Returns the images of one IDX file with the labels of another, as `tasks.images.digits` gives them.

    Args:
        images: IDX file of shape (sample, height, width) or (sample, channel, height, width); bytes are divided by 255,
            other numbers are taken as they are.
        labels: IDX file of whole numbers, shape (sample,).
        classes: How many classes there are; labels are 0 … classes − 1.

    Raises:
        UserError: As for `read_idx`; or the files are swapped, differ in length, are empty, or a label is out of range.
    """
    return _checked(read_idx(images), read_idx(labels), str(images), str(labels), classes)


def read_images(path: FilePath, *, images: str = "images", labels: str = "labels", classes: int = 10) -> Images:
    """Returns the images and labels of an npz file.

    Args:
        path: The file, as `numpy.savez` writes it.
        images: Name of the array of images, (sample, height, width) or (sample, channel, height, width); bytes are
            divided by 255, other numbers are taken as they are.
        labels: Name of the array of labels, (sample,).
        classes: How many classes there are; labels are 0 … classes − 1.

    Raises:
        UserError: The file cannot be read, is no npz file or a damaged one, lacks an array of that name, holds objects
            (images of mixed sizes), or the arrays do not fit together.
    """
    held = regular_size(path)
    with reading(path):
        if not zipfile.is_zipfile(path):
            raise UserError(f"{path} is no npz file, or a damaged one: write it with numpy.savez(path, images=…).")
        with zipfile.ZipFile(path) as archive:
            pair = [_member(path, archive, name, held) for name in (images, labels)]
    return _checked(pair[0], pair[1], f"{path}, array {images!r},", f"{path}, array {labels!r},", classes)


def _opened(path: FilePath) -> gzip.GzipFile | io.BufferedReader:
    with Path(path).open("rb") as file:
        packed = file.read(2) == _GZIP
    return gzip.open(path) if packed else Path(path).open("rb")


def _header(path: FilePath, stream: gzip.GzipFile | io.BufferedReader) -> tuple[np.dtype, tuple[int, ...]]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _TYPES or not start[3]:
        raise UserError(
            f"{path} is no IDX file: it must begin with two zero bytes, a type and a number of axes, and begins with "
            f"{start.hex(' ') or 'nothing'}."
        )
    lengths = stream.read(4 * start[3])
    if len(lengths) < 4 * start[3]:
        raise UserError(f"{path} ends within its header: the file is truncated, so fetch it again.")
    return np.dtype(_TYPES[start[2]]), tuple(int(n) for n in np.frombuffer(lengths, ">u4"))


def _member(path: FilePath, archive: zipfile.ZipFile, name: str, held: int) -> np.ndarray:
    """Reads one array, its header first: nothing is asked for that the file does not hold."""
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if name not in members:
        raise UserError(f"{path} has no array {name!r}, only {', '.join(members) or 'nothing'}: give its name.")
    info = members[name]
    with archive.open(info) as stream:
        shape, columns_first, dtype = _npy_header(stream)
        if dtype.hasobject:
            raise UserError(
                f"{path} holds {name!r} as objects, as images of mixed sizes are: bring all to one size and store one "
                "array."
            )
        size = prod(shape) * dtype.itemsize
        require_believable(path, size, held)
        require_memory(path, _COPIES * size)
        if dtype.kind not in "biuf" or size > info.file_size:
            raise UserError(
                f"{path}, array {name!r}, announces {size} bytes of {dtype} and has {info.file_size}: write it again."
            )
        content = stream.read(size + 1)  # to its end, where zipfile compares the checksum
    if len(content) != size:
        raise UserError(f"{path}, array {name!r}, has not the {size} bytes that it announces: write it again.")
    array = np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if columns_first else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)


def _npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the format holds no plain numbers")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, columns_first, dtype = read(stream)
    if any(length < 0 for length in shape):
        raise ValueError(f"the shape {shape} is none")
    return shape, columns_first, dtype


def _checked(images: np.ndarray, labels: np.ndarray, images_name: str, labels_name: str, classes: int) -> Images:
    if images.ndim not in (3, 4) or images.dtype.kind not in "buif":
        swapped = ": are the two files swapped?" if images.ndim == 1 and labels.ndim > 1 else "."
        raise UserError(
            f"{images_name} must hold images, numbers of shape (sample, height, width) or (sample, channel, height, "
            f"width), and holds {images.dtype} of shape {images.shape}{swapped}"
        )
    if labels.ndim != 1 or labels.dtype.kind not in "ui":
        raise UserError(
            f"{labels_name} must hold one whole number a sample, and holds {labels.dtype} of shape {labels.shape}."
        )
    if len(images) != len(labels) or not images.size:
        raise UserError(
            f"{images_name} has {len(images)} images of {images.shape[1:]} and {labels_name} {len(labels)} labels: "
            "there must be equally many, at least one."
        )
    outside = np.flatnonzero((labels < 0) | (labels >= classes))
    if outside.size:
        first = int(outside[0])
        raise UserError(
            f"{labels_name} has the label {labels[first]} at sample {first}, but labels must be 0 to {classes - 1}: "
            "give the number of classes, or correct the file."
        )
    require_memory(images_name, _COPIES * images.size + 8 * images.size * (images.itemsize > 1))
    grey = images.astype(np.float64) / (255.0 if images.dtype.kind == "u" and images.dtype.itemsize == 1 else 1.0)
    if not np.isfinite(grey).all():
        raise UserError(f"{images_name} has NaN or infinite grey values: clean the images first.")
    found = Images(grey if grey.ndim == 4 else grey[:, None], labels.astype(np.int64))
    for array in found:
        array.setflags(write=False)
    return found
