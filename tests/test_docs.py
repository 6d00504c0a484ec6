"""Whatever is printed is executed: docstrings, README, docs and examples; and whatever is public is documented."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import condenslab
from condenslab import studies

ROOT = Path(__file__).parent.parent
DOCS = [page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent.name not in ("studies", "_build")]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS]
# More than five seconds each, of which most is compilation.
HEAVY = {"landscape", "phenomenon", "regimes", "samples", "how_many_samples", "embed_a_minimum", "reduce_a_deep_net"}


def scripts(folder: str) -> list:
    paths = sorted((ROOT / folder).glob("*.py"))
    return [pytest.param(p, marks=[pytest.mark.more] if p.stem in HEAVY else [], id=p.stem) for p in paths]


COURSE = scripts("docs/course")
EXAMPLES = scripts("examples")
MODULES = sorted(found.name for found in pkgutil.walk_packages(condenslab.__path__, "condenslab."))
PACKAGES = [name for name in MODULES if name.count(".") == 1 and not name.endswith("__main__")]
FENCE = re.compile(r"^```python\n(.*?)^```\n(?:\s*^```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def docstrings(module: str) -> dict[str, tuple[str, int]]:
    """Returns every docstring of a module's source by qualified name, with its line; decorators hide none."""
    path = importlib.util.find_spec(module).origin
    found: dict[str, tuple[str, int]] = {}

    def visit(node: ast.AST, name: str) -> None:
        text = ast.get_docstring(node)
        if text:
            found[name] = (text, node.body[0].lineno)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                visit(child, f"{name}.{child.name}")

    visit(ast.parse(Path(path).read_text(encoding="utf-8")), module)
    return found


EXAMPLES_IN_DOCSTRINGS = [
    pytest.param(module, name, text, line, id=name)
    for module in MODULES
    for name, (text, line) in docstrings(module).items()
    if ">>>" in text
]


@pytest.mark.parametrize(("module", "name", "text", "line"), EXAMPLES_IN_DOCSTRINGS)
def test_docstring_example(module, name, text, line):
    names = dict(vars(importlib.import_module(module)))
    test = doctest.DocTestParser().get_doctest(text, names, name, module, line)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS, verbose=False)
    report: list[str] = []
    runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("page", [page for page in PAGES if FENCE.search(page.read_text())], ids=relative)
def test_page_code(page, tmp_path, monkeypatch, capsys):
    """The python blocks of a page run one after the other, and print what the text block after them says."""
    monkeypatch.chdir(tmp_path)
    text = page.read_text()
    names: dict[str, object] = {"__name__": page.stem}
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start(1))
        exec(compile("\n" * line + match.group(1), page, "exec"), names)
        printed = capsys.readouterr().out
        assert match.group(2) is None or printed == match.group(2)


