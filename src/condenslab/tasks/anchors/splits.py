"""Which (key, rule, position) triples are held out for testing: the published rule with its three moduli, or chance."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

PUBLISHED_MODULI = {"text": 7, "code": 9, "earlier": 8}
"""The moduli k of the published rule: that of the text (length − 2), of its code, and of the group's earlier code."""


@dataclass(frozen=True)
class ModulusSplit:
    """Key x may stand at position p in training only if x mod k ≠ p; the other triples are the test set.

    Attributes:
        modulus: k; `PUBLISHED_MODULI` has the three that the sources use.
        unseen_keys: Whether a key may be left out of training altogether, as happens where there is one position only;
            nothing can then be said of such keys.
    """

    modulus: int
    unseen_keys: bool = False

    def __post_init__(self) -> None:
        if not _whole(self.modulus) or self.modulus < 2:
            raise ValueError(f"the modulus of a split must be a whole number of at least 2. Got {self.modulus!r}.")

    @classmethod
    def published(cls, name: str) -> "ModulusSplit":
        """Returns one of the three published splits.

        Args:
            name: "text", "code" or "earlier".

        Raises:
            ValueError: No such name.
        """
        if name not in PUBLISHED_MODULI:
            raise ValueError(f"a published split is one of {', '.join(PUBLISHED_MODULI)}. Got {name!r}.")
        return cls(PUBLISHED_MODULI[name])

    def held_out(self, keys: np.ndarray, rules: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Returns which triples are held out, a Boolean array of their shape."""
        return keys % self.modulus == positions


@dataclass(frozen=True)
class RandomSplit:
    """A share of the (key, rule) combinations is held out, at all positions.

    Attributes:
        share: Which share, in (0, 1).
        seed: Which combinations.
        unseen_keys: Whether a key may be left out of training altogether.
    """

    share: float
    seed: int
    unseen_keys: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ValueError(f"the share that is held out must lie between 0 and 1. Got {self.share!r}.")
        if not _whole(self.seed) or self.seed < 0:
            raise ValueError(f"the seed of a split must be a whole number of at least 0. Got {self.seed!r}.")

    def held_out(self, keys: np.ndarray, rules: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Returns which triples are held out, a Boolean array of their shape."""
        chance = np.random.default_rng([self.seed, 31]).random((int(rules.max()) + 1, int(keys.max()) + 1))
        return chance[rules, keys] < self.share


Split: TypeAlias = ModulusSplit | RandomSplit
"""Which triples are held out: by the published rule, or at random."""


def _whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)
