"""What an anchor task must fulfil: rules that can be read, a layout they fit in, a split that leaves enough."""

from typing import Any

import numpy as np


def whole(name: str, values: Any) -> np.ndarray:
    """Returns whole numbers as integers; a cast would cut decimals off in silence.

    Raises:
        ValueError: One of them is none.
    """
    try:
        numbers = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must be whole numbers, in rows of one length. Got {values!r}.") from None
    if numbers.size and (numbers.dtype.kind not in "iuf" or not np.all(numbers == np.rint(numbers))):
        raise ValueError(f"{name} must be whole numbers. Got {values!r}.")
    return numbers.astype(np.int64)


def check_triples(triples: np.ndarray, items: tuple[int, int], rules: int, positions: tuple[int, ...]) -> None:
    """Checks that triples are keys, numbers of rules and places of a task.

    Raises:
        ValueError: They are not.
    """
    if triples.ndim != 2 or triples.shape[1] != 3:
        raise ValueError(f"triples must be (key, rule, position), shape (triple, 3). Got shape {triples.shape}.")
    keys, numbers, places = triples.T
    inside = (items[0] <= keys) & (keys <= items[1]) & (numbers >= 0) & (numbers < rules) & np.isin(places, positions)
    if not inside.all():
        raise ValueError(
            f"a triple must be a key from {items[0]} to {items[1]}, a rule from 0 to {rules - 1} and one of the "
            f"positions {positions}. Got {tuple(triples[int(np.argmin(inside))].tolist())}."
        )


def check_rules(rules: np.ndarray, taught: np.ndarray, composed: np.ndarray | None, withheld: np.ndarray) -> None:
    """Checks the shapes of a table, and that training shows something.

    Raises:
        ValueError: The arrays do not fit, a rule is there twice, or every rule is withheld.
    """
    shapes = {len(part) for part in (rules, taught, withheld, taught if composed is None else composed)}
    if rules.ndim != 2 or len(shapes) != 1 or not len(rules):
        raise ValueError("the rules of an anchor task must be a table with an offset and a mark for each rule.")
    if len(np.unique(rules, axis=0)) < len(rules):
        raise ValueError("the rules of an anchor task must differ in their anchors. Got a rule twice.")
    if withheld.all():
        raise ValueError("every rule is withheld: leave at least one that training shows.")


def check_layout(layout: Any, rules: np.ndarray, targets: tuple[int, int]) -> None:
    """Checks that items, anchors and answers are tokens, and that a block fits into a sequence.

    Raises:
        ValueError: They are not, or it does not.
    """
    low, high = layout.items
    if not 0 <= low < high:
        raise ValueError(f"items must be a range of at least two tokens, (20, 99) say. Got {layout.items}.")
    inside = sorted({int(a) for a in rules.ravel() if low <= a <= high})
    if inside:
        raise ValueError(
            f"an anchor cannot be an item, because a sequence could not be read. Got the anchor {inside[0]} among the "
            f"items {low} to {high}: move the items."
        )
    if rules.min() < 0 or targets[0] < 0:
        raise ValueError(
            f"anchors and answers must be tokens, whole numbers of at least 0. Got an answer of {targets[0]}: begin "
            f"the items at {low - min(targets[0], 0)} or choose larger offsets."
        )
    block = rules.shape[1] + 1
    last = layout.length - block
    if last < 0:
        raise ValueError(f"a sequence must hold a key and its anchors, {block} tokens. Got the length {layout.length}.")
    given = layout.positions
    if given is not None and (not given or len(set(given)) < len(given) or min(given) < 0 or max(given) > last):
        raise ValueError(f"positions must be different numbers from 0 to {last}. Got {given}.")
    needed = max(targets[1], high, int(rules.max())) + 1
    if layout.vocabulary is not None and layout.vocabulary < needed:
        raise ValueError(f"the vocabulary must hold {needed} tokens, answers included. Got {layout.vocabulary}.")


def check_split(train: np.ndarray, keys: np.ndarray, rules: np.ndarray, withheld: np.ndarray, split: Any) -> None:
    """Checks that training shows every key and every rule that is not withheld.

    Raises:
        ValueError: It does not.
    """
    untaught = sorted(set(np.flatnonzero(~withheld)) - set(train[:, 1].tolist()))
    if untaught:
        anchors = tuple(rules[untaught[0]].tolist())
        raise ValueError(f"the split leaves no training triple of the rule {anchors}: hold out less, or withhold it.")
    unseen = sorted(set(keys.tolist()) - set(train[:, 0].tolist()))
    if unseen and not split.unseen_keys:
        raise ValueError(
            f"the split leaves the key {unseen[0]} (and {len(unseen) - 1} more) out of training, so that nothing can "
            "be said of it. Use more positions, another modulus or a RandomSplit, or say unseen_keys=True."
        )
