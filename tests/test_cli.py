"""The command line: what it prints, its exit statuses, and one sentence for every mistake."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

import condenslab
import toy
from condenslab.cli import app, main
from condenslab.cli.progress import Lines, time_left
from condenslab.studies import Statement, exactly
from condenslab.sweeps import Store

TESTS = Path(__file__).parent
KEYS = ["study", "preset", "seed", "claim", "source", "expected", "measured", "tolerance", "margin", "verdict"]
KEYS += ["relation", "label", "figure", "records", "deck", "part", "reason"]


@pytest.fixture(autouse=True)
def toy_only(monkeypatch, tmp_path):
    toy.register(monkeypatch)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cli(capsys):
    """Runs a command line here; gives its exit status, output and errors."""

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def strictly(text):
    """Reads JSON that has no NaN and no infinity."""

    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_version(cli):
    assert cli("--version") == (0, f"condenslab {condenslab.__version__}\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_names_every_command(cli, arguments):
    status, output, errors = cli(*arguments)
    assert (status, errors) == (0, "")
    for command in ("list", "run", "claims", "report", "doctor"):
        assert f"\n  {command} " in output


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("list", ["--json"]),
        ("run", ["STUDY", "--preset", "--seed", "--out", "--set", "--data", "--executor", "--threads", "--strict",
                 "--dry-run", "--quiet", "--json"]),
        ("claims", ["DIR", "--all", "--json"]),
        ("report", ["DIR", "-o", "atlas.html"]),
        ("doctor", ["--json"]),
    ],
)  # fmt: skip
def test_every_command_has_help(cli, command, options):
    status, output, errors = cli(command, "--help")
    assert (status, errors) == (0, "")
    assert all(option in output for option in options)


def test_every_option_in_the_synopsis_is_known(cli):
    """A name that one command takes by position is an option of another: `plan KIND` and `embed --kind`."""
    synopsis = (Path(__file__).parent.parent / "docs" / "command-line.md").read_text().partition("Names, options")[0]
    commands = re.split(r"^    condenslab ", synopsis, flags=re.MULTILINE)[1:-1]
    known = {(text.split()[0], option) for text in commands for option in re.findall(r"--[a-z-]+", text)}
    assert ("embed", "--kind") in known
    for command, option in sorted(known):
        assert "unknown option '--no-such'" in cli(command, option, "--no-such")[2], (command, option)


def test_list(cli):
    status, output, _ = cli("list", "--json")
    assert status == 0
    assert strictly(output) == [
        {
            "study": "toy",
            "question": toy.STUDY.question,
            "source": "Gauss 1809",
            "presets": ["tiny", "quick", "full"],
            "claims": list(toy.STUDY.claim_statements),
        }
    ]
    status, output, _ = cli("list")
    assert status == 0
    assert output.startswith("toy: Is the mean of normal numbers zero?\n")
    assert "tiny: members=2, sizes=[10,20,30]" in output


def test_run_prints_what_claims_prints(cli):
    status, output, errors = cli("run", "toy", "--preset", "tiny", "--seed", 0, "--out", "r", "--json", "--quiet")
    assert (status, errors) == (0, "")
    rows = strictly(output)
    assert [list(row) for row in rows] == [KEYS, KEYS]
    assert [row["verdict"] for row in rows] == ["holds", "undecided"]
    assert rows[1]["margin"] is None
    assert cli("claims", "r", "--json") == (0, output, "")


def test_run_for_people(cli):
    status, output, errors = cli("run", "toy", "--preset", "tiny")
    assert status == 0
    assert output.splitlines()[0] == "toy, preset tiny, seed 0"
    assert "✓ holds     every mean is zero within 3" in output
    assert "? undecided something that the toy does not know" in output
    assert output.splitlines()[-1] == "2 claims: 1 holds, 0 fails, 1 undecided; stored in runs"
    assert errors.splitlines()[-1].startswith("toy 100 %")
    assert "\x1b" not in errors, "plain lines where the output is no terminal"


def test_exit_statuses_of_claims(cli):
    assert cli("run", "toy", "--preset", "tiny")[0] == 0
    assert cli("run", "toy", "--preset", "tiny", "--strict")[0] == 1
    status, output, _ = cli("run", "toy", "--preset", "tiny", "--set", "shift=9")
    assert status == 1
    assert "✗ FAILS" in output
    assert cli("claims", "runs")[0] == 1
    assert cli("claims", "nowhere")[0] == 2


def test_claims_shows_the_latest_of_each_request_or_all(cli):
    for options in (["--seed", 1], ["--seed", 1], ["--seed", 2], ["--seed", 1, "--set", "members=1"]):
        cli("run", "toy", "--preset", "tiny", "--quiet", *options)
    assert [row["seed"] for row in strictly(cli("claims", "runs", "--json")[1])] == [1, 1, 2, 2, 1, 1]
    assert [row["seed"] for row in strictly(cli("claims", "runs", "--all", "--json")[1])] == [1, 1, 1, 1, 2, 2, 1, 1]


@pytest.mark.parametrize("columns", ["1", "20", "0", "-5", "wide"])
def test_the_help_can_be_read_in_any_terminal(cli, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    status, output, _ = cli("plan", "--help")
    assert status == 0 and "Hidden neurons; kernels;" in output and os.environ["COLUMNS"] == columns
    assert output.count("\n") < 150


def test_claims_say_which_runs_are_of_another_revision(cli, monkeypatch):
    cli("run", "toy", "--preset", "tiny")
    assert cli("claims", "runs")[2] == ""
    monkeypatch.setattr(toy, "STUDY", replace(toy.STUDY, revision=2))
    status, output, errors = cli("claims", "runs", "--json")
    assert status == 0 and len(strictly(output)) == 2
    assert errors.startswith(
        "condenslab: the run of toy, preset tiny, seed 0, is of revision 1 and the installed study is of revision 2"
    )


def test_a_name_in_a_store_moves_no_cursor(cli, monkeypatch):
    evil = "red \x1b[31m\x07 \x9b2J \u202e backwards"
    one = replace(toy.STUDY.statements(None)[0], text=evil)
    monkeypatch.setattr(toy, "STUDY", replace(toy.STUDY, statements=lambda settings: [one]))
    status, output, _ = cli("run", "toy", "--preset", "tiny", "--json")
    assert status == 0 and strictly(output)[0]["claim"] == evil
    for text in (output, cli("claims", "runs")[1]):
        assert "\\u001b[31m" in text and not set("\x1b\x07\x9b\u202e") & set(text)


def test_claims_before_any_run_has_finished(cli):
    Store("runs", create=True)
    assert cli("claims", "runs", "--json") == (0, "[]\n", "")
    assert cli("claims", "runs")[1] == "no run in runs has finished yet\n"


@pytest.mark.parametrize(
    "settings",
    [["--set", "members=1", "sizes=5,6"], ["--set", "members=1", "--set", "sizes=[5,6]"],
     ["--set=members=1", "--set=sizes=5,6"]],
)  # fmt: skip
def test_settings_are_changed(cli, settings):
    assert cli("run", "toy", *settings)[0] == 0
    assert cli("run", *settings, "toy")[0] == 0, "the study may come last"
    run = Store("runs").runs()[0]
    assert run.overrides == {"members": 1, "sizes": [5, 6]}


def test_own_data(cli, tmp_path):
    (tmp_path / "own.csv").write_text("x,y\n0,1\n1,2\n")
    status, output, _ = cli("run", "toy", "--data", "own.csv", "--json")
    assert status == 0
    assert len(strictly(output)) == 1
    assert Store("runs").runs()[0].data["name"] == "own.csv"


def test_dry_run_computes_and_writes_nothing(cli, tmp_path):
    status, output, errors = cli("run", "toy", "--dry-run", "--set", "pause=0.5")
    assert (status, errors) == (0, "")
    assert "12 cases in 3 batches and 3 programs, 0 of them stored already; the rest takes about 6 s and 2147" in output
    assert list(tmp_path.iterdir()) == []
    cli("run", "toy", "--preset", "tiny", "--quiet")
    row = strictly(cli("run", "toy", "--dry-run", "--json")[1])[0]
    assert (row["cases"], row["stored"], row["batches"]) == (12, 6, 3)


MISTAKES = [
    ([], "a command is needed"),
    (["rum"], "unknown command 'rum'; did you mean 'run'?"),
    (["--versoin"], "did you mean '--version'?"),
    (["run"], "run needs the name of a study. Valid: toy"),
    (["run", "toi"], "unknown study 'toi'; did you mean 'toy'?"),
    (["run", "toy", "toi"], "unknown study 'toi'"),
    (["run", "toy", "--preset", "quik"], "unknown preset 'quik'; did you mean 'quick'?"),
    (["run", "toy", "--set", "member=3"], "unknown setting 'member'; did you mean 'members'?"),
    (["run", "toy", "--set", "members"], "--set needs KEY=VALUE"),
    (["run", "toy", "--set", "members=0"], "'members' cannot be '0': expected int >= 1"),
    (["run", "toy", "--set", "trouble=rais"], "did you mean 'raise'?"),
    (["run", "toy", "--sed", "1"], "unknown option '--sed'; did you mean '--seed'?"),
    (["run", "toy", "--sed=1"], "unknown option '--sed'; did you mean '--seed'?"),
    (["run", "toy", "-q"], "unknown option '-q'"),
    (["run", "toy", "--seed"], "missing value for argument '--seed'"),
    (["run", "toy", "--seed", "one"], "--seed must be a whole number. Got 'one'"),
    (["run", "toy", "--seed", "-1"], "the seed must be a whole number from 0"),
    (["run", "toy", "--threads", "0"], "--threads must be at least 1. Got 0"),
    (["run", "toy", "--json", "yes"], "unrecognized options: yes"),
    (
        ["run", "toy", "--executor", "local:0"],
        "from 1 to 4096. Got 'local:0'",
    ),
    (["run", "toy", "--time-limit", "0"], "--time-limit must be a number of seconds above 0 and at most 1e+09. Got 0"),
    (["run", "toy", "--executor", "slurm:partition"], "slurm's options are KEY=VALUE,KEY=VALUE"),
    (["run", "toy", "--executor", "inproces"], "did you mean 'inprocess'?"),
    (["run", "toy", "--data", "none.csv"], "none.csv"),
    (["run", "toy", "--out", "file"], "'file' is a file, and a store is a folder"),
    (["run", "toy", "--out", "newer"], "written by a newer condenslab"),
    (["run", "toy", "--out", "newer", "--dry-run"], "written by a newer condenslab"),
    (["run", "toy", "--out", "cut"], "is truncated or damaged"),
    (["claims"], "claims needs the folder"),
    (["claims", "empty"], "there is no store in 'empty'"),
    (["claims", "newer"], "written by a newer condenslab"),
    (["claims", "cut", "--al"], "did you mean '--all'?"),
    (["report", "empty"], "there is no store in 'empty'"),
    (["report", "cut", "--outptu", "x"], "did you mean '--output'?"),
    (["list", "--jsn"], "did you mean '--json'?"),
    (["list", "toy"], "toy"),
    (["doctor", "now"], "now"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), MISTAKES, ids=lambda value: " ".join(value) if type(value) is list else ""
)
def test_a_mistake_is_one_sentence(cli, tmp_path, arguments, message):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "store.json").write_text('{"format": 99}')
    (tmp_path / "cut" / "shards").mkdir(parents=True)
    (tmp_path / "cut" / "store.json").write_text('{"format": 1}')
    (tmp_path / "cut" / "shards" / "20260101T000000-000000-0123456789abcdef.jsonl").write_text('{"stud')
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    status, output, errors = cli(*arguments)
    assert (status, output) == (2, "")
    assert errors.startswith("condenslab: ")
    assert errors.count("\n") == 1
    assert message in errors
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == {
        path: moment for path, moment in before.items() if path.is_file()
    }


def test_interruption(cli):
    status, output, errors = cli("run", "toy", "--set", "trouble=interrupt")
    assert (status, output) == (3, "")
    assert "the same command goes on from there: condenslab run toy --set trouble=interrupt" in errors
    assert len(Store("runs").records()) == 8
    assert cli("run", "toy", "--set", "trouble=interrupt", "sizes=10,20")[0] == 0


def test_a_failed_batch_is_an_internal_error_that_keeps_the_rest(cli):
    status, output, errors = cli("run", "toy", "--set", "trouble=raise", "--json")
    assert status == 70
    assert {row["verdict"] for row in strictly(output)} == {"undecided"}
    assert errors.splitlines()[-1] == (
        "condenslab: 4 of 12 cases of toy failed, and the next run tries them again: RuntimeError: the toy broke"
    )
    assert cli("run", "toy", "--set", "trouble=memory")[0] == 70


def test_what_a_study_prints_is_no_result_and_its_exit_is_not_ours(cli):
    status, output, errors = cli("run", "toy", "--set", "trouble=print", "--json")
    assert status == 0 and strictly(output) and errors.count("a word of the toy") == 12
    status, output, errors = cli("run", "toy", "--set", "trouble=exit", "--json", "--quiet")
    assert status == 70 and strictly(output)
    assert errors == "condenslab: 4 of 12 cases of toy failed, and the next run tries them again: SystemExit: 0\n"


def test_a_statement_that_raises_is_named(cli, monkeypatch):
    wrong = Statement("a thing that cannot be read", "t", lambda e: e.each(lambda r: r.values["no"]), exactly(1))
    monkeypatch.setattr(toy, "STUDY", replace(toy.STUDY, statements=lambda settings: [wrong]))
    status, output, errors = cli("run", "toy", "--quiet")
    assert (status, output) == (70, "") and "KeyError: 'no'" in errors
    assert "raised by the statement 'a thing that cannot be read'; the records that it reads are stored" in errors
    assert len(Store("runs").records()) == 12


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nowhere:STUDY", "the study 'mine' cannot be imported: studies.REGISTRY says that it is 'nowhere:STUDY'"),
        ("toy:NOTHING", "module 'toy' has no attribute 'NOTHING'"),
        ("toy", "the study 'mine' cannot be imported"),
        ("toy:mean", "toy:mean is a function"),
        ("toy:STUDY", "toy:STUDY is 'toy'"),
    ],
)
def test_a_study_that_is_not_where_the_registry_says(cli, monkeypatch, reference, message):
    monkeypatch.setitem(toy.REGISTRY, "mine", reference)
    status, output, errors = cli("run", "mine")
    assert (status, output) == (2, "") and message in errors and errors.count("\n") == 1


def test_an_internal_error_shows_where(cli, monkeypatch):
    monkeypatch.setattr(type(toy.STUDY), "cases", lambda *arguments, **options: 1 / 0)
    status, output, errors = cli("run", "toy")
    assert (status, output) == (70, "")
    assert "Traceback" in errors
    assert errors.splitlines()[-1].endswith("ZeroDivisionError: division by zero")


def test_doctor(cli, monkeypatch):
    from condenslab import doctor

    right, wrong = (doctor.Check("sums", error, 1e-4) for error in (1e-7, float("nan")))
    versions = {"jax": "0.10.2", "torch": None}
    for check, expected, abort in ((right, 0, ""), (right, 0, "it ended"), (wrong, 1, "")):
        diagnosis = doctor.Diagnosis(versions, "cpu", 2, (check,), 20.0, abort)
        monkeypatch.setattr(doctor, "check", lambda found=diagnosis: found)
        status, output, errors = cli("doctor", "--json")
        told = strictly(output)
        assert (status, told["ok"], told["versions"]) == (expected, expected == 0, versions)
        assert ("computes wrong results" in errors) == (expected == 1)
        assert ("ends a process that sums a padded array (it ended): set XLA_FLAGS=" in errors) == bool(abort)
        assert errors.startswith("condenslab: this build of jax 0.10.2") == bool(errors)
        status, output, _ = cli("doctor")
        assert status == expected
        assert "20 µs" in output


def test_report(cli, monkeypatch):
    from condenslab import report

    calls = []
    monkeypatch.setattr(report, "write", lambda *arguments: calls.append(arguments))
    assert cli("report", "runs") == (0, "wrote atlas.html\n", "")
    assert cli("report", "runs", "-o", "page.html")[0] == 0
    assert calls == [("runs", "atlas.html"), ("runs", "page.html")]

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report, "write", full)
    assert cli("report", "runs") == (
        2,
        "",
        "condenslab: the page atlas.html cannot be written: No space left on device\n",
    )


def run_toy(*arguments, **options):
    command = [sys.executable, TESTS / "toy.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def test_a_reader_may_leave(tmp_path):
    program = f"{sys.executable} {TESTS / 'toy.py'} list | true; exit ${{PIPESTATUS[0]}}"
    finished = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_output_without_unicode():
    finished = run_toy("run", "toy", "--preset", "tiny", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (finished.returncode, "holds" in finished.stdout) == (0, True), finished.stderr


def test_threads_are_limited_before_jax_starts():
    """XLA's thread pool on CPU has as many threads as asked for, counted by the operating system."""
    program = (
        "import sys, os, toy; toy.register(); from condenslab.cli import main; "
        "assert main(['run', 'toy', '--preset', 'tiny', '--threads', sys.argv[1], '--quiet', '--json']) == 0; "
        "import jax, jax.numpy as jnp; before = len(os.listdir('/proc/self/task')); "
        "x = jnp.ones((600, 600)); (x @ x).block_until_ready(); assert x.dtype == 'float64'; "
        "names = [open(f'/proc/self/task/{t}/comm').read().strip() for t in os.listdir('/proc/self/task')]; "
        "print(sum(n.startswith('tf_XLAEigen') for n in names), file=sys.stderr)"
    )
    if not Path("/proc/self/task").exists():
        pytest.skip("counting threads takes Linux")
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    counted = [
        subprocess.run(
            [sys.executable, "-c", program, count], capture_output=True, text=True, check=True, env=environment
        )
        for count in ("1", "3")
    ]
    assert [int(run.stderr) for run in counted] == [1, 3]


