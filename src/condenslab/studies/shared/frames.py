"""Networks of recorded parameters, and the moments of a run that are worth a picture."""

from typing import Any

import numpy as np


def networks_at(parameters: np.ndarray, like: Any) -> list[Any]:
    """Returns the networks of ravelled parameters, on the host: as many small device programs would take longer.

    Args:
        parameters: θ of every moment, shape (time, param).
        like: A network of the same shapes.
    """
    import jax

    leaves, structure = jax.tree.flatten(like)
    ends = np.cumsum([leaf.size for leaf in leaves])[:-1]
    return [
        jax.tree.unflatten(
            structure, [part.reshape(leaf.shape) for part, leaf in zip(np.split(row, ends), leaves, strict=True)]
        )
        for row in np.asarray(parameters)
    ]


def logarithmic_steps(steps: int, points: int) -> list[int]:
    """Returns 0 and at most `points` logarithmically spaced step numbers up to and including `steps`.

    Example:
        >>> logarithmic_steps(100, 3)
        [0, 1, 10, 100]
    """
    spaced = np.geomspace(1, max(steps, 1), points).round().astype(int)
    return [0, *np.unique(np.minimum(spaced, steps)).tolist()]
