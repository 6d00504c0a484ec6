"""Wrong formulas: every operation on balls in a function, one at a time, off by 2⁻³⁰ every other time it runs."""

import ast
import inspect
import sys
import textwrap
from contextlib import contextmanager

import flint
import pytest

OFF = flint.arb(2.0**-30)
"""Exact: a wider ball would hold the truth. Added, for a multiple of a gradient has the same zeros, and multiplied, for
what is added to every second derivative of an output goes with E[∂ℓ] = 0."""
SPECIAL = {"exp", "log", "log1p", "tanh", "sech", "sqrt", "erf", "erfc", "pi"}


class _Hooks(ast.NodeTransformer):
    """Puts `_hook(number, value)` around every operation that may be one on balls."""

    def __init__(self):
        self.lines = []

    def _hooked(self, node, value):
        self.lines.append(ast.unparse(node))
        call = ast.Call(ast.Name("_hook", ast.Load()), [ast.Constant(len(self.lines) - 1), value], [])
        return ast.copy_location(call, node)

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return self._hooked(node, node)

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return self._hooked(node, node) if isinstance(node.op, ast.USub) else node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        node.value = self._hooked(node, node.value)
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        special = isinstance(node.func, ast.Attribute) and node.func.attr in SPECIAL
        return self._hooked(node, node) if special else node


class Mutant:
    """A function whose operations are wrong one at a time."""

    def __init__(self, module, name, package):
        function = inspect.unwrap(getattr(module, name))
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        hooks = _Hooks()
        tree.body[0].decorator_list = []
        code = compile(ast.fix_missing_locations(hooks.visit(tree)), f"<mutants of {name}>", "exec")
        self.active, self.reached, self.calls = None, set(), 0
        self.space = {**vars(module), "_hook": self._hook}
        exec(code, self.space)
        self.old, self.new, self.package, self.lines = getattr(module, name), self.space[name], package, hooks.lines

    def _hook(self, number, value):
        kinds = (flint.arb, flint.arb_mat, flint.arb_series)
        zero = isinstance(value, flint.arb) and value == 0
        if not isinstance(value, kinds) or zero or (isinstance(value, flint.arb_mat) and not value.entries()):
            return value
        self.reached.add(number)
        self.calls += number == self.active
        if number != self.active or self.calls % 2 == 0:
            return value
        if not isinstance(value, flint.arb_mat):
            return value * (1 + OFF) + OFF / 2
        changed = flint.arb_mat(value)
        changed[0, 0] = changed[0, 0] * (1 + OFF) + OFF / 2
        return changed

    @contextmanager
    def installed(self):
        """Puts it in the place of the function wherever the package holds that."""
        with pytest.MonkeyPatch.context() as patch:
            for name, module in list(sys.modules.items()):
                if name.startswith(self.package):
                    for key, value in list(vars(module).items()):
                        if value is self.old:
                            patch.setattr(module, key, self.new)
                        if isinstance(value, dict):
                            for entry in [k for k, v in value.items() if v is self.old]:
                                patch.setitem(value, entry, self.new)
            self.space.update({k: self.new for k, v in self.space.items() if v is self.old})
            yield

    def survivors(self, caught):
        """Returns how many operations on balls there are, and those that are wrong without being caught.

        Args:
            caught: Returns whether something is noticed, in the present state of the package.
        """
        with self.installed():
            self.active, self.reached = None, set()
            assert not caught(), "what is right must pass"
            reached, alive = sorted(self.reached), []
            for number in reached:
                self.active, self.calls = number, 0
                alive += [] if caught() else [self.lines[number]]
        return len(reached), alive
