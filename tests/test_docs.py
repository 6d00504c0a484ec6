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
from types import ModuleType

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from docutils.utils import new_document
from sphinx import addnodes
from sphinx.cmd.build import build_main

import condenslab
from condenslab import studies
from condenslab.sweeps import Record, Run

ROOT = Path(__file__).parent.parent
MADE = ("studies", "checks", "_build", "verdicts")
DOCS = [page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent.name not in MADE]
MAP = sorted((ROOT / "docs" / "map").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS]
# More than five seconds each, of which most is compilation.
HEAVY = {"landscape", "phenomenon", "regimes", "samples", "how_many_samples", "embed_a_minimum", "reduce_a_deep_net"}


# Programs, formats, machines, journals, placeholders and stressed words: a dictionary has them, symbols.md need not.
WORDS = """
ANY API AVX BOM CHANGELOG CITATION CLI CMA CONTRIBUTING CPU CSS CSV DEVIATION GB GPU GRU HDF5 HTML ICLR ICML IDX
IEEE ISO JAX JSON LAPACK LLVM NAME NFS NIST NPROC OCDBT ONE ONNX PDF PNG QR README REPEATED RFC ROLE RUNNING SETS
SHA SIAM SIGINT SIGKILL SIGTERM SKIP STANDARD SVG TB TOML TPE UCI URI UTC UTF VARIANCE XLA YNNPACK
"""
SAID_THERE = {"F₁", "F₃", "H2", "MV"}  # letters of one docstring, which says what they are


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


