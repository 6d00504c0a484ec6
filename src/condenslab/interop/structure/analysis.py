"""What is known of a traced program: the axes of its parameters, what reads them, and what the values scale with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product as pairs
from typing import Any

from condenslab.interop.structure.expressions import Axes, Axis

_MOST_FORMS = 8


@dataclass(frozen=True)
class Form:
    """Parameters with which a value scales: multiplying them all by c multiplies the value by c.

    Attributes:
        factors: Those that multiply something; where a unit's entries are all 0, nothing but the offsets is left.
        offsets: Those that are added.
    """

    factors: frozenset[str] = frozenset()
    offsets: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.factors | self.offsets


Forms = tuple[Form, ...]


def summed(terms: Iterable[Forms]) -> Forms:
    """Returns the forms of a sum or a concatenation: all terms must scale together.

    There are as many as products of alternatives, of which some are kept; those that take the same alternative of every
    term come first, so that a stream of any number of blocks keeps that all its convolutions scale, and all its norms.
    """
    found: Forms = (Form(),)
    for forms in terms:
        if forms:
            alike = zip(found, forms, strict=False) if len(found) > 1 else ()
            both = (Form(a.factors | b.factors, a.offsets | b.offsets) for a, b in (*alike, *pairs(found, forms)))
            found = tuple(dict.fromkeys(both))[:_MOST_FORMS]
    return found


def multiplied(terms: Sequence[Forms]) -> Forms:
    """Returns the forms of a product: one factor scales, whichever; a parameter by itself is a factor."""
    found = []
    for forms in terms:
        found += [form if form.factors else Form(form.offsets) for form in forms if form.names]
    return tuple(dict.fromkeys(found))[:_MOST_FORMS]


@dataclass(eq=False)
class Value:
    """What is known of a tensor in the program.

    Attributes:
        axes: Its axes; of several tensors, a list of lists.
        forms: What it scales with, alternatives.
        origin: The parameter that it is a view of, or None.
    """

    axes: list[Any] = field(default_factory=list)
    forms: Forms = ()
    origin: str | None = None


@dataclass(frozen=True, eq=False)
class Reading:
    """A contraction of activations with a weight: what reads units.

    Attributes:
        node: The operator's node in the program, the activations' node, and which axis of these is contracted.
        source: The activations' node.
        axis: The contracted axis of the activations, counted from 0.
        parameter: The weight's name, or None where it is computed from parameters.
        contracted: The axis that is contracted.
        bias: The name of the bias that is added afterwards, or None.
        padded: Whether zeros are put around the activations before.
        convolves: Whether the weight has kernel positions.
        forms: What the activations scale with.
    """

    node: Any
    source: Any
    axis: int
    parameter: str | None
    contracted: Axis
    bias: str | None
    padded: bool
    convolves: bool
    forms: Forms


@dataclass(eq=False)
class Analysis:
    """A program after the walk.

    Attributes:
        values: What is known of each node.
        parameters: The axes of every parameter and buffer that can be edited, by name; tied ones share them.
        tied: For a name that is the same tensor as an earlier one, that one's name.
        readings: The contractions.
        unknown: How many times each operator without a rule met an axis that could have been permuted.
    """

    values: dict[Any, Value] = field(default_factory=dict)
    parameters: dict[str, Axes] = field(default_factory=dict)
    tied: dict[str, str] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