def test_help_imports_nothing_heavy():
    program = "import sys; from condenslab.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "jax", "tyro", "matplotlib", "plotly", "rich"} & set(finished.stderr.split())


def test_a_claim_that_measured_nothing_says_so():
    from condenslab.cli.show import number

    assert [number(value) for value in ([], None, [0.5, None])] == ["none", "none", "0.5, none"]


def test_no_json_here_has_a_number_that_is_not_one():
    from condenslab.cli.show import as_json

    assert msgspec.json.decode(as_json([np.nan.real, float("inf"), 1.5])) == [None, None, 1.5]


def test_lines_of_progress_are_rare_and_complete(capsys, monkeypatch):
    clock = iter([0.0, 0.0, 1.0, 6.0, 7.0, 8.0])
    monkeypatch.setattr("condenslab.cli.progress.time.monotonic", lambda: next(clock))
    lines = Lines("toy")
    for fraction, text in [(0.1, "a"), (0.2, "b"), (0.5, "c"), (1.0, "d"), (1.0, "e")]:
        lines(fraction, text)
    assert capsys.readouterr().err.splitlines() == [
        "toy  10 %, 0:00 left: a",
        "toy  50 %, 0:06 left: c",
        "toy 100 %: d",
    ]


def test_time_left():
    assert [time_left(3600.0, 0.5), time_left(10.0, 0.001), time_left(10.0, 1.0)] == ["1:00:00", "", ""]


def test_exit_statuses_are_those_of_the_design():
    assert (app.OK, app.CLAIM_FAILS, app.MISTAKE, app.INTERRUPTED, app.INTERNAL) == (0, 1, 2, 3, 70)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep caches elsewhere")
def test_compiled_programs_are_cached_where_that_is_possible(tmp_path):
    options = ["run", "toy", "--preset", "tiny", "--quiet", "--json"]
    environment = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    kept = run_toy(*options, env=environment | {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert (kept.returncode, kept.stderr) == (0, "")
    assert [path.name.split("-")[0] for path in (tmp_path / "cache" / "condenslab").iterdir()] == ["jax"]
    nowhere = run_toy(*options, env=environment | {"XDG_CACHE_HOME": "/dev/null/cache"})
    assert (nowhere.returncode, nowhere.stdout, nowhere.stderr) == (0, kept.stdout, "")
