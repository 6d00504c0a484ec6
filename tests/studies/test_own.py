"""Sweeps of one's own: what a file may say, what is computed, and what searches find where the truth is known."""

import contextlib
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import qmc

from condenslab.cli import main
from condenslab.errors import UserError
from condenslab.studies.own import plan_file, read_spec, sweep_file
from condenslab.studies.own.axes import drawn
from condenslab.sweeps import Store, standing


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text):
        path = tmp_path / "sweep.toml"
        path.write_text(text)
        return path

    return write


def points(out="runs"):
    return {record.id: (record.case["point"], record) for record in Store(out).records().values()}


def test_a_grid_is_every_combination(file):
    swept = sweep_file(
        file(
            'name = "mine"\nfunction = "own_functions:product"\n[fixed]\nseed = 3\n[grid]\nwidth = [2, 7]\n'
            "rate = {log = [1e-3, 1.0], count = 4}\n"
        )
    )
    expected = set(itertools.product((2, 7), np.geomspace(1e-3, 1, 4)))
    found = points()
    assert swept.counts == {"done": 8, "diverged": 0, "failed": 0} and set(swept.ids) == set(found)
    assert {(point["width"], point["rate"]) for point, _ in found.values()} == expected
    for point, record in found.values():
        assert record.values == {
            "risk": point["width"] * point["rate"], "wide": point["width"] > 5, "zero_d": 3.0,
        }  # fmt: skip
        np.testing.assert_array_equal(record.arrays["curve"], np.arange(point["width"]))


def test_lists_of_points_ranges_and_draws_multiply(file):
    sweep_file(
        file(
            'name = "mine"\nfunction = "own_functions:bowl"\n[[points]]\ncentre = 0\n[[points]]\ncentre = 1\n'
            'kind = "flat"\n[grid]\ny = {linear = [0, 1], count = 3}\n[draw]\ncount = 4\nmethod = "sobol"\nseed = 5\n'
            "fields.x = {uniform = [2, 4]}\n"
        )
    )
    xs = {2 + 2 * u for (u,) in qmc.Sobol(1, scramble=True, rng=np.random.default_rng(5)).random_base2(2)}
    found = [point for point, _ in points().values()]
    assert {(p["centre"], p.get("kind")) for p in found} == {(0, None), (1, "flat")}
    assert {p["y"] for p in found} == {0.0, 0.5, 1.0}
    assert {p["x"] for p in found} == xs and len(found) == 2 * 3 * 4


@pytest.mark.parametrize("method", ["random", "sobol"])
def test_draws_stay_in_their_ranges_and_fill_them(method):
    table = {"a": {"uniform": [-1, 1]}, "b": {"log": [1e-4, 1]}, "c": {"integers": [1, 3]}, "d": {"choice": ["x", "y"]}}
    found = drawn(table, "draw.fields", method, 256, 0)
    assert all(-1 <= p["a"] <= 1 and 1e-4 <= p["b"] <= 1 for p in found)
    assert {p["c"] for p in found} == {1, 2, 3} and {p["d"] for p in found} == {"x", "y"}
    assert abs(np.mean([p["a"] for p in found])) < 0.15
    assert abs(np.mean([math.log10(p["b"]) for p in found]) + 2) < 0.3
    assert found == drawn(table, "draw.fields", method, 256, 0) != drawn(table, "draw.fields", method, 256, 1)


BISECTION = (
    'name = "edge"\nfunction = "own_functions:edge"\n[grid]\na = [0.25, 0.7]\n[search]\nmethod = "bisection"\n'
    'field = "x"\nbetween = [0, 1]\nvalue = "f"\ntolerance = 1e-3\n'
)


def test_bisection_finds_the_boundary(file):
    swept = sweep_file(file(BISECTION + "above = 0\n"))
    for answer, truth in zip(swept.answers, (0.25, 0.7), strict=True):
        low, high = answer["between"]
        assert low <= truth <= high and high - low <= 1e-3 and low <= answer["boundary"] <= high
    again = sweep_file(file(BISECTION + "above = 0\n"))
    assert again.answers == swept.answers and again.ids == swept.ids
    finer = sweep_file(file(BISECTION.replace("1e-3", "1e-5") + "above = 0\n"))
    assert set(swept.ids) < set(finer.ids), "a finer search goes on from what is stored"


