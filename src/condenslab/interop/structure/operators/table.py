"""The table of rules: what an operator does with the axes of what it is given. One file a family of operators."""

from collections.abc import Callable, Sequence
from typing import Any

from condenslab.interop.structure.analysis import Analysis, Form, Forms, Reading, Value, multiplied, summed
from condenslab.interop.structure.expressions import Atom, Axes, Axis, one
from condenslab.interop.structure.unifying import unify


class Call:
    """One operator in a traced program, with its arguments by name.

    Attributes:
        operator: Its name.
        node: Its node.
        arguments: By the names in the operator's schema.
        shape: The shape of its result, or None where it has several.
        shapes: The shapes of its results, where it has several.
    """

    def __init__(
        self,
        analysis: Analysis,
        operator: str,
        node: Any,
        arguments: dict[str, Any],
        shapes: Sequence[Sequence[int]],
        *,
        several: bool,
    ) -> None:
        self.analysis, self.operator, self.node, self.arguments = analysis, operator, node, arguments
        self.shapes = [list(shape) for shape in shapes]
        self.shape = [] if several or not shapes else self.shapes[0]

    def __getitem__(self, name: str) -> Any:
        return self.arguments.get(name)

    def value(self, name: str) -> Value:
        """Returns what is known of an argument."""
        return self.of(self.arguments.get(name))

    def of(self, node: Any) -> Value:
        """Returns what is known of a node; nothing of a number or None."""
        try:
            return self.analysis.values.get(node, Value())
        except TypeError:  # a list or a slice
            return Value()

    def axes(self, name: str) -> Axes:
        """Returns the axes of an argument."""
        return list(self.value(name).axes)

    def tensors(self) -> list[Any]:
        """Returns all nodes among the arguments."""
        found: list[Any] = []

        def visit(value: Any) -> None:
            if isinstance(value, list | tuple):
                for part in value:
                    visit(part)
            elif self.of(value).axes:
                found.append(value)

        for value in self.arguments.values():
            visit(value)
        return found

    def reads(
        self, source: str, axis: int, weight: str, contracted: Axis, *, bias: str | None = None, padded: bool = False
    ) -> None:
        """Notes that an axis of activations is contracted with a weight.

        Args:
            source: The argument with the activations.
            axis: Their contracted axis.
            weight: The argument with the weight.
            contracted: The contracted axis, as the weight has it.
            bias: The argument with the bias.
            padded: Whether zeros are put around the activations.
        """
        activations, parameter = self.value(source), self.value(weight)
        self.analysis.readings.append(
            Reading(
                node=self.node,
                source=self.arguments[source],
                axis=axis % len(activations.axes),
                parameter=parameter.origin,
                contracted=contracted,
                bias=self.value(bias).origin if bias else None,
                padded=padded,
                convolves=len(parameter.axes) > 2 and self.operator.startswith("conv"),
                forms=activations.forms,
            )
        )

    def affine(self, weight: str, bias: str | None) -> Forms:
        """Returns the form of weight·activations + bias."""
        factors = summed([self.value(weight).forms])
        offsets = summed([self.value(bias).forms]) if bias else (Form(),)
        return tuple(Form(a.names, b.names) for a in factors for b in offsets)

    def broadcast(self, nodes: Sequence[Any], shape: Sequence[int] | None = None) -> Axes:
        """Returns the axes of tensors that are combined entry by entry, unified."""
        return self.paired([self.of(node).axes for node in nodes], self.shape if shape is None else shape)

    def paired(self, lists: Sequence[Axes], shape: Sequence[int]) -> Axes:
        """Returns axes that are combined entry by entry, unified, aligned at the last one.

        Args:
            lists: The axes of each tensor.
            shape: The sizes of the result.
        """
        found: Axes = []
        for back in range(1, len(shape) + 1):
            here = [axes[-back] for axes in lists if len(axes) >= back and axes[-back].size == shape[-back]]
            for axis in here[1:]:
                unify(here[0], axis, self.operator)
            found.append(here[0] if here else one() if shape[-back] == 1 else Atom(shape[-back], "it is broadcast"))
        return found[::-1]

    def sum_forms(self) -> Forms:
        """Returns the forms of a sum of the arguments."""
        return summed([self.of(node).forms for node in self.tensors()])

    def product_forms(self) -> Forms:
        """Returns the forms of a product of the arguments."""
        return multiplied([self.of(node).forms for node in self.tensors()])


Rule = Callable[[Call], Value | None]
RULES: dict[str, Rule] = {}
"""The rule of each operator. It returns None where it does not apply; the axes are then frozen, with that name."""


def rule(*operators: str) -> Callable[[Rule], Rule]:
    """Enters a rule into the table.

    Args:
        operators: The names of the operators that it holds for.
    """

    def enter(function: Rule) -> Rule:
        for operator in operators:
            RULES[operator] = function
        return function

    return enter
