"""Settings that all tests share: float64, no rank promotion, checked shapes."""

import re

import jax
import matplotlib
import pytest
from jaxtyping import install_import_hook

# The packages whose annotated shapes are checked on every call (jaxtyping with beartype).
THEORY = ("numerics", "losses", "networks", "risk", "training", "measures", "landscape", "sample_size")
CHECKED = [f"condenslab.{name}" for name in THEORY]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-shape-checks", action="store_true", help="do not check the annotated shapes (quicker)")


def pytest_configure(config: pytest.Config) -> None:
    matplotlib.use("agg")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_numpy_rank_promotion", "raise")
    if not config.getoption("--no-shape-checks"):
        install_import_hook(CHECKED, "beartype.beartype")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two processes collect the same tests: none has an address in its name."""
    named = [item.nodeid for item in items if re.search(r" at 0x[0-9a-f]+", item.nodeid)]
    if named:
        raise pytest.UsageError(f"names of these tests differ from process to process, give them `ids`: {named}")


@pytest.fixture(autouse=True, scope="module")
def room_for_programs():
    """The suite compiles more programs than one process may hold."""
    yield
    from condenslab.processors import make_room_for_programs  # only now: the import hook comes first

    make_room_for_programs()