SMALLEST = (
    'name = "n"\nfunction = "own_functions:threshold"\n[fixed]\nneed = 37\n[search]\nmethod = "smallest"\n'
    'field = "n"\nbetween = [1, 100]\nvalue = "ok"\nabove = 1\n'
)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        (BISECTION + "above = 0\n", 2 * (2 + 10)),
        (BISECTION + "above = -5\n", 2 * (2 + 10)),
        (SMALLEST + "monotone = true\n", 8),
        (SMALLEST + "parallel = 4\n", 100),
    ],
)
def test_a_search_that_is_stopped_says_how_many_cases_may_follow(file, tmp_path, text, most):
    path, calls = file(text), []

    def stop(fraction, words):
        calls.append(fraction)
        if len(calls) == 2:
            raise KeyboardInterrupt

    assert plan_file(path)["at_most"] == most
    with contextlib.suppress(KeyboardInterrupt):
        sweep_file(path, progress=stop)
    (row,) = standing(Store("runs"))
    left = row.cases + row.to_come
    assert 0 < row.to_come < left <= most and "sweep" in row.command
    swept = sweep_file(path)
    assert len(swept.ids) <= left, "never more than was said"
    (row,) = standing(Store("runs"))
    assert (row.to_come, row.missing, row.cases) == (0, 0, len(swept.ids))
    plans = sorted(Path("runs/plans").iterdir())
    sweep_file(path)
    assert sorted(Path("runs/plans").iterdir()) == plans


def test_bisection_says_when_there_is_no_boundary(file):
    (first, second) = sweep_file(file(BISECTION + "above = -5\n")).answers
    assert "boundary" not in first and first["reason"] == second["reason"] == "the condition holds at both ends"
    (nothing, _) = sweep_file(file(BISECTION.replace('"f"', '"g"') + "above = 0\n")).answers
    assert nothing["reason"] == "a case gave no number 'g'"


def test_bisection_in_the_logarithm_with_a_majority_of_seeds(file):
    text = BISECTION.replace("[0, 1]", "[1e-4, 1]") + "above = 0\nlog = true\nshare = 0.5\n"
    swept = sweep_file(file(text + "over.noise = [0.0, 0.0, -9.0]\n"))
    for answer, truth in zip(swept.answers, (0.25, 0.7), strict=True):
        assert abs(math.log10(answer["boundary"] / truth)) <= 1e-3
    none = sweep_file(file(text.replace("0.5", "0.7") + "over.noise = [0.0, 0.0, -9.0]\n"))
    assert none.answers[0]["reason"] == "the condition does not hold at both ends"


@pytest.mark.parametrize(("options", "probes"), [("monotone = true\n", 8), ("parallel = 4\n", 40), ("", 37)])
def test_the_smallest_number_that_succeeds(file, options, probes):
    (answer,) = sweep_file(file(SMALLEST + options)).answers
    assert answer["smallest"] == 37 and answer["probes"] <= probes
    (nowhere,) = sweep_file(file(SMALLEST.replace("need = 37", "need = 1000") + options)).answers
    assert (nowhere["smallest"], nowhere["reason"]) == (None, "the condition holds nowhere in the range")


def test_optuna_at_each_point(file):
    text = (
        'name = "tune"\nfunction = "own_functions:bowl"\n[grid]\ncentre = [-1.0, 2.0]\n[search]\nmethod = "optuna"\n'
        'value = "f"\ntrials = 40\nparallel = 4\nseed = 1\nfields.x = {uniform = [-3, 3]}\n'
        'fields.y = {uniform = [0, 2]}\nfields.kind = {choice = ["flat", "round"]}\n'
    )
    assert plan_file(file(text))["at_most"] == 80
    swept = sweep_file(file(text))
    for answer, centre in zip(swept.answers, (-1.0, 2.0), strict=True):
        assert answer["probes"] == 40 and answer["best"] < 0.3
        assert answer["at"]["kind"] == "round" and abs(answer["at"]["x"] - centre) < 0.6
    assert sweep_file(file(text)).answers == swept.answers


def test_what_is_stored_is_not_computed_again(file, tmp_path):
    (tmp_path / "marks").mkdir()
    text = 'name = "c"\nfunction = "own_functions:counted"\n[fixed]\nfolder = "FOLDER"\n[grid]\nx = [1, 2]\n'
    text = text.replace("FOLDER", str(tmp_path / "marks"))
    sweep_file(file(text))
    sweep_file(file(text.replace("[1, 2]", "[1, 2, 3]")))
    assert sorted(path.name[0] for path in (tmp_path / "marks").iterdir()) == ["1", "2", "3"]
    sweep_file(file("revision = 2\n" + text))
    assert len(list((tmp_path / "marks").iterdir())) == 5, "another revision is another computation"