def test_every_example_is_in_the_documentation():
    shown = re.findall(
        r"^```{literalinclude} \.\./examples/(\w+)\.py$", (ROOT / "docs" / "examples.md").read_text(), re.MULTILINE
    )
    assert sorted(shown) == sorted(path.stem for path in (ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("script", COURSE)
def test_a_script_of_the_course_prints_what_its_page_shows(script, tmp_path):
    (shown,) = re.findall(r"^```text\n(.*?)^```", script.with_suffix(".md").read_text(), re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == shown


def of_docs(name: str) -> ModuleType:
    """Returns a module of docs, which are no package: Sphinx's configuration imports them from beside it."""
    found = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    loaded = importlib.util.module_from_spec(found)
    found.loader.exec_module(loaded)
    return loaded


def test_every_study_has_a_page_with_its_claims_settings_and_recorded_verdicts(tmp_path):
    pages = of_docs("study_pages")
    verdicts = pages.verdicts(ROOT / "docs" / "verdicts")
    folder = tmp_path / "studies"
    pages.write(folder, verdicts)
    (folder / "gone.md").write_text("of a study that is no more")
    pages.write(folder, verdicts)
    assert {path.stem for path in folder.glob("*.md")} == {*studies.names(), "index"}
    assert verdicts and set(verdicts) <= set(studies.names())
    for name in studies.names():
        text, study = (folder / f"{name}.md").read_text(), studies.get(name)
        assert verdicts.get(name, "") in text
        assert study.question in text and f"condenslab run {name} --preset quick" in text
        counts = [text.count(f"\n| {verdict} | ") for verdict in ("holds", "fails", "undecided")]
        told = f"{counts[0]} of {sum(counts)} claims hold" if sum(counts) else "No run is recorded"
        assert f"- [{name}]({name}.md): {pages.escaped(study.question)} {told}." in (folder / "index.md").read_text()
        assert f"condenslab figures runs --study {name} " in text
        titles = {statement.figure for preset in study.presets.values() for statement in study.statements(preset)} - {
            ""
        }
        assert all(f"- *{pages.escaped(title)}*: " in text for title in titles)
        picture = pages.IMAGES / f"{name}.png"
        assert picture.exists() == (f"](../images/studies/{name}.png)" in text)
        assert not picture.exists() or picture.stat().st_size < 200_000
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


@pytest.mark.parametrize("path", MAP, ids=relative)
def test_the_map_names_what_exists(path):
    """A row names functions, studies with words of their claims, and tests; all must be there."""
    pages = of_docs("map_pages")
    results = of_docs("study_pages").verdicts(ROOT / "docs" / "verdicts")
    rows = pages.rows(path.read_text())
    assert len(rows) == len(re.findall(r"^\| (?!statement )(?!-)", path.read_text(), re.MULTILINE)) > 3
    for row in rows:
        assert row.functions and row.tests, row
        for dotted in row.functions:
            module, _, name = f"condenslab.{dotted}".rpartition(".")
            try:
                holder = importlib.import_module(module)
            except ModuleNotFoundError:  # a method: package.Class.method
                package, _, owner = module.rpartition(".")
                holder = getattr(importlib.import_module(package), owner)
            assert hasattr(holder, name), f"{relative(path)} names {dotted}, which does not exist"
        for study, words in row.studies:
            assert study in studies.names()
            pages.verdicts(study, [words], results)
        for test in row.tests:
            assert pages.code(pages.source(*test), test[1]).count(f"def {test[1]}(") == 1


def test_a_row_of_the_map_counts_the_claims_that_it_means():
    """All of a study, those with the words, each once a pattern; or none, where the study only uses the statement."""
    pages = of_docs("map_pages")
    results = {"one": "| holds | first a | 1 | 1 | 0 |\n| fails | second a | 1 | 1 | -1 |\n| holds | b | 1 | 1 | 0 |"}
    told = {"`one`": "2 **hold**, 1 **fail**", '`one` "first"': "**holds**", '`one` "a"': "1 **hold**, 1 **fail**"}
    told |= {
        '`one` "first", `one` "b"': "2 **hold**",
        '`one` "first", `one` "a"': "1 **hold**, 1 **fail**",
        '`one` ""': "uses it",
        "`two`": "no run recorded",
    }
    for cell, words in told.items():
        head = "| statement | function | study | test |\n|---|---|---|---|\n"
        made = pages.page("rank", f"{head}| s | `risk.Function` | {cell} | `test_docs.py::test_a` |\n", results)
        assert f": *study* [{cell[1:4]}](../studies/{cell[1:4]}.md): {words}\n" in made
    with pytest.raises(ValueError, match="none are recorded"):
        pages.verdicts("one", ["third"], results)


def test_every_study_is_on_the_map_and_every_page_of_the_map_in_its_contents():
    pages, contents = of_docs("map_pages"), (ROOT / "docs" / "map.md").read_text()
    named = {study for path in MAP for row in pages.rows(path.read_text()) for study, _ in row.studies}
    assert named == set(studies.names())
    assert re.findall(r"^map/(\w+)$", contents, re.MULTILINE) and all(f"map/{path.stem}\n" in contents for path in MAP)


def test_a_page_of_the_map_links_each_row_and_counts_what_was_recorded():
    pages = of_docs("map_pages")
    table = "| statement | function | study | test |\n|---|---|---|---|\n"
    row = '| a law | `risk.EmpiricalRisk` | `recovery` "low", `knobs` | `test_errors.py::{test}` |\n'
    (known,) = re.findall(r"^def (test_\w+)\(", (ROOT / "tests" / "test_errors.py").read_text(), re.MULTILINE)[:1]
    claims = [("holds", "it is low"), ("fails", "it is lower"), ("holds", "it is high")]
    recorded = {"recovery": "".join(f"| {verdict} | {text} | ≤ 1 | 0 | 1 |\n" for verdict, text in claims)}
    text = pages.page("here", f"# Title\n\n{table}{row.format(test=known)}\n## More\n", recorded)
    assert text.startswith("# Title") and text.endswith("## More\n") and "|--" not in text
    assert "{any}`risk.EmpiricalRisk <condenslab.risk.EmpiricalRisk>`" in text
    assert "[recovery](../studies/recovery.md): 1 **hold**, 1 **fail**" in text
    assert "[knobs](../studies/knobs.md): no run recorded" in text
    assert f"(#here-test-errors-{known.replace('_', '-')})" in text
    assert f"(here-test-errors-{known.replace('_', '-')})=" in pages.tests_page("here", table + row.format(test=known))
    with pytest.raises(ValueError, match="there are 0 of it"):
        pages.tests_page("here", table + row.format(test="test_nothing"))
    with pytest.raises(ValueError, match='words "absent"'):
        pages.verdicts("recovery", ["absent"], recorded)
    with pytest.raises(ValueError, match="this one has 3 cells"):
        pages.rows(table + "| a | b | c |\n")


def abbreviations(text: str) -> set[str]:
    """Returns the words of capitals in prose: code, file names, links, placeholders and formulas are none."""
    prose = re.sub(r"^```.*?^```|^ {4,}.*$|`[^`]*`|\]\([^)]*\)|\$[^$]+\$", " ", text, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"(?<![\w./-])[A-Z][A-Z0-9]*[A-Z0-9₀-₉](?![\w./*]*\w)", prose))


def test_every_abbreviation_is_defined_once():
    """Names of programs, formats, machines and journals are words; what belongs to the theory is in symbols.md."""
    text = (ROOT / "docs" / "symbols.md").read_text()
    terms = of_docs("symbol_links").definitions(text)
    assert len(terms) == len(re.findall(r"^: ", text, re.MULTILINE)) > 40
    words = {line.strip() for line in WORDS.split()}
    defined = set().union(*(re.findall(r"\w+", f"{term}: {said}") for term, said in terms.items()))
    used = {name: relative(page) for page in PAGES for name in abbreviations(page.read_text())}
    for name in studies.names():
        study = studies.get(name)
        for said in (study.question, study.source, *study.claim_statements):
            used |= dict.fromkeys(abbreviations(said), name)
    for module in MODULES:
        for name, (said, _) in docstrings(module).items():
            if not any(part.startswith("_") for part in name.split(".")):
                used |= dict.fromkeys(abbreviations(said), name)
    assert {"EPD", "LSH", "OPT", "OE", "MPC"} <= used.keys()
    assert not {name: where for name, where in used.items() if name not in defined | words | SAID_THERE}


def test_the_first_use_of_a_symbol_in_each_section_is_a_link_that_says_what_it_means():
    links = of_docs("symbol_links")
    terms = {
        "EPD": "Embedding principle *in depth*.",
        "O": "A number.",
        "γ": "One.",
        "γ′": "Two.",
        "share": "No letter.",
    }
    page = new_document("page")
    first, second = nodes.section(), nodes.section()
    page += [first, second]
    first += [
        nodes.title("", "EPD"),
        nodes.paragraph("", "EPD and γ′, EPD; n = O(1), O·W or O = 7, a share. EPDs, γ."),
        nodes.literal("", "EPD"),
    ]
    second += nodes.paragraph("", "EPD")
    links.link(page, "page", terms, links.linked(terms))
    made = [(node["reftarget"], node[0]["explanation"]) for node in page.findall(addnodes.pending_xref)]
    depth = ("EPD", "Embedding principle in depth.")
    assert made == [depth, ("γ′", "Two."), ("O", "A number."), ("γ", "One."), depth]
    assert page.astext().count("EPD and γ′, EPD; n = O(1), O·W or O = 7, a share. EPDs, γ.") == 1
    links.link(page, links.PAGE, terms, links.linked(terms))
    assert len(list(page.findall(addnodes.pending_xref))) == len(made), "the page of the definitions links nothing"


def test_formulas_are_drawn_by_the_browser_and_a_command_that_is_unknown_is_a_warning(tmp_path, capsys):
    """Sphinx itself: the page has MathML and asks for nothing."""
    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path[:0] = [{str(ROOT / 'docs')!r}]\nextensions = ['myst_parser', 'formulas']\n"
        "myst_enable_extensions = ['dollarmath']\nhtml_math_renderer = 'mathml'\nhtml_theme = 'basic'\n"
    )
    (tmp_path / "index.md").write_text("# T\n\n$R'(\\theta)$ and\n\n$$\\frac{1}{n} \\sum_i x_i$$\n\n$\\nonsense$\n")
    main = ["-b", "html", str(tmp_path), str(tmp_path / "out")]
    assert build_main(["--quiet", *main]) == 0 and "not known: \\nonsense" in capsys.readouterr().err
    assert build_main(["--quiet", "-E", "-W", *main]) == 1
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<math") == 3 and "<mfrac>" in page and "&#x02032;</mo>" in page
    assert not re.search(r'<(script|link|img)[^>]*(src|href)="(https?:)?//', page)


def test_the_changelog_has_this_version():
    headings = re.findall(r"^## \[(\S+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["Unreleased", condenslab.__version__]
    assert f"\nversion: {condenslab.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"dist/condenslab-{condenslab.__version__}-*.whl" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_relative_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!\w+:)([^)#]+)[^)]*\)", page.read_text()):
        path = (page.parent / target).resolve()
        made = path.parent == ROOT / "docs" / "studies" and path.stem in {*studies.names(), "index"}  # study_pages.py
        assert made or path.exists(), f"{relative(page)} links to {target}, which does not exist"


def test_the_readme_and_the_overview_count_the_recorded_verdicts():
    """Every row of the overview has the counts of its study, and the sentence has their sums."""
    page = (ROOT / "docs" / "results.md").read_text()
    recorded = of_docs("study_pages").verdicts(ROOT / "docs" / "verdicts")
    row = r"^\| \[(\w+)\]\(studies/(\w+)\.md\): .+\? \| .+\. \| (?:hold (\d+))?(?:, )?(?:fail (\d+))?(?:, )?"
    row += r"(?:undecided (\d+))? \| \w+, [\d-]{10}, \d+ s \|$"
    rows = {name: (link, [int(n or 0) for n in counts]) for name, link, *counts in re.findall(row, page, re.MULTILINE)}
    assert [*rows] == sorted(recorded) and all(link == name for name, (link, _) in rows.items())
    verdicts = ("holds", "fails", "undecided")
    for name, text in recorded.items():
        assert rows[name][1] == [len(re.findall(rf"^\| {verdict} \|", text, re.MULTILINE)) for verdict in verdicts]
    sums = [sum(counts) for counts in zip(*(counts for _, counts in rows.values()), strict=True)]
    told = r"Of (\d+) claims of (\d+) studies (\d+) hold, (\d+) fail and (\d+) are undecided"
    for text in (page, (ROOT / "README.md").read_text()):
        (found,) = re.findall(told, text)
        assert [int(number) for number in found] == [sum(sums), len(rows), *sums]


def test_every_study_with_a_claim_that_fails_is_explained_among_the_limits():
    recorded = of_docs("study_pages").verdicts(ROOT / "docs" / "verdicts")
    explained = (ROOT / "docs" / "limits.md").read_text().partition("## Claims that fail, and why")[2]
    failing = [name for name, text in recorded.items() if re.search(r"^\| fails \|", text, re.MULTILINE)]
    assert failing
    assert [name for name in failing if f"`{name}`" not in explained] == []


def test_the_time_of_a_run_is_that_of_its_cases_though_they_were_stored_before(monkeypatch):
    """Records of a batch of three have the time of the batch each; a run that only judges them takes none."""
    made = [{"seconds": 9.0, "batch": 3}] * 3 + [{"seconds": 2.0}]
    records = [Record("s", str(k), {}, "done", provenance=one) for k, one in enumerate(made)]
    counts = {"done": 4, "diverged": 0, "failed": 0}
    run = Run("s", 1, "quick", 0, {}, {}, None, ["0", "1", "2", "3"], counts, [], [], {"seconds": 0.1})
    other = Record("s", "other", {}, "done", provenance={"seconds": 100.0})
    monkeypatch.syspath_prepend(ROOT / "docs")
    assert of_docs("write_results").taken(run, [*records, other]) == pytest.approx(11.0)


def test_initials_and_arguments_of_one_letter_begin_no_list():
    lines = [
        "Sum.",
        "",
        "Args:",
        "    width: m.",
        "    risk (float): R.",
        "",
        "L. V. Kantorovich 1948; |w| and w_.",
        "",
    ]
    of_docs("conf").as_restructured_text(None, "function", "f", None, {}, lines)
    page = publish_doctree("\n".join(lines))
    assert not list(page.findall(nodes.enumerated_list))
    assert "L. V. Kantorovich 1948; |w| and w_." in page.astext() and "width: m." in page.astext()


def test_results_are_written_a_row_and_a_file_a_study(monkeypatch, tmp_path):
    """The overview answers the question by the leading claim; what is recorded of other studies stays, of none goes."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    writer = of_docs("write_results")
    rank = "the model rank of the recovered network | half of it"
    given = {"label": rank, "tolerance": 0.0, "expected": 9, "relation": "=", "reason": "", "margin": 0.0}
    claims = [given | {"claim": rank, "measured": 9, "verdict": "holds"}]
    claims += [given | {"label": "b", "claim": "b", "measured": 8, "verdict": "fails", "margin": None}]
    counts = {"done": 4, "diverged": 0, "failed": 0}
    run = Run("recovery", 1, "quick", 0, {}, {}, None, list("abc"), counts, [], claims, {"utc": "2026-11-27T09:32:37"})
    line = writer.study_row(run, 7.4)
    asked = f"{writer.escaped(studies.get('recovery').question)} | Because almost all neurons fade"
    assert line.startswith(f"| [recovery](studies/recovery.md): {asked}") and "model rank 9," in line
    assert line.endswith(" | hold 1, fail 1 | quick, 2026-11-27, 7 s |")
    (tmp_path / "gone.md").write_text("of a study that there is no more")
    (tmp_path / "scaling.md").write_text("quick; older\n\n| holds | c |\n| undecided | d |\n")
    made = {"condenslab": "1", "jax": "0.11", "device": "GPU", "processor": "CPU"}
    records = [Record("recovery", name, {}, "done", provenance=made | {"python": name == "b"}) for name in "abcd"]
    where = "2 cases with condenslab 1, jax 0.11 on GPU beside CPU; 1 case with condenslab 1, python True, jax 0.11 on"
    assert writer.made_with(run, records).startswith(where)
    assert writer.made_with(run, records[2:]) == where.partition("; ")[0].removeprefix("2 cases with ")
    recorded = writer.write_verdicts(tmp_path, [run], [7.4], ["with this"])
    assert sorted(path.stem for path in tmp_path.glob("*.md")) == sorted(recorded) == ["recovery", "scaling"]
    assert "09:32:37, 7 s, 4 done; with this." in recorded["recovery"]
    assert writer.sentence(recorded) == "Of 4 claims of 2 studies 2 hold, 1 fail and 1 are undecided"
    older = "| [scaling](studies/scaling.md): Which? | That. | hold 1 | quick |"
    gone = "| [gone](studies/gone.md): Which? | That. | hold 1 | quick |"
    rows = writer.kept_rows("\n".join(["| study |", "|---|", older, gone, line]))
    assert rows == {"scaling": older, "recovery": line}
    page = writer.page(rows, recorded)
    assert page.index(line) < page.index(older) and writer.kept_rows(page) == rows
    verdicts = of_docs("map_pages").verdicts
    assert verdicts("recovery", [None], recorded) == {"holds": 1, "fails": 1}
    assert verdicts("recovery", [""], recorded) == {}
    assert verdicts("recovery", ["half of it"], recorded) == {"holds": 1}
