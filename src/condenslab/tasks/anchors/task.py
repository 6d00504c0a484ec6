"""The anchor-function task: rules, layout of a sequence, split into triples, and sequences drawn from them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from condenslab.tasks.anchors.checks import check_layout, check_rules, check_split, check_triples, whole
from condenslab.tasks.anchors.splits import Split
from condenslab.tasks.designs import generator

Part = Literal["train", "test", "withheld"]
"""What the sequences of an anchor task are for."""


@dataclass(frozen=True)
class Layout:
    """How a sequence is laid out.

    Attributes:
        items: The first and the last item, the keys included.
        length: n, tokens in a sequence.
        key_first: Whether the key stands before its anchors (x a₁ a₂), or behind them.
        positions: Where the block of key and anchors may begin, counted from 0; None for wherever it fits.
        vocabulary: Number of tokens, at least what items, anchors and targets need; None for that.
    """

    items: tuple[int, int] = (20, 99)
    length: int = 9
    key_first: bool = True
    positions: tuple[int, ...] | None = None
    vocabulary: int | None = None


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences with what is in them.

    Attributes:
        tokens: Shape (sample, n).
        targets: The taught answer (for a withheld rule: the composed one), shape (sample,).
        keys: Key items, shape (sample,).
        rules: Which rule, as a row of the task's `rules`, shape (sample,).
        positions: Where the block begins, shape (sample,).
    """

    tokens: np.ndarray
    targets: np.ndarray
    keys: np.ndarray
    rules: np.ndarray
    positions: np.ndarray

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, eq=False)
class AnchorTask:
    """Sequences of items with one block of a key and its anchors; the answer is the key plus the offset of the anchors.

    The other items are noise. The functions of `tasks.anchors` make tasks; this class takes the finished table.

    Attributes:
        name: What reports call it.
        rules: Anchor tokens of every rule, shape (rule, 1) for single anchors, (rule, 2) for pairs.
        taught: The offset of every rule as training shows it, shape (rule,).
        composed: The offset by composition, shape (rule,); None where nothing is composed (symmetric, random).
        withheld: Which rules training never shows, shape (rule,).
        layout: Of a sequence.
        split: What is held out of the rules that training shows; None for nothing.

    Raises:
        ValueError: Something does not fit: an anchor among the items, a target below 0 or outside the vocabulary, a
            withheld rule that no trained one lets a network infer, a split that leaves a key or a rule untrained.

    References:
        Zhang et al., arXiv 2401.08309 (anchor functions); 2405.05409 (two anchors, withheld pairs).

    Example:
        >>> from condenslab.tasks import anchors
        >>> anchors.published().value(23, (1, 2))
        29
    """

    name: str
    rules: np.ndarray
    taught: np.ndarray
    composed: np.ndarray | None
    withheld: np.ndarray
    layout: Layout = Layout()
    split: Split | None = None

    def __post_init__(self) -> None:
        for name in ("rules", "taught", "composed", "withheld"):
            value = getattr(self, name)
            if value is not None:
                sealed = np.array(value if name == "withheld" else whole(f"{name} of an anchor task", value))
                sealed = sealed.astype(bool) if name == "withheld" else sealed
                sealed.setflags(write=False)
                object.__setattr__(self, name, sealed)
        check_rules(self.rules, self.taught, self.composed, self.withheld)
        check_layout(self.layout, self.rules, self.targets_range)
        check_split(self.triples("train"), self.keys, self.rules, self.withheld, self.split)

    @property
    def anchors(self) -> tuple[int, ...]:
        """The anchor tokens, increasing."""
        return tuple(np.unique(self.rules).tolist())

    @property
    def keys(self) -> np.ndarray:
        """All key items, shape (key,)."""
        return np.arange(self.layout.items[0], self.layout.items[1] + 1)

    @property
    def positions(self) -> tuple[int, ...]:
        """Where a block may begin."""
        if self.layout.positions is not None:
            return self.layout.positions
        return tuple(range(self.layout.length - self.rules.shape[1]))

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        needed = max(self.targets_range[1], self.layout.items[1], *self.anchors) + 1
        return needed if self.layout.vocabulary is None else self.layout.vocabulary

    @property
    def targets_range(self) -> tuple[int, int]:
        """The smallest and the largest answer of any explanation."""
        offsets = self.taught if self.composed is None else np.concatenate([self.taught, self.composed])
        return self.layout.items[0] + int(offsets.min()), self.layout.items[1] + int(offsets.max())

    @property
    def answers(self) -> np.ndarray:
        """The offset that is asked for of every rule: as taught, and for a withheld rule as composed, shape (rule,)."""
        return self.taught if self.composed is None else np.where(self.withheld, self.composed, self.taught)

    def rule(self, anchors: tuple[int, ...]) -> int:
        """Returns the row of a rule.

        Args:
            anchors: Its anchor tokens in order.

        Raises:
            ValueError: There is no such rule.
        """
        found = np.flatnonzero((self.rules == np.asarray(anchors)).all(axis=1)) if self._fits(anchors) else []
        if len(found) != 1:
            raise ValueError(f"{self.name} has no rule for the anchors {tuple(anchors)}; it has {self.anchors}.")
        return int(found[0])

    def value(self, key: int, anchors: tuple[int, ...]) -> int:
        """Returns f(key; anchors), as taught or, for a withheld rule, as composed.

        Args:
            key: The key item.
            anchors: The anchor tokens in order.
        """
        return int(key + self.answers[self.rule(anchors)])

    def read(self, sequences: np.ndarray) -> Sequences:
        """Reads sequences: finds the block in each, and its answer.

        Args:
            sequences: Shape (sample, n), or one sequence, shape (n,).

        Raises:
            ValueError: A sequence has another length, or not exactly one block, or tokens are no whole numbers.
        """
        tokens = np.atleast_2d(whole("tokens", sequences))
        q = self.rules.shape[1]
        if tokens.shape[1] != self.layout.length:
            raise ValueError(f"a sequence must have {self.layout.length} tokens. Got {tokens.shape[1]}.")
        is_anchor = np.isin(tokens, self.anchors)
        first = np.argmax(is_anchor, axis=1)
        start = first - 1 if self.layout.key_first else first
        expected = (np.arange(tokens.shape[1]) - first[:, None] >= 0) & (
            np.arange(tokens.shape[1]) - first[:, None] < q
        )
        bad = ~(is_anchor == expected).all(axis=1) | (start < 0) | (start > tokens.shape[1] - q - 1)
        if bad.any():
            raise ValueError(
                f"a sequence must have one block of a key and {q} anchors. Sequence {int(np.argmax(bad))} has not."
            )
        rows = np.arange(len(tokens))
        keys = tokens[rows, start if self.layout.key_first else start + q]
        given = tokens[rows[:, None], first[:, None] + np.arange(q)]
        rules = np.array([self.rule(tuple(anchors)) for anchors in given.tolist()])
        return Sequences(tokens, keys + self.answers[rules], keys, rules, start)

    @cached_property
    def _triples(self) -> dict[str, np.ndarray]:
        grid = np.meshgrid(self.keys, np.arange(len(self.rules)), np.array(self.positions), indexing="ij")
        keys, rules, positions = (axis.ravel() for axis in grid)
        never = self.withheld[rules]
        held = np.zeros(len(keys), bool) if self.split is None else self.split.held_out(keys, rules, positions)
        every = np.stack([keys, rules, positions], axis=1)
        return {"train": every[~never & ~held], "test": every[~never & held], "withheld": every[never]}

    def triples(self, part: Part) -> np.ndarray:
        """Returns all distinct triples (key, rule, position) of a part, shape (triple, 3); the parts are disjoint.

        Args:
            part: "train", "test" (held out of the rules that training shows) or "withheld" (rules it never shows).

        Raises:
            ValueError: No such part.
        """
        if part not in self._triples:
            raise ValueError(f"a part is one of train, test and withheld. Got {part!r}.")
        return self._triples[part]

    def sample(self, count: int, seed: int, part: Part = "train", *, distinct: bool = True) -> Sequences:
        """Draws sequences; a longer sample of the same seed begins with a shorter one.

        Args:
            count: n, how many.
            seed: Of triples and noise; 0 is an ordinary seed.
            part: Of which triples.
            distinct: Whether no triple is drawn twice. Noise is always drawn anew.

        Raises:
            ValueError: The part has no triples, or fewer than `count` distinct ones.
        """
        triples = self.triples(part)
        if count < 1 or not len(triples) or (distinct and count > len(triples)):
            raise ValueError(
                f"a sample of {self.name} ({part}) needs at least 1 and at most {len(triples)} distinct triples of "
                f"key, rule and position. Got {count}; with distinct=False triples may repeat."
            )
        chance = np.random.default_rng([seed, 17, ("train", "test", "withheld").index(part)])
        chosen = chance.permutation(len(triples)) if distinct else chance.integers(len(triples), size=count)
        return self.sequences(triples[chosen[:count]], seed)

    def sequences(self, triples: np.ndarray, seed: int) -> Sequences:
        """Returns one sequence for every triple, with noise around the block.

        Args:
            triples: (key, rule, position), shape (triple, 3).
            seed: Of the noise.

        Raises:
            ValueError: A triple is none of this task, or the seed is not a whole number of at least 0.
        """
        triples = whole("triples", triples)
        check_triples(triples, self.layout.items, len(self.rules), self.positions)
        generator(seed)
        keys, rules, positions = triples.T
        low, high = self.layout.items
        tokens = np.random.default_rng([seed, 19]).integers(low, high + 1, size=(len(keys), self.layout.length))
        rows, q = np.arange(len(keys)), self.rules.shape[1]
        tokens[rows, positions + (0 if self.layout.key_first else q)] = keys
        begin = positions + (1 if self.layout.key_first else 0)
        tokens[rows[:, None], begin[:, None] + np.arange(q)] = self.rules[rules]
        return Sequences(tokens, keys + self.answers[rules], keys, rules, positions)

    def _fits(self, anchors: tuple[int, ...]) -> bool:
        return len(tuple(anchors)) == self.rules.shape[1]
