"""The table study: planted answers found, what is said of them, the file that predicts, the command line."""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from condenslab import studies
from condenslab.cli import main
from condenslab.errors import UserError
from condenslab.studies.table import STUDY, Predictor, load_predictor
from condenslab.studies.table.answer import answer, simplest
from condenslab.studies.table.cases import Settings, make_cases, widest
from condenslab.studies.table.lanes import Samples, descended, network
from condenslab.studies.table.narrow import fits, losses
from condenslab.studies.table.network import ACTIVATIONS, Narrow
from condenslab.studies.table.problem import cut, make_problem
from condenslab.studies.table.remarks import remarks
from condenslab.sweeps import Store
from condenslab.tasks import Table, read_inputs

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from support.planted_classes import planted_classes
from support.planted_tables import planted

SMALL = {"most": 4, "seeds": 2, "folds": 4, "starts": 3, "wide": 0}


def table(neurons=3, inputs=1, noise=0.05, rows=60, seed=0, name="planted.csv"):
    x, y, _, _ = planted(neurons, inputs, noise, rows, seed)
    return Table(x, y, name)


def run(tmp_path, data, **changes):
    done = studies.run("recovery", data=data, out=tmp_path, overrides=SMALL | changes)
    assert done.study == "table" and not done.failures, done.failures
    return [Store(tmp_path).records()[identity] for identity in done.records]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_pulled_back_as_central_differences_say(name):
    random = np.random.default_rng(0)
    network = Narrow(*(random.standard_normal(shape) for shape in ((3, 2), (3,), (2, 3), (2,))), name)
    x, slopes, theta, h = random.standard_normal((5, 2)), random.standard_normal((5, 2)), network.theta(), 1e-6
    steps = h * np.eye(theta.size)
    change = [network.with_theta(theta + step)(x) - network.with_theta(theta - step)(x) for step in steps]
    by_differences = [np.sum(slopes * one) / (2 * h) for one in change]
    np.testing.assert_allclose(network.pulled_back(x, slopes), by_differences, atol=1e-8)


def test_the_rule_by_hand():
    """Width 1 is worse by 0.1 on every sample but never by chance; width 2 by 0.1 on average, by chance."""
    sure = np.full(100, 0.1)
    chance = np.where(np.arange(100) % 2, 1.1, -0.9)  # mean 0.1, standard error 0.1005
    held = 1.0 + np.stack([sure + 1, sure, chance, np.zeros(100), np.full(100, 0.5)])
    neurons, standard = simplest(held)
    assert neurons == 2 and standard[2] == pytest.approx(1 / np.sqrt(99)) and standard[1] == pytest.approx(0, abs=1e-12)
    assert simplest(np.array([[1.0, 1.0], [1e-9, 1e-9], [1e-15, 1e-15]]))[0] == 1  # both are as good as exact


def test_folds_and_widths():
    folds = cut(23, 5, 1)
    assert sorted(np.bincount(folds)) == [4, 4, 5, 5, 5] and not np.array_equal(folds, cut(23, 5, 2))
    assert (widest(8, 48, 1, 1), widest(8, 10, 1, 1), widest(8, 3, 5, 1)) == (8, 3, 1)
    with pytest.raises(UserError, match="at least 6"):
        make_cases(Settings(), 0, Table(np.arange(5.0)[:, None], np.arange(5.0)[:, None], "five.csv"))


def test_fits_recover_a_planted_function():
    """Without noise the planted width fits to rounding, one neuron fewer does not."""
    problem = make_problem(table(noise=0.0), 0.0)
    how = {"most": 3, "starts": 6, "activation": "tanh", "labels": False, "random": np.random.default_rng(0)}
    errors = [
        float(losses(one, problem.inputs, problem.targets, labels=False).mean())
        for one in fits(problem.inputs, problem.targets, np.ones((1, 60), bool), **how)[0]
    ]
    assert errors[0] == pytest.approx(1.0) and errors[2] > 1e-4 and errors[3] < 1e-9


def test_every_fold_finds_what_fits_without_noise():
    """Five neurons in one dimension: from random starts alone some folds end in poor local minima."""
    problem, folds = make_problem(table(neurons=5, noise=0.0, seed=1001), 0.0), cut(60, 5, 0)
    kept = np.arange(5)[:, None] != folds
    how = {"most": 8, "starts": 6, "activation": "tanh", "labels": False, "random": np.random.default_rng(0)}
    for own, found in zip(kept, fits(problem.inputs, problem.targets, kept, **how), strict=True):
        assert losses(found[5], problem.inputs[~own], problem.targets[~own], labels=False).mean() < 1e-9
        assert losses(found[4], problem.inputs[own], problem.targets[own], labels=False).mean() > 1e-6