@pytest.mark.parametrize("script", EXAMPLES)
def test_example(script, tmp_path):
    assert len(script.read_text().splitlines()) < 60
    done = subprocess.run([sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip(), "an example says what it found"


@pytest.mark.parametrize("script", COURSE)
def test_a_script_of_the_course_prints_what_its_page_shows(script, tmp_path):
    (shown,) = re.findall(r"^```text\n(.*?)^```", script.with_suffix(".md").read_text(), re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == shown


def test_every_study_has_a_page_with_its_claims_settings_and_recorded_verdicts(tmp_path):
    found = importlib.util.spec_from_file_location("study_pages", ROOT / "docs" / "study_pages.py")
    pages = importlib.util.module_from_spec(found)
    found.loader.exec_module(pages)
    results = (ROOT / "docs" / "results.md").read_text()
    folder = tmp_path / "studies"
    pages.write(folder, results)
    (folder / "gone.md").write_text("of a study that is no more")
    pages.write(folder, results)
    assert {path.stem for path in folder.glob("*.md")} == {*studies.names(), "index"}
    rows = re.findall(r"^\| (?:holds|fails|undecided) \|.*$", results, re.MULTILINE)
    shown = [path.read_text() for path in folder.glob("*.md")]
    assert rows and all(any(row in text for text in shown) for row in rows)
    for name in studies.names():
        text, study = (folder / f"{name}.md").read_text(), studies.get(name)
        assert study.question in text and f"condenslab run {name} --preset quick" in text
        assert f"({name}.md)" in (folder / "index.md").read_text()
        assert all(f"`{field}`" in text for preset in study.presets.values() for field in vars(preset))


@pytest.mark.parametrize("module", PACKAGES)
def test_public_names_are_documented(module):
    page = ROOT / "docs" / "api" / f"{module.split('.')[1]}.md"
    assert f"automodule:: {module}\n" in page.read_text(), f"{relative(page)} has no automodule for {module}"
    loaded = importlib.import_module(module)
    assert inspect.getdoc(loaded), f"{module} has no docstring"
    names = getattr(loaded, "__all__", None)
    if hasattr(loaded, "__path__"):
        assert names is not None, f"{module} lists no __all__"
    for name in names or [n for n, v in vars(loaded).items() if getattr(v, "__module__", "") == module and n[0] != "_"]:
        value = getattr(loaded, name)
        if callable(value) or inspect.ismodule(value):
            text = inspect.getdoc(value) or ""
            assert text and not text.startswith(f"{name}("), f"{module}.{name} has no docstring"
            assert text.split("\n\n")[0].rstrip().endswith((".", ":")), f"{module}.{name}: no full first sentence"


def test_every_public_module_is_on_a_page():
    """Also those that are names of a package: `networks.initial` is used as much as `networks.two_layer`."""
    pages = "".join(page.read_text() for page in sorted((ROOT / "docs" / "api").glob("*.md")))
    waiting, seen = list(PACKAGES), set()
    while waiting:
        module = waiting.pop()
        seen.add(module)
        loaded = importlib.import_module(module)
        parts = (getattr(loaded, name) for name in getattr(loaded, "__all__", ()))
        waiting += [part.__name__ for part in parts if inspect.ismodule(part) and part.__name__ not in seen]
    assert "condenslab.networks.initial" in seen
    assert not [module for module in sorted(seen) if f"automodule:: {module}\n" not in pages]


def test_the_map_names_what_exists():
    """Each row of the map names a function and a test; both must be there."""
    rows = re.findall(r"^\|.*\|$", (ROOT / "docs" / "map.md").read_text(), re.MULTILINE)
    checked = 0
    for row in rows:
        for dotted in re.findall(r"`((?:\w+\.)+\w+)`", row.rsplit("|", 3)[1]):
            module, _, name = f"condenslab.{dotted}".rpartition(".")
            try:
                holder = importlib.import_module(module)
            except ModuleNotFoundError:  # a method: package.Class.method
                package, _, owner = module.rpartition(".")
                holder = getattr(importlib.import_module(package), owner)
            assert hasattr(holder, name), f"docs/map.md names {dotted}, which does not exist"
            checked += 1
        for file, test in re.findall(r"`(\w+\.py)::(\w+)`", row):
            sources = list((ROOT / "tests").rglob(file))
            assert any(f"def {test}(" in source.read_text() for source in sources), f"no test {file}::{test}"
            checked += 1
    assert checked > 20


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_relative_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!\w+:)([^)#]+)[^)]*\)", page.read_text()):
        path = (page.parent / target).resolve()
        made = path.parent == ROOT / "docs" / "studies" and path.stem in {*studies.names(), "index"}  # study_pages.py
        assert made or path.exists(), f"{relative(page)} links to {target}, which does not exist"


def test_the_readme_counts_the_recorded_verdicts():
    page = (ROOT / "docs" / "results.md").read_text()
    verdicts = re.findall(r"^\| (holds|fails|undecided) \|", page, re.MULTILINE)
    counts = [len(verdicts), page.count("\n## "), *map(verdicts.count, ("holds", "fails", "undecided"))]
    told = r"Of (\d+) claims of (\d+) studies (\d+) hold, (\d+) fail and (\d+) are undecided"
    for text in (page, (ROOT / "README.md").read_text()):
        (found,) = re.findall(told, text)
        assert [int(number) for number in found] == counts
