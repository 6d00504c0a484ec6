"""What a stranger installs: the wheel, built as the README says, in a fresh environment of each Python it is for."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import condenslab

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.11", "3.12", "3.13")

pytestmark = pytest.mark.more


def told(*command: str | Path, cwd: Path, allowed: tuple[int, ...] = (0,)) -> str:
    """Runs a program away from this environment and returns what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode in allowed, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def interpreter(version: str) -> str:
    """Returns a Python of this version, or skips with its name: a shim on the PATH may stand for none."""
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for found in [shutil.which(f"python{version}"), *map(str, installed)]:
        answer = found and subprocess.run([found, "-c", "import ensurepip, venv"], capture_output=True)
        if answer and answer.returncode == 0:
            return found
    pytest.skip(f"python{version} is not here: the wheel was not tried on it")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    told(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    made = {path.name for path in folder.iterdir()}
    name = f"condenslab-{condenslab.__version__}"
    assert made == {f"{name}-py3-none-any.whl", f"{name}.tar.gz"}
    return folder / f"{name}-py3-none-any.whl"


def test_the_tests_are_for_the_pythons_that_the_package_names():
    kinds = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    named = [kind.rpartition(" ")[2] for kind in kinds if kind.startswith("Programming Language :: Python :: 3.")]
    assert named == list(PYTHONS)


@pytest.mark.parametrize("version", PYTHONS)
def test_the_wheel_installs_and_runs_the_demo(version, wheel, tmp_path):
    told(interpreter(version), "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    programs = tmp_path / "venv" / "bin"
    told(programs / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    told(programs / "python", "-m", "pip", "check", cwd=tmp_path)
    assert condenslab.__version__ in told(programs / "condenslab", "--version", cwd=tmp_path)
    run = told(programs / "condenslab", "run", "recovery", "--preset", "quick", "--out", "runs", cwd=tmp_path)
    assert "recovery" in run
    told(programs / "condenslab", "report", "runs", "-o", "atlas.html", cwd=tmp_path)
    page = (tmp_path / "atlas.html").read_text()
    assert "Three of them do the work" in page and "http://" not in page.split("</head>")[0]
