"""Input designs: where a target is sampled. Each returns inputs of shape (sample, input).

A random design takes its seed first, always given by the caller; 0 is an ordinary seed. With one seed, the first n
points of a larger design are the design of n points, so that training sets of growing size are nested.
"""

import numpy as np

from condenslab.tasks.arrays import count


def grid(low: float, high: float, samples: int, inputs: int = 1) -> np.ndarray:
    """Returns evenly spaced points of the cube [low, high]^inputs, both ends included.

    Args:
        low: Lower end.
        high: Upper end.
        samples: Points along each axis, so samples^inputs in all.
        inputs: Input dimension.

    Raises:
        ValueError: The ends are not finite and in order, or a number is not a positive whole number.

    Example:
        >>> grid(-0.5, 0.5, samples=3).ravel().tolist()
        [-0.5, 0.0, 0.5]
    """
    _check_ends(low, high)
    axis = np.linspace(low, high, count("samples", samples))
    axes = np.meshgrid(*[axis] * count("inputs", inputs), indexing="ij")
    return np.stack(axes, axis=-1).reshape(-1, inputs)


def uniform(seed: int, low: float, high: float, samples: int, inputs: int = 1) -> np.ndarray:
    """Returns independent points, uniform on the cube [low, high]^inputs.

    Raises:
        ValueError: The seed is not a whole number of at least 0, or as for `grid`.
    """
    _check_ends(low, high)
    shape = count("samples", samples), count("inputs", inputs)
    return generator(seed).uniform(low, high, shape)


def normal(seed: int, samples: int, inputs: int = 1, *, std: float = 1.0) -> np.ndarray:
    """Returns independent points with entries N(0, std²).

    Raises:
        ValueError: The seed is not a whole number of at least 0, std is not positive and finite, or a number is not a
            positive whole number.
    """
    if not (np.isfinite(std) and std > 0):
        raise ValueError(f"std must be positive and finite. Got {std}.")
    shape = count("samples", samples), count("inputs", inputs)
    return std * generator(seed).standard_normal(shape)


def generator(seed: int) -> np.random.Generator:
    """Returns the numpy generator of a seed; there is no default seed and 0 is an ordinary one.

    Raises:
        ValueError: The seed is not a whole number of at least 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number of at least 0. Got {seed!r}.")
    return np.random.default_rng(int(seed))


def _check_ends(low: float, high: float) -> None:
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise ValueError(f"low and high must be finite and in order. Got low={low} and high={high}.")
