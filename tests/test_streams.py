"""Exit statuses and sentences, whatever the streams, the environment and the request are."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from condenslab.cli import main, show
from condenslab.errors import UserError
from condenslab.studies import get
from condenslab.studies.settings import changed


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a line with `condenslab` in it."""
    line = line.replace("condenslab", f"{sys.executable} -m condenslab")
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, env=os.environ | environment)


@pytest.mark.skipif(not pathlib.Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("condenslab claims nodir 2>&-", 2),
        ("condenslab claims nodir 2>/dev/full", 2),
        ("condenslab claims nodir >&- 2>&-", 2),
        ("condenslab list >/dev/full", 2),
        ("condenslab list --json >/dev/full", 2),
        ("condenslab list >&-", 2),
        ("condenslab list 2>&-", 0),
        ("condenslab --help >/dev/full", 2),
        ("condenslab plan --help >/dev/full", 2),
        ("condenslab --version >&-", 2),
        ("condenslab --version <&- 2>&-", 0),
        ("condenslab list | head -1 >/dev/null; exit 0", 0),
    ],
)
def test_streams_that_are_full_or_closed(line, status):
    done = shell(line)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    if "2>" not in line and status:
        assert done.stderr.startswith("condenslab: standard output cannot be written (")


@pytest.mark.parametrize("variables", [{"JAX_PLATFORMS": "bogus"}, {"JAX_ENABLE_X64": "perhaps"}])
@pytest.mark.parametrize("command", ["plan two-layer --inputs 1 --width 3 --intrinsic 1", "doctor"])
def test_an_environment_in_which_jax_does_not_start(variables, command):
    done = shell(f"condenslab {command}", **variables)
    (name,) = variables
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("condenslab: JAX does not start (") and name in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "recovery", "--out", ""], "--out needs the name of a folder"),
        (["run", "recovery", "--out", "  "], "--out needs the name of a folder"),
        (["run", "optimistic_dense", "--set", "factors=[]"], "'factors' needs at least one entry"),
        (["run", "initial_condensation", "--set", "activations=[]"], "'activations' needs at least one entry"),
        (["plan", "conv", "--inputs", "4", "--width", "2", "--intrinsic", "1", "--kernel", "0"], "--kernel must be a"),
        (["plan", "conv", "--inputs", "4", "--width", "2", "--intrinsic", "1", "--kernel", "9"], "--kernel must be at"),
        (["plan", "attention", "--inputs", "4", "--width", "2", "--intrinsic", "1", "--head-size", "0"], "--head-size"),
        (["plan", "kan", "--inputs", "2", "--width", "2", "--intrinsic", "1", "--grid", "0"], "--grid must be"),
        (["plan", "diagonal", "--inputs", "2", "--intrinsic", "5"], "--intrinsic must be at most --inputs, 2"),
        (["plan", "conv-unshared", "--inputs", "4", "--width", "2", "--intrinsic", "1", "--kernel", "2",
          "--null-weights", "99"], "--null-weights must leave"),
    ],
)  # fmt: skip
def test_requests_that_leave_nothing_or_make_no_sense(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_words_are_a_list_without_json():
    base = get("initial_condensation").presets["tiny"]
    for text in ("tanh,relu", "tanh, relu", "[tanh,relu]", '["tanh","relu"]', "'tanh','relu'"):
        assert changed(base, {"activations": text}).activations == ("tanh", "relu")


def test_a_wrong_word_of_a_list_is_named():
    base = get("initial_condensation").presets["tiny"]
    for text in ("tanh,rleu", '["tanh","rleu"]', "rleu"):
        with pytest.raises(UserError, match=r"unknown entry of activations \(a setting\) 'rleu'; did you mean 'relu'"):
            changed(base, {"activations": text})


def test_verdicts_on_a_terminal_without_unicode(monkeypatch):
    row = {"study": "s", "preset": "p", "seed": 0, "claim": "c", "source": "t", "expected": 1, "measured": 1,
           "tolerance": None, "margin": None}  # fmt: skip
    rows = [row | {"verdict": verdict} for verdict in ("holds", "fails", "undecided")]

    class Stream:
        encoding = "ascii"

    monkeypatch.setattr(sys, "stdout", Stream())
    lines = show.claims_text(rows).splitlines()
    assert [line.strip()[:-1].strip() for line in lines if line.endswith(" c")] == ["+ holds", "x FAILS", "? undecided"]


def test_the_cost_follows_the_data(tmp_path, capsys):
    """More rows cost more time and memory, and the estimate says so before anything is computed."""
    estimates = []
    for rows in (50, 5_000, 200_000):
        path = tmp_path / f"{rows}.csv"
        path.write_text("".join(f"{k / rows},{(k * 7919) % 101}\n" for k in range(rows)))
        arguments = ["run", "recovery", "--preset", "tiny", "--set", "wide=5", "--data", str(path), "--dry-run"]
        assert main([*arguments, "--json", "--out", str(tmp_path / "o")]) == 0
        estimates.append(capsys.readouterr().out)
    seconds, megabytes = (([json.loads(text)[0][key] for text in estimates]) for key in ("seconds", "megabytes"))
    assert seconds[0] < seconds[1] < seconds[2] and megabytes[0] < megabytes[1] < megabytes[2]
    widest = 3 * get("table").presets["tiny"].most + 1
    assert megabytes[2] > widest * 200_000 * 8 / 1e6, "the Jacobian of the widest fit"
