"""A small sample of many parameters in `make test`; the others in `make test-more`."""

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(values: Iterable[Any], keep: int) -> list[Any]:
    """Returns parameters of which those after the first `keep` are marked `more`."""
    return [_row(value, () if number < keep else (pytest.mark.more,)) for number, value in enumerate(values)]


def _row(value: Any, marks: tuple) -> Any:
    if hasattr(value, "marks"):  # a pytest.param
        return value._replace(marks=marks)
    return pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=marks)
