"""`condenslab plan`: golden numbers of the theory, every kind, the figure, and one sentence for every mistake."""

import json
from pathlib import Path

import jax
import pytest

from condenslab.cli import main
from condenslab.sample_size.planning import KNOWS, NEEDS, PlanRequest, option, plan
from condenslab.sample_size.planning.closed import closed_form
from condenslab.sample_size.planning.experiments import practical
from condenslab.sample_size.planning.request import checked


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def run(text):
        before = jax.config.jax_compilation_cache_dir
        try:
            status = main(["plan", *text.split()])
        finally:
            jax.config.update("jax_compilation_cache_dir", before)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_the_2100_parameters_and_21_samples_of_the_decks(cli):
    status, output, errors = cli("dense --inputs 5 --width 300 --intrinsic 3 --bias --json --figure plan.svg")
    found = json.loads(output)
    assert (status, errors) == (0, "")
    assert (found["kind"], found["parameters"], found["optimistic_samples"]) == ("two-layer", 2100, 21)
    assert found["measured"]["value"] == 21 and found["measured"]["decided"] and found["agrees"]
    assert (found["practical"]["low"], found["practical"]["high"]) == (26, 35), "FC 100x in the published map"
    changes = {row["change"]: (row["parameters"], row["optimistic_samples"]) for row in found["changes"]}
    assert changes["10 times the width"] == (21000, 21)
    assert changes["one more input"] == (2400, 24)
    assert changes["without biases"] == (1800, 18)
    assert "<svg" in Path("plan.svg").read_text(encoding="utf-8")


def test_for_people(cli):
    status, output, _ = cli("conv --inputs 5 --width 3 --intrinsic 1 --kernel 3 --bias")
    assert status == 0
    lines = [line.split("  ") for line in output.splitlines()]
    rows = {line[1]: [int(part) for part in line[2:] if part] for line in lines[1:8]}
    assert rows["every position its own kernel"] == [45, 15] and rows["fully connected"] == [63, 21]
    text = " ".join(output.split())  # lines are wrapped to the width of the terminal
    assert "the closed form says the same" in text and "k(s + L + 1)" in text
    assert "O ≤ 7, at the null embedding point" in text


SMALL = {
    "two-layer": ({"inputs": 1, "width": 2, "intrinsic": 1}, 2),
    "deep": ({"inputs": 2, "width": 2, "intrinsic": 1}, 4),
    "conv": ({"inputs": 5, "width": 2, "intrinsic": 1, "kernel": 3}, 6),
    "conv-unshared": ({"inputs": 5, "width": 1, "intrinsic": 1, "kernel": 3, "null_weights": 1}, 8),
    "fully-connected": ({"inputs": 5, "width": 1, "intrinsic": 1, "kernel": 3, "null_weights": 1}, 12),
    "attention": ({"inputs": 4, "width": 1, "intrinsic": 1, "head_size": 2}, 24),
    "matrix": ({"inputs": 4, "intrinsic": 1}, 7),
    "diagonal": ({"inputs": 5, "intrinsic": 2}, 2),
    "deep-diagonal": ({"inputs": 5, "intrinsic": 2}, 2),
    "linear": ({"inputs": 5}, 5),
}


@pytest.mark.parametrize("kind", SMALL)
def test_every_kind_is_measured_beside_its_closed_form(kind):
    sizes, expected = SMALL[kind]
    made = plan(PlanRequest(kind, **sizes))
    assert made.samples == made.closed.value == expected
    assert made.agrees is True and made.measured.value == expected
    assert len(made.changes) > 0


def test_a_spline_network_has_a_measured_number_only():
    made = plan(PlanRequest("kan", inputs=1, width=2, intrinsic=1, grid=2, degree=1))
    assert made.closed.value is None and made.agrees is None
    assert made.samples == made.measured.value == made.changes[0].measured.value > 0, "the same at a larger width"


def test_what_is_too_large_is_not_measured(cli):
    status, output, _ = cli("fully-connected --inputs 28 --width 2 --intrinsic 1 --kernel 3 --axes 2 --json")
    found = json.loads(output)
    assert status == 0 and found["optimistic_samples"] == 530660
    assert found["measured"]["value"] is None and "more than a dense Jacobian" in found["measured"]["reason"]
    changes = {row["change"]: row["optimistic_samples"] for row in found["changes"]}
    assert changes["kernels shared"] == 685 and changes["every position its own kernel"] == 6760
    assert found["practical"]["low"] is None, "published for O = 21 only"


def test_kinds_are_complete():
    assert set(SMALL) | {"kan"} == set(NEEDS)


@pytest.mark.parametrize(
    ("width", "low", "high"), [(3, 21, 28), (9, 23, 36), (30, 24, 35), (102, 26, 35), (3000, 26, 35)]
)
def test_the_published_range_of_the_nearest_width(width, low, high):
    request = checked(PlanRequest("dense", inputs=5, width=width, intrinsic=3, bias=True))
    seen = practical(request, closed_form(request).value)
    assert (seen.low, seen.high) == (low, high)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "plan needs a kind of model"),
        ("attn --inputs 3", "unknown kind 'attn'; did you mean 'attention'?"),
        ("dense --inputs 2", "Missing: --width, --intrinsic"),
        ("dense --inputs 2 --width 3 --intrinsic 1 --grid 4", "takes no --grid"),
        ("dense --inputs 2 --width 3 --intrinsic 4", "intrinsic width must be at most that of the model, 3"),
        ("dense --inputs 0 --width 3 --intrinsic 1", "inputs must be a whole number of at least 1"),
        ("dense --inputs x --width 3 --intrinsic 1", "--inputs must be a whole number. Got 'x'"),
        ("matrix --inputs 4 --intrinsic 5", "rank of the target must be at most 4"),
        ("linear --inputs 2 --figure plan.gif", "unknown format of a figure 'gif'"),
        ("linear --inputs 2 --figure no/plan.svg", "the figure no/plan.svg cannot be written"),
        ("linear --input 2", "did you mean '--inputs'?"),
    ],
)
def test_mistakes_are_one_sentence(cli, text, message):
    status, output, errors = cli(text)
    assert (status, output) == (2, "")
    assert message in errors and errors.count("\n") == 1


def test_a_target_that_is_zero_needs_no_samples(cli):
    status, output, _ = cli("dense --inputs 2 --width 3 --intrinsic 0 --json --figure zero.png")
    found = json.loads(output)
    assert status == 0 and found["optimistic_samples"] == 0 and "zero function" in found["measured"]["reason"]


def test_help_names_every_size(cli):
    status, output, errors = cli("--help")
    assert (status, errors) == (0, "")
    sizes = {size for names in (*NEEDS.values(), *KNOWS.values()) for size in names}
    assert all(option(size) in output for size in sizes) and "--figure" in output and "KIND" in output