@pytest.mark.parametrize("outputs", [1, 2])
def test_lanes_end_where_the_whole_risk_is_stationary(outputs):
    """A descent in all parameters, by finite differences, gains nothing; samples of weight 0 change nothing."""
    random, ridge = np.random.default_rng(outputs), 1e-3
    x, y = random.standard_normal((40, 2)), random.standard_normal((40, outputs))
    kept = random.random((2, 40)) > 0.3
    kept[:, :5] = False
    starts, own = random.standard_normal((6, 3, 3)), np.arange(6) % 2
    samples = Samples(np.hstack([x, np.ones((40, 1))]), y, kept.astype(float), "tanh")
    ended = descended(samples, own, starts, ridge, 2000)
    for neurons, outer, error, lane in zip(*ended, own, strict=True):
        x_, y_, found = x[kept[lane]], y[kept[lane]], network(neurons, outer, "tanh")
        left = found(x_) - y_
        assert error == pytest.approx(np.mean(np.sum(left**2, axis=1)))

        def risk(theta, found=found, x_=x_, y_=y_):
            return np.mean(np.sum((found.with_theta(theta)(x_) - y_) ** 2, axis=1)) + ridge * theta @ theta

        further = minimize(risk, found.theta(), method="BFGS")
        assert further.fun > (1 - 1e-4) * risk(found.theta())
    other = y + 100 * (~kept).all(axis=0)[:, None]
    again = descended(Samples(samples.inputs, other, samples.kept, "tanh"), own, starts, ridge, 2000)

    def values(ends):
        return ends[2] + ridge * (np.sum(ends[0] ** 2, axis=(1, 2)) + np.sum(ends[1] ** 2, axis=(1, 2)))

    np.testing.assert_allclose(values(again), values(ended), rtol=1e-4)


def test_planted_neurons_noise_and_ranks(tmp_path):
    records = run(tmp_path, table())
    found = answer(records)
    assert (found.neurons, found.samples, found.most) == (3, 60, 4)
    assert found.rank == 3 * 3 + 1 and found.rank_decided  # k(d + 2) and the output's bias
    assert np.sqrt(found.noise) == pytest.approx(0.05, rel=0.3)
    assert 0.04 < np.sqrt(found.error) < 0.08
    told = STUDY.tell(records, table(), tmp_path)
    assert told[1].startswith("neurons     3 (") and "60 samples" in told[0]
    assert "% of the spread" in told[2] and any("model rank" in line for line in told)
    network = load_predictor(tmp_path / "planted.network.json")
    fresh = np.linspace(-1, 1, 201)[:, None]
    _, _, target, spread = planted(3, 1, 0.05, 60, 0)
    assert np.sqrt(np.mean((network.predict(fresh) - target(fresh)) ** 2)) < 0.05 * spread
    drawings = STUDY.draw(records)
    assert drawings and "60 samples" in drawings[0].caption and "1,500" not in drawings[0].caption


def test_units_change_no_answer(tmp_path):
    x, y, _, _ = planted(1, 1, 0.05, 40, 0)
    small = {"most": 2, "seeds": 1}
    plain = answer(run(tmp_path / "a", Table(x, y, "a"), **small))
    other = answer(run(tmp_path / "b", Table(1e3 + 1e-2 * x, 5e6 * y - 7, "b"), **small))
    assert plain.neurons == other.neurons == 1
    assert other.error == pytest.approx(plain.error, rel=1e-3)


def test_inputs_that_do_not_vary_weigh_nothing(tmp_path):
    """The mean of equal numbers need not be that number; what is left of it must not be taken for a spread."""
    x, y, _, _ = planted(1, 1, 0.05, 40, 0)
    wide = np.hstack([np.full_like(x, 0.1), x, np.full_like(x, -3e90), 1e9 + 0 * x])
    assert 0 < wide.std(axis=0)[0] < 1e-12
    problem = make_problem(Table(wide, y, "constant.csv"), 0.0)
    assert problem.varies.tolist() == [False, True, False, False] and not problem.inputs[:, [0, 2, 3]].any()
    alone = make_problem(Table(x, y, "alone.csv"), 0.0)
    np.testing.assert_allclose(problem.inputs[:, 1:2], alone.inputs, atol=1e-12)
    weights = np.array([[1.0, 2.0, 3.0, 4.0]])
    network = problem.in_units(Narrow(weights, np.zeros(1), np.ones((1, 1)), np.zeros(1), "tanh"))
    assert network.weights[0, 1] == pytest.approx(2 / np.std(x)) and not network.weights[0, [0, 2, 3]].any()
    records = run(tmp_path, Table(np.hstack([x, 0 * x + 5]), y, "constant.csv"), most=1, seeds=1)
    assert answer(records).rank == 4


