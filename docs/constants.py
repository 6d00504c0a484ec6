"""Describes the public constants of a module: autodoc finds the words only where a constant is defined."""

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType


def described(module: ModuleType) -> list[str]:
    """Returns a directive for each constant that a module lists in `__all__` and does not define itself."""
    lines = []
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if not (inspect.ismodule(value) or inspect.isroutine(value) or inspect.isclass(value)) and (
            words := _words(module, name, value)
        ):
            lines += ["", f".. py:data:: {name}", "", f"   {words}"]
    return lines


def _words(module: ModuleType, name: str, value: object) -> str | None:
    if name in _constants(module.__file__ or ""):
        return None
    package = ".".join(module.__name__.split(".")[:2])
    homes = [home for key, home in sys.modules.items() if key.startswith(f"{package}.")]
    found = [_constants(home.__file__ or "").get(name) for home in homes if getattr(home, name, None) is value]
    return next((words for words in found if words), None)


@cache
def _constants(file: str) -> dict[str, str]:
    """Returns the docstrings after the assignments of a source file, on one line."""
    if not file:
        return {}
    body = ast.parse(Path(file).read_text(encoding="utf-8")).body
    found = {}
    for assigned, after in pairwise(body):
        targets = {ast.Assign: lambda node: node.targets, ast.AnnAssign: lambda node: [node.target]}.get(type(assigned))
        if targets and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            names = [target.id for target in targets(assigned) if isinstance(target, ast.Name)]
            found |= {name: " ".join(str(after.value.value).split()) for name in names}
    return found
