"""Packages that only some need: imported when they are used, and named with what to install when they are missing."""

import importlib
from types import ModuleType

from condenslab.errors import UserError


def need(module: str, extra: str, package: str) -> ModuleType:
    """Imports a module of an extra.

    Args:
        module: Its name.
        extra: The extra of condenslab that brings it.
        package: What it is called in the package index.

    Raises:
        UserError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(f"this needs {package} ({error}): pip install 'condenslab[{extra}]'") from error
