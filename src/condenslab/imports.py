"""A user's own function, by its name "module:function": importing it runs the user's code, which may do anything."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from condenslab.errors import ACCIDENTS, UserError, told


def imported(reference: str) -> Any:
    """Returns a function by its name; the current folder is searched first.

    Args:
        reference: As "module:function".

    Raises:
        UserError: There is no such module or function, or importing the module raises an exception.
    """
    name, _, attribute = reference.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = import_module(name)
    except ImportError as error:
        hint = ": pip install 'condenslab[torch]'" if error.name == "torch" else ""
        raise UserError(f"the module of {reference} cannot be imported: {error}{hint}") from error
    except ACCIDENTS as error:
        raise UserError(f"the module of {reference} cannot be imported: it raises {told(error)}") from error
    try:
        function = getattr(module, attribute)
    except AttributeError as error:
        raise UserError(f"the module {name} has no function {attribute}") from error
    if not callable(function):
        raise UserError(f"{reference} is no function but a {type(function).__name__}")
    return function
