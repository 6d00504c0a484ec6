"""The promises of the house: budgets, what an import may cost, what an installation brings."""

import ast
import importlib.metadata
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import condenslab

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
STUDIES = [f"condenslab.studies.{found.name}" for found in pkgutil.iter_modules([str(ROOT / "src/condenslab/studies")])]


def printed_by(*statements: str) -> str:
    """Returns what a fresh interpreter prints."""
    program = "\n".join(statements)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def loaded_by(module: str) -> set[str]:
    """Returns the top-level packages that a fresh interpreter has loaded after importing a module."""
    tops = "print(*{name.partition('.')[0] for name in sys.modules})"
    return set(printed_by(f"import sys, {module}", tops).split())


def test_files_are_short_without_being_squeezed():
    """Few files have more than 300 lines, none more than 400, and the formatter is not kept from unfolding them."""
    lines = {str(path.relative_to(ROOT / "src")): path.read_text().count("\n") for path in SOURCES}
    long = {name: size for name, size in lines.items() if size > 300}
    assert len(long) <= len(lines) / 50, long
    assert max(lines.values()) <= 400, long


def test_the_formatter_is_seldom_overruled():
    """In studies a table may keep its rows; the library has no line that the formatter must not touch."""
    skipped = [path for path in SOURCES for _ in re.findall(r"# fmt: *(?:skip|off)", path.read_text())]
    assert not [path for path in skipped if "studies" not in path.parts]
    assert len(skipped) <= 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_names(path):
    """What a file keeps to itself, a name with an underscore, no other file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            private = [alias.name for alias in node.names if re.match("_[^_]", alias.name)]
            assert not private, f"{path.name}:{node.lineno} imports {private} from {node.module}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_budgets(path):
    """A function body has at most 40 lines without its docstring."""
    text = path.read_text()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            size = node.end_lineno - body[0].lineno + 1
            assert size <= 40, f"{path.name}:{node.lineno} {node.name} has a body of {size} lines"


@pytest.mark.parametrize("module", ["sweeps", "figures", "tasks", "report", "studies", "cli"])
def test_what_needs_no_jax_loads_none(module):
    assert "jax" not in loaded_by(f"condenslab.{module}")


@pytest.mark.parametrize("module", STUDIES)
def test_a_study_loads_no_jax_before_it_runs(module):
    assert "jax" not in loaded_by(module)


def test_the_command_line_starts_light():
    assert not {"jax", "numpy", "scipy", "matplotlib", "plotly"} & loaded_by("condenslab.cli")


def test_the_library_never_configures_jax():
    theory = ("numerics", "networks", "risk", "training", "measures", "landscape", "sample_size")
    imports = [f"import condenslab.{name}" for name in theory]
    assert printed_by("import jax", *imports, "print(jax.config.jax_enable_x64)").strip() == "False"


def test_the_bad_jax_release_is_excluded():
    requirements = importlib.metadata.requires("condenslab")
    assert any(re.fullmatch(r"jax(?=.*!=0\.10\.2)(?=.*>=0\.10\.1).*", need) for need in requirements)


def test_one_version_everywhere():
    assert importlib.metadata.version("condenslab") == condenslab.__version__
    assert f"version: {condenslab.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_types_are_shipped():
    assert (Path(condenslab.__file__).parent / "py.typed").exists()
