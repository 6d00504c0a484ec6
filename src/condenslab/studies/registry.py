"""Which studies there are, imported when one is asked for."""

from importlib import import_module

from condenslab.errors import unknown
from condenslab.studies.study import Study

REGISTRY: dict[str, str] = {
    "recovery": "condenslab.studies.recovery:STUDY",
}
"""Where each study is, as `module:attribute`. A program of your own may add its studies here."""


def names() -> list[str]:
    """Returns the names of all studies."""
    return list(REGISTRY)


def get(name: str) -> Study:
    """Returns a study.

    Args:
        name: Its name.

    Raises:
        UserError: There is no such study; the message suggests the nearest name.
    """
    if name not in REGISTRY:
        raise unknown("study", name, REGISTRY)
    module, _, attribute = REGISTRY[name].partition(":")
    return getattr(import_module(module), attribute)