def test_several_outputs(tmp_path):
    x = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    hidden = np.tanh(4 * x[:, :1] - 1)
    both = run(tmp_path / "a", Table(x, np.hstack([hidden, 3 - 2 * hidden]), "two"), most=2, seeds=1)
    found = answer(both)
    assert (found.neurons, found.outputs, found.rank) == (1, 2, 2 + 1 + 2 + 2)
    assert any("mean over outputs" in line for line in STUDY.tell(both, Table(x, np.ones((60, 2)), "two"), None))


def test_classes_of_a_planted_neuron(tmp_path):
    """Labels drawn from the softmax of its outputs: the probabilities are those of four numbers."""
    x, labels, chances = planted_classes(1, 1, 2, 0.05, 120, 0)
    named = Table(x, np.eye(2)[labels], "kinds.csv", labels=("left", "right"))
    records = run(tmp_path, named, most=2, seeds=1)
    found = answer(records)
    assert found.neurons == 1 and found.rank_decided
    assert found.rank == 2 + 2  # a weight, a bias; a factor and a level of the one difference of logits
    assert found.right[1] == pytest.approx(0.95, abs=0.05)
    told = STUDY.tell(records, named, tmp_path)
    assert any("classes use 4 parameters (model rank); there are 120 samples, 30 a parameter" in one for one in told)
    assert not any("without noise could fix it" in one for one in told)
    network, fresh = load_predictor(tmp_path / "kinds.network.json"), np.linspace(-1, 1, 50)[:, None]
    best = np.array(named.labels)[np.argmax(chances(fresh), axis=1)]
    assert np.mean(network.predict(fresh) != best) < 0.1


def test_the_best_rule_of_planted_classes_is_wrong_as_often_as_asked():
    for neurons, inputs, classes, wrong in itertools.product((1, 3), (1, 3), (2, 3), (0.05, 0.2)):
        x, labels, chances = planted_classes(neurons, inputs, classes, wrong, 10_000, 1)
        best = np.argmax(chances(x), axis=1)
        assert np.mean(best != labels) == pytest.approx(wrong, abs=0.015) and len(set(best)) == classes


def test_no_fold_is_left_out_of_an_answer(tmp_path):
    records = run(tmp_path, table(neurons=1, rows=40), most=1, seeds=2, folds=2)
    assert answer(records) is not None
    for lost in (k for k, record in enumerate(records) if record.case["kind"] in ("folds", "fits")):
        broken = [replace(record, status="failed") if k == lost else record for k, record in enumerate(records)]
        assert answer(broken) is None
        assert STUDY.tell(broken, None, None)[0].startswith("no answer")


def test_noise_alone_has_no_neurons(tmp_path):
    random = np.random.default_rng(3)
    data = Table(random.uniform(-1, 1, (60, 1)), random.standard_normal((60, 1)), "noise.csv")
    records = run(tmp_path, data, most=3)
    assert answer(records).neurons == 0
    assert any("No dependence" in line for line in STUDY.tell(records, data, None))


def test_the_wide_network_condenses_and_is_said_to(tmp_path):
    data = table(neurons=1, rows=40)
    records = run(tmp_path, data, most=2, seeds=1, folds=3, wide=20, time=200.0, max_steps=300)
    stage = answer(records).stage
    assert stage.width == 20 and len(stage.groups) == 3 and 1 <= min(stage.groups) <= max(stage.groups) <= 4
    assert np.sqrt(stage.error) < 0.3 and stage.error <= stage.final
    assert any(line.startswith("wide net    20 neurons") for line in STUDY.tell(records, data, None))
    assert len(STUDY.draw(records)) == 2


