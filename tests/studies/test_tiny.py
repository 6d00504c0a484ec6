"""Every study in the registry: what it promises, and a whole tiny run of it."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from condenslab import studies
from condenslab.studies import Part, Study
from condenslab.sweeps import Store
from judging import check_damage

STUDIES = studies.names()


@pytest.fixture(params=STUDIES)
def study(request) -> Study:
    return studies.get(request.param)


def test_a_study_says_what_it_asks_and_claims(study):
    assert study.name in STUDIES and study.revision >= 1
    assert study.question.endswith("?") and study.source
    assert study.claim_statements and len(set(study.claim_statements)) == len(study.claim_statements)
    assert [name for name in study.presets if name != "panel"] == ["tiny", "quick", "full"]


def test_every_preset_has_cases_with_a_cost(study):
    for settings in study.presets.values():
        cases = study.cases(settings, seed=0)
        assert cases
        for case in cases:
            hash(study.compile_key(case))
            assert study.bytes_per_member(case) > 0 and study.seconds_per_member(case) > 0


# Programs of these take long to compile, and tests of their own run every part of them.
HEAVY = (
    "invariant_manifolds",
    "optimistic_tables",
    "critical_functions",
    "embedding_losses",
    "no_free_lunch",
    "kan_recovery",
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.more] if name in HEAVY else [])
        for name in STUDIES
        if name != "recovery"  # that one has tests of its own
    ],
)
def test_a_tiny_run(name, tmp_path, monkeypatch):
    """Every case finishes, every statement is claimed whatever is lost, and nothing is computed twice."""
    study, out = studies.get(name), tmp_path / "runs"
    run = studies.run(name, preset="tiny", out=out)
    stored = Store(out).records()
    records = [stored[identity] for identity in run.records]
    assert [r.message for r in records if r.status == "failed"] == []
    settings = study.presets["tiny"]
    assert len(run.claims) == len(study.statements(settings))
    drawings = study.draw(records)
    assert drawings and all(drawing.title and drawing.caption for drawing in drawings)
    check_damage(study, settings, study.cases(settings, seed=0), records)

    def refuse(*_, **__):
        raise AssertionError("a case was computed again")

    monkeypatch.setattr(Part, "outcomes", refuse)
    assert studies.run(name, preset="tiny", out=out).claims == run.claims


@pytest.mark.more
@pytest.mark.parametrize("name", STUDIES)
def test_a_tiny_run_that_is_interrupted_goes_on_to_the_same_records(name, tmp_path):
    """SIGINT at two random moments; then the same command again until it ends."""
    command = [sys.executable, "-m", "condenslab", "run", name, "--preset", "tiny", "--quiet", "--out"]
    start = time.monotonic()
    assert subprocess.run([*command, tmp_path / "whole"], capture_output=True).returncode in (0, 1)
    seconds = time.monotonic() - start
    chance, codes = random.Random(name), []
    for _ in range(2):
        child = subprocess.Popen([*command, tmp_path / "broken"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 1.0) * seconds)
        os.kill(child.pid, signal.SIGINT)
        codes.append(child.wait(timeout=300))
    assert subprocess.run([*command, tmp_path / "broken"], capture_output=True).returncode in (0, 1), codes
    whole, broken = (Store(tmp_path / folder).records() for folder in ("whole", "broken"))
    assert set(whole) == set(broken)
    for identity, record in whole.items():
        again = broken[identity]
        assert (again.status, again.message) == (record.status, record.message)
        assert _without_times(again.values) == pytest.approx(_without_times(record.values), rel=1e-6, abs=1e-12)


def _without_times(values):
    """The numbers of a record: what is measured in seconds differs from run to run."""
    return {
        name: value
        for name, value in values.items()
        if "second" not in name and isinstance(value, int | float) and not isinstance(value, bool)
    }
