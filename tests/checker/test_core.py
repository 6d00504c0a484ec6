"""The core of the checker stays small, and the documentation counts the lines of every file right."""

import re
from pathlib import Path

import condenslab.checker

FOLDER = Path(condenslab.checker.__file__).parent
TEXT = (Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8")


def test_the_core_is_small_and_the_documentation_counts_right():
    paragraph = next(part for part in TEXT.split("\n\n") if part.startswith("**How much must be trusted.**"))
    stated = {name: int(lines) for name, lines in re.findall(r"`(\w+\.py)` \((\d+)", paragraph)}
    true = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in FOLDER.glob("*.py")}
    assert stated == {name: true[name] for name in stated}
    assert set(true) - set(stated) == {"__init__.py", "verify.py"}
    assert true["core.py"] <= 150