def test_the_command_line(tmp_path, capsys, monkeypatch):
    """First lines for people; a file that predicts, by names of columns in any order."""
    monkeypatch.chdir(tmp_path)
    x, y, target, _ = planted(1, 1, 0.05, 40, 1)
    Path("mine.csv").write_text(
        "dose,response\n" + "".join(f"{a},{b}\n" for a, b in zip(x[:, 0], y[:, 0], strict=True))
    )
    settings = ["most=2", "seeds=2", "folds=4", "starts=3", "wide=0"]
    assert main(["run", "recovery", "--data", "mine.csv", "--set", *settings, "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "mine.csv: 40 samples, 1 input (dose), 1 output (response)"
    assert lines[1].startswith("neurons     1 (") and lines[2].startswith("test error") and "advice" in lines[3]
    assert not any("1,500" in line or "50 samples" in line for line in lines)
    Path("new.csv").write_text("day,dose\n1,0.25\n2,-0.5\n")
    assert main(["predict", "runs/mine.network.json", "--data", "new.csv", "-o", "out.csv"]) == 0
    head, *rows = Path("out.csv").read_text().splitlines()
    assert head == "dose,response"
    numbers = np.array([[float(cell) for cell in row.split(",")] for row in rows])
    np.testing.assert_allclose(numbers[:, 1:], load_predictor("runs/mine.network.json").predict(numbers[:, :1]))
    np.testing.assert_allclose(numbers[:, 1:], target(numbers[:, :1]), atol=0.3)


def test_a_formula_says_what_the_file_does():
    network = Predictor([[2.0, -1.0]], [0.5], [[3.0], [-1.0]], [1.0, 0.0], "tanh", ["a", "b"], ["u", "v"])
    assert network.formula() == "u = 1 + 3·tanh(2·a + -1·b + 0.5)\nv = 0 + -1·tanh(2·a + -1·b + 0.5)".replace(
        "+ -", "− "
    )
    np.testing.assert_allclose(network.predict([[1.0, 2.0]]), [[1 + 3 * np.tanh(0.5), -np.tanh(0.5)]])
    for bad in ([1.0, 2.0], [[1.0]], [[np.nan, 1.0]]):
        with pytest.raises(ValueError, match="shape \\(sample, 2\\)"):
            network.predict(bad)


def written_out(formula, columns):
    """Evaluates a printed formula, an output a line, with NumPy's words alone."""
    names = {f"_{k}": own for k, own in enumerate(columns.values())}
    found = []
    for line in formula.splitlines():
        text = line.split(" = ", 1)[1].replace("−", "-").replace("·", "*").replace("tanh", "np.tanh")
        for k, name in enumerate(columns):
            text = text.replace(f"*{name}", f"*_{k}")
        found.append(np.broadcast_to(eval(text, {"np": np} | names), len(next(iter(columns.values())))))
    return np.stack(found, axis=1)


@pytest.mark.parametrize(
    ("x0", "dx", "y0", "dy"), [(0, 1, 0, 1), (2019, 10, 1e6, 1), (0, 1e-12, 7, 1e12), (1e9, 1, 0, 1)]
)
def test_a_printed_formula_predicts_what_the_file_does(tmp_path, x0, dx, y0, dy):
    """1e6 + tanh(…) is no formula in four digits, nor is tanh(4·year − 8076): a thousandth may be lost."""
    shape = Narrow(
        np.array([[3.0, 0.0], [-1.7, 2.4]]), np.array([0.3, 1.1]), np.array([[1.2, 0.9]]), np.zeros(1), "tanh"
    )
    table = np.random.default_rng(1).uniform(-1, 1, (50, 2))
    problem = make_problem(Table(x0 + dx * table, y0 + dy * shape(table), "t"), 0.0)
    own = problem.in_units(Narrow(*(getattr(shape, n) for n in ("weights", "biases", "outgoing", "level")), "tanh"))
    parts = [part.tolist() for part in (own.weights, own.biases, own.outgoing, own.level)]
    low, high = ((x0 + dx * end(table, axis=0)).tolist() for end in (np.min, np.max))
    network = Predictor(*parts, "tanh", ["dose", "time [s]"], ["y"], low=low, high=high)
    network.save(tmp_path / "n.json")
    network = load_predictor(tmp_path / "n.json")
    fresh = np.array(low) + np.random.default_rng(2).uniform(0, 1, (300, 2)) * (np.array(high) - np.array(low))
    exact = network.predict(fresh)
    said = written_out(network.formula(), {"dose": fresh[:, 0], "time [s]": fresh[:, 1]})
    assert np.abs(said - exact).max() < 2e-3 * np.ptp(exact)
    assert "0·time" not in network.formula().replace("10·", "")


def test_what_lies_outside_the_table_is_extrapolated(tmp_path, capsys):
    network = Predictor([[2.0]], [0.5], [[3.0]], [1.0], "tanh", ["a"], ["u"], low=[0.0], high=[1.0], source="mine.csv")
    assert network.beyond([[0.0], [1.0], [1.1], [-1.0]]).tolist() == [False, False, True, True]
    network.save(tmp_path / "n.json")
    new = tmp_path / "new.csv"
    for content, count in (
        ("a\n0.5\n2\n-3\n", "2 of 3 samples lie outside the range of mine.csv, sample 2"),
        ("a\n0.5\n", ""),
    ):
        new.write_text(content)
        assert main(["predict", str(tmp_path / "n.json"), "--data", str(new)]) == 0
        told = capsys.readouterr()
        assert count in told.err and bool(count) == bool(told.err) and told.out.startswith("a,u\n0.5,")
    text = (tmp_path / "n.json").read_text()
    for other in (
        text.replace("0.0", "NaN"),
        text.replace("0.0", "0.0, 1.0"),
        text.replace('"low": [\n  0.0\n ]', '"low": []'),
    ):
        assert other != text
        (tmp_path / "n.json").write_text(other)
        with pytest.raises(UserError, match="damaged"):
            load_predictor(tmp_path / "n.json")


def test_remarks_about_a_table():
    """What a person would want to be told, and nothing of a table without oddities."""
    random = np.random.default_rng(0)
    x, y = random.uniform(-1, 1, (60, 2)), random.standard_normal((60, 1))
    assert remarks(Table(x, y, "t")) == []
    slip = y.copy()
    slip[16] = -999
    many = np.tile(np.hstack([x[:20], y[:20]]), (3, 1))
    same = np.repeat(x[:30], 2, axis=0)
    cases = {
        "Column x3 is 0.1 in all samples: it is left out": Table(np.hstack([x, 0 * y + 0.1]), y, "t"),
        "Columns x1 and x3 say the same": Table(np.hstack([x, 32 + 1.8 * x[:, :1]]), y, "t"),
        "y is -999 in sample 17": Table(x, slip, "t"),
        "y takes the values 0, 1, 2 alone": Table(x, random.integers(0, 3, (60, 1)), "t"),
        "40 samples are copies of others": Table(many[:, :2], many[:, 2:], "t"),
        "One neuron has 33 parameters, and there are 20 samples": Table(random.standard_normal((20, 30)), y[:20], "t"),
        "Classes of fewer than 5 samples: b (2)": Table(x, np.eye(2)[(np.arange(60) < 2).astype(int)], "t", ("a", "b")),
        "Yes and yes are taken for different": Table(x, np.eye(2)[np.arange(60) % 2], "t", ("Yes", "yes")),
    }
    far = x.copy()
    far[[3, 59], 1] = -1e5, 1e6
    cases["x2 is 1e+06 in sample 60 (and 1 more)"] = Table(np.vstack([far, x]), np.vstack([y, y[::-1]]), "t")
    for words, table in cases.items():
        assert any(words in one for one in remarks(table)), (words, remarks(table))
    noise = 0.3 * random.standard_normal((60, 1))
    (said,) = [one for one in remarks(Table(same, np.sin(same[:, :1]) + noise, "t")) if "same inputs" in one]
    assert float(said.split("about ")[1].split()[0]) == pytest.approx(0.3, rel=0.3)  # 30 degrees of freedom


def test_a_file_that_is_no_network(tmp_path):
    path = tmp_path / "n.json"
    good = Predictor([[2.0]], [0.5], [[3.0]], [1.0], "tanh", ["a"], ["u"])
    good.save(path)
    assert load_predictor(path) == good
    text = path.read_text()
    for content in (
        "",
        "[]",
        "{}",
        "\x00",
        text[:50],
        text.replace("0.5", "NaN"),
        text.replace("0.5", '"a"'),
        text.replace('"tanh"', '"sin"'),
        text.replace("0.5", "0.5, 1.0"),
        "[" * 100_000,
    ):
        path.write_text(content)
        with pytest.raises(UserError, match=r"n\.json"):
            load_predictor(path)
    with pytest.raises(UserError, match=r"none\.json"):
        load_predictor(tmp_path / "none.json")


def test_inputs_that_do_not_fit(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("b,a\n1,2\n3,4\n")
    assert read_inputs(path, ["a", "b"]).tolist() == [[2, 1], [4, 3]]
    path.write_text("1\n2.5\n")
    assert read_inputs(path, ["a"]).tolist() == [[1], [2.5]]
    for content, words in (
        ("a\n1\n", "no column 'b'"),
        ("1,2,3\n", "3 columns"),
        ("a,b,c\n0,5,1,5\n", r"line 2 has 4 column\(s\) where the first line has 3"),
        ("1,2\n3,4,5\n", r"line 2 has 3 column\(s\)"),
        ("a,b,a\n1,2,3\n", "two columns 'a'"),
        ("a,b\n1,x\n", "line 2"),
        ("a,b\n1\n", r"line 2 has 1 column\(s\)"),
        ("a,b\n", "no samples"),
        ("", "no samples"),
        ("a,b\n1,nan\n", "line 2"),
    ):
        path.write_text(content)
        with pytest.raises(UserError, match=words):
            read_inputs(path, ["a", "b"])
