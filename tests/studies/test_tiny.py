"""Every study in the registry: what it promises, and a whole tiny run of it."""

import pytest

from condenslab import studies
from condenslab.studies.contract.study import Study
from condenslab.sweeps import Store

STUDIES = studies.names()


@pytest.fixture(params=STUDIES)
def study(request) -> Study:
    return studies.get(request.param)


def test_a_study_says_what_it_asks_and_claims(study):
    assert study.name in STUDIES and study.revision >= 1
    assert study.question.endswith("?") and study.source
    assert study.claim_statements and len(set(study.claim_statements)) == len(study.claim_statements)
    assert list(study.presets) == ["tiny", "quick", "full"]


def test_every_preset_has_cases_with_a_cost(study):
    for settings in study.presets.values():
        cases = study.cases(settings, seed=0, data=None)
        assert cases
        for case in cases:
            hash(study.compile_key(case))
            assert study.bytes_per_member(case) > 0 and study.seconds_per_member(case) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in STUDIES if name != "recovery"])  # that one has tests of its own
def test_a_tiny_run(name, tmp_path, monkeypatch):
    """Every case finishes, claims are those promised, the figures can be drawn, and a second run computes nothing."""
    study, out = studies.get(name), tmp_path / "runs"
    run = studies.run(name, preset="tiny", out=out)
    stored = Store(out).records()
    records = [stored[identity] for identity in run.records]
    assert [r.message for r in records if r.status == "failed"] == []
    assert run.claims and {row["verdict"] for row in run.claims} <= {"holds", "fails", "undecided"}
    for row in run.claims:
        assert any(statement in row["claim"] for statement in study.claim_statements), row["claim"]
    drawings = study.draw(records)
    assert drawings and all(drawing.title and drawing.caption for drawing in drawings)

    def refuse(*_, **__):
        raise AssertionError("a case was computed again")

    monkeypatch.setattr(type(study), "run_batch", refuse)
    assert studies.run(name, preset="tiny", out=out).claims == run.claims