def test_all_points_at_a_time(file):
    sweep_file(file('name = "m"\nfunction = "own_functions:many"\ntogether = true\n[grid]\nx = {range = [0, 25]}\n'))
    assert all(r.values == {"double": 2 * p["x"], "together": 25} for p, r in points().values())
    sweep_file(
        file(
            'name = "v"\nfunction = "own_functions:many"\ntogether = true\nvaries = ["x"]\n[grid]\nx = [1, 2]\n'
            "y = [1, 2]\n"
        )
    )
    assert {r.values["together"] for _, r in points().values() if r.study == "v"} == {2}


def test_the_command(file, capsys, tmp_path):
    path = file('name = "r"\nfunction = "own_functions:raises"\n[grid]\nx = [1, 2, 3]\n')
    assert main(["sweep", str(path), "--quiet", "--json", "--executor", "local:2"]) == 70
    output, errors = capsys.readouterr()
    swept = json.loads(output)
    assert (swept["name"], swept["counts"]) == ("r", {"done": 2, "diverged": 0, "failed": 1})
    assert errors == "condenslab: 1 cases failed, and the next sweep tries them again: ValueError: two is too many\n"
    assert main(["sweep", str(path), "--dry-run", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert {name: row[name] for name in ("cases", "stored", "programs")} == {"cases": 3, "stored": 2, "programs": 1}
    assert main(["status", "runs", "--json"]) == 0
    (standing,) = json.loads(capsys.readouterr().out)
    assert (standing["done"], standing["failed"], standing["missing"]) == (2, 1, 0)
    assert standing["command"] == f"condenslab sweep {path} --out runs"


def test_what_cannot_be_stored_is_a_failure_of_its_own(file):
    swept = sweep_file(file('name = "w"\nfunction = "own_functions:wrong"\nbatch = 1\n[grid]\nx = [1, 2, 3]\n'))
    assert swept.counts["failed"] == 3
    assert any("must return a dictionary" in text for text in swept.failures)


EDGE = 'name = "a"\nfunction = "own_functions:edge"\n'
MISTAKES = {
    "no name": ('function = "own_functions:edge"\n', "object missing required field name"),
    "unknown": ('name = "a"\nfunction = "m:f"\ngrit = {}\n', "unknown field 'grit'; did you mean 'grid'?"),
    "name": ('name = "a b"\nfunction = "m:f"\n', r"name (got 'a b'): expected str matching regex"),
    "function": ('name = "a"\nfunction = "m.f"\n', r"function (got 'm.f'): expected str matching regex"),
    "nothing": ('name = "a"\n', "needs either a function"),
    "both": (EDGE + '[network]\nstd = 1.0\n', "needs either a function"),
    "axis": (EDGE + '[grid]\nx = 3\n', "grid.x must be a list, or a range"),
    "empty": (EDGE + '[grid]\nx = []\n', "grid.x must be a list with at least one"),
    "log": (EDGE + '[grid]\nx = {log = [0, 1], count = 3}\n',
            "grid.x.log must be two positive numbers, the smaller one first. Got [0, 1]"),
    "count": (EDGE + '[grid]\nx = {log = [1, 2], count = 0}\n', "grid.x.count must be"),
    "no count": (EDGE + '[grid]\nx = {linear = [1, 2]}\n', "grid.x must be {linear"),
    "twice": (EDGE + '[fixed]\n[grid]\nx = [1]\n[draw]\ncount = 1\n'
              "fields.x = {uniform = [0, 1]}\n", "the field 'x' is in grid and in draw.fields: keep one"),
    "draw": (EDGE + '[draw]\ncount = 0\nfields.x = {uniform = [0, 1]}\n',
             "draw.count (got 0): expected int >= 1"),
    "draw field": (EDGE + '[draw]\ncount = 1\nfields.x = {normal = [0, 1]}\n',
                   "draw.fields.x"),
    "method": (EDGE + '[search]\nmethod = "newton"\n', "search"),
    "condition": (EDGE + '[search]\nmethod = "smallest"\nfield = "x"\n'
                  'between = [1, 2]\nvalue = "f"\n', "search needs a condition, either below"),
    "module": ('name = "a"\nfunction = "no_such_module:f"\n', "the module of no_such_module:f cannot be imported"),
    "import": ('name = "a"\nfunction = "own_broken:f"\n',
               "the module of own_broken:f cannot be imported: it raises ZeroDivisionError: division by zero"),
    "syntax": ('name = "a"\nfunction = "own_syntax:f"\n',
               "the module of own_syntax:f cannot be imported: it raises SyntaxError: "),
    "attribute": ('name = "a"\nfunction = "own_functions:none"\n', "the module own_functions has no function none"),
    "toml": ("name = \n", "is no TOML"),
    "library": ('name = "a"\n[network]\nstd = 1.0\nwidht = 3\n', "network: object contains unknown field widht"),
    "library value": ('name = "a"\n[network]\nstd = 1.0\nwidth = 0\n', "network.width: expected int >= 1"),
    "law": ('name = "a"\n[network]\nwidth = 3\n', "network needs exactly one law"),
    "flow": ('name = "a"\n[network]\nstd = 1.0\n[training]\nmethod = "flow"\nbatch = 3\n', "not for flow"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_with_its_path(file, capsys, text, message):
    Path("own_broken.py").write_text("def f(x):\n    return {}\n\n\n1 / 0\n")
    Path("own_syntax.py").write_text("def f(:\n")
    assert main(["sweep", str(file(text)), "--quiet"]) == 2
    errors = capsys.readouterr().err
    assert message in errors and errors.count("\n") == 1
    assert not Store.exists("runs")


def test_a_file_that_is_not_there(file):
    with pytest.raises(UserError, match=r"'none\.toml' cannot be read: No such file"):
        read_spec("none.toml")


def test_the_library_s_parts(file):
    """Four members in one program are what the library gives one by one."""
    import jax.numpy as jnp

    from condenslab import measures, networks, tasks, training
    from condenslab.networks import initial
    from condenslab.risk import EmpiricalRisk

    sweep_file(
        file(
            'name = "lab"\n[task]\nname = "two_tanh"\nsamples = 12\n[network]\nwidth = 6\nstd = 0.4\n[training]\n'
            'method = "descent"\nsteps = 60\n[measure]\nnames = ["condensation", "gradient"]\n'
            "weights = true\n[grid]\nseed = [0, 1]\ntraining.rate = [0.01, 0.1]\n"
        )
    )
    task = tasks.task("two_tanh", samples=12)
    risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))
    found = points()
    assert len(found) == 4
    for point, record in found.values():
        start = networks.two_layer(point["seed"], width=6, inputs=1, activation="tanh", scale=initial.Scale(0.4, 0.4))
        run = training.descend(risk, start, training.GradientDescent(rate=point["training.rate"]), steps=60)
        np.testing.assert_allclose(record.arrays["parameters"], networks.ravel(run.network), atol=1e-10)
        assert record.values["risk"] == pytest.approx(float(risk.value(run.network)), abs=1e-12)
        assert record.values["effective_width"] == measures.condensation(run.network).effective_width
        assert record.values["stop"] == "FINISHED"
        assert record.provenance["batch"] == 4


@pytest.mark.parametrize(
    ("between", "log"), [("[0.1, 2.0]", "false"), ("[1e-3, 1.0]", "true"), ("[-3, 1e-300]", "false")]
)
def test_a_bisection_ends_where_numbers_end(file, between, log):
    """A tolerance below the distance of two neighbouring numbers asks for no number twice."""
    swept = sweep_file(
        file(
            'name = "fine"\nfunction = "own_functions:edge"\n[fixed]\na = 0.3\n[search]\nmethod = "bisection"\n'
            f'field = "x"\nbetween = {between}\nlog = {log}\nvalue = "f"\ntolerance = 1e-320\nbelow = 0\n'
        )
    )
    (answer,) = swept.answers
    if between[1] == "-":
        assert answer["reason"] == "the condition holds at both ends"
    else:
        assert answer["boundary"] == pytest.approx(0.3, rel=1e-15) and answer["probes"] < 70
    assert standing(Store("runs"))[0].to_come == 0


def test_a_bisection_needs_finite_ends(file):
    text = (
        'name = "x"\nfunction = "own_functions:edge"\n[fixed]\na = 0.3\n[search]\nmethod = "bisection"\nfield = "x"\n'
    )
    with pytest.raises(UserError, match=r"search\.between must be two finite numbers"):
        sweep_file(file(text + 'between = [0, inf]\nvalue = "f"\ntolerance = 0.1\nbelow = 0\n'))
