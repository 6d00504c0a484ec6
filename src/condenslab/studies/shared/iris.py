"""Fisher's Iris table, which comes with scikit-learn; not everyone has installed that."""

from typing import Any

import numpy as np

from condenslab.sweeps import Outcome

MISSING = Outcome(
    {}, status="failed", message="Iris comes with scikit-learn, which is not installed: pip install 'condenslab[data]'"
)
"""What a case on Iris comes to without scikit-learn."""


def iris() -> tuple[np.ndarray, np.ndarray] | None:
    """Returns inputs, shape (150, 4), and classes 0, 1 and 2, shape (150,), or None without scikit-learn."""
    try:
        from sklearn.datasets import load_iris
    except ImportError:
        return None
    table: Any = load_iris()
    return table.data, table.target
