"""Every study in the registry: what it promises, and a whole tiny run of it."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from condenslab import figures, studies
from condenslab.report.svg import drawn
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
    "generalization",
    "landscape_slices",
    "critical_dimension",
    "exercise_proof",
    "pruning",
    "knobs",
    "knob_efficiency",
    "recovery_stability",
    "embedding_width",
    "attention_rank",
    "attention_condensation",
    "model_rank",
    "transformer_symmetry",
    "dropout",
    "inference_or_memorisation",
    "anchor_transformer",
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


@pytest.mark.more
@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_every_figure_of_a_tiny_run_can_be_read(name, tmp_path):
    """No text lies on other text or is cut, none is below 8 pt, nothing is hatched, and the page weighs no cloud."""
    run = studies.run(name, preset="tiny", out=tmp_path)
    stored = Store(tmp_path).records()
    for drawing in studies.get(name).draw([stored[identity] for identity in run.records]):
        if not isinstance(figure := drawing.figure, Figure):
            continue
        assert figures.unreadable(figure) == [], drawing.title
        texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
        assert min((text.get_fontsize() for text in texts), default=8) >= 8, drawing.title
        assert not [patch for patch in figure.findobj(Patch) if patch.get_hatch()], drawing.title
        assert drawn(figure, "a").text.count("<use ") < 10_000, drawing.title
