"""The critical_dimension study: random embeddings obey the conditions, claims on made-up records, the drawings."""

from dataclasses import replace

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.critical_dimension.cases import EmbeddingCase
from condenslab.studies.critical_dimension.compute import _random_embedding
from condenslab.sweeps import Record
from judging import decided, judged, record_of

STUDY = studies.get("critical_dimension")
QUICK = STUDY.presets["quick"]


def record(case, *, corank=None, decided=True):
    gained = case.added
    heuristic = sum(gained) + (gained[0] * gained[1] if len(gained) == 2 else 0)
    corank = heuristic if corank is None else corank
    values = {"proved": sum(gained), "heuristic": heuristic, "narrow_corank": 0, "narrow_decided": True}
    values |= {"corank": corank, "decided": decided, "gradient": 1e-15, "tolerance": 1e-9, "floor": 1e-14}
    eigenvalues = np.append(np.geomspace(1e-3, 10.0, 9), np.zeros(corank))
    return record_of(STUDY, case, values, {"eigenvalues": eigenvalues})


@pytest.fixture
def records():
    return [record(case) for case in STUDY.cases(QUICK, seed=0)]


def test_claims_on_made_up_records(records):
    claims = judged(STUDY, records, QUICK)
    assert [claim.verdict for claim in claims] == ["holds"] * 5
    assert claims[3].figure == STUDY.draw(records)[0].title
    deep = EmbeddingCase((2, 2), (1, 1), 0, 60)

    def with_deep(**changes):
        changed = record(deep, **changes)
        return decided(STUDY, [changed if r.id == changed.id else r for r in records], QUICK)

    assert with_deep(corank=2)[4] == "fails"
    assert with_deep(corank=1)[2] == "fails"
    assert with_deep(decided=False)[4] == "undecided"


def test_a_lost_embedding_leaves_undecided_what_rests_on_it(records):
    lost = next(r for r in records if r.case["narrow"] == [2, 2] and any(r.case["added"]))
    failed = Record(lost.study, lost.id, lost.case, "failed", "Lost.")
    told = decided(STUDY, [failed if r is lost else r for r in records], QUICK)
    assert told == ["undecided", "undecided", "undecided", "holds", "undecided"]
    assert set(decided(STUDY, [], QUICK)) == {"undecided"}


def test_random_embeddings_are_compatible_at_any_shape():
    """`CompatibleEmbedding` checks Condition 1 when it is made; here the shares differ from one another, too."""
    for seed in range(5):
        embedding = _random_embedding(EmbeddingCase((2, 2), (2, 1), seed, 60), np.random.default_rng(seed))
        assert embedding.widths == (1, 4, 3, 1)
        assert len(np.unique(np.round(embedding.shares[1], 12))) > 4
    assert _random_embedding(EmbeddingCase((2,), (0,), 0, 60), np.random.default_rng(0)) is None


def test_the_corank_of_the_digest():
    """1-2-2-1 → 1-3-3-1: corank exactly 3, by hand count and by the spectrum."""
    case = EmbeddingCase((2, 2), (1, 1), 0, 60)
    (outcome,) = STUDY.run_batch([case])
    found = outcome.values
    assert (found["narrow_corank"], found["proved"], found["heuristic"]) == (0, 2, 3)
    assert (found["corank"], found["decided"]) == (3, True)
    assert found["output_difference"] < 1e-13
    assert STUDY.compile_key(case) == STUDY.compile_key(replace(case, seed=5))


def test_drawings(records):
    coranks, spectra = STUDY.draw(records)
    assert "0 of 39 spectra" in coranks.caption
    assert len(spectra.figure.axes) == 3
    assert STUDY.draw([]) == []
