"""The critical_dimension study: random embeddings obey the conditions, claims on made-up records, the drawings."""

from dataclasses import asdict

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.critical_dimension.cases import EmbeddingCase
from condenslab.studies.critical_dimension.claims import STATEMENTS, decide
from condenslab.studies.critical_dimension.compute import _random_embedding, run_case
from condenslab.sweeps import Record

STUDY = studies.get("critical_dimension")


def record(case, *, corank=None, decided=True):
    gained = case.added
    heuristic = sum(gained) + (gained[0] * gained[1] if len(gained) == 2 else 0)
    corank = heuristic if corank is None else corank
    values = {"proved": sum(gained), "heuristic": heuristic, "narrow_corank": 0, "narrow_decided": True}
    values |= {"corank": corank, "decided": decided, "gradient": 1e-15, "tolerance": 1e-9, "floor": 1e-14}
    eigenvalues = np.append(np.geomspace(1e-3, 10.0, 9), np.zeros(corank))
    return Record("critical_dimension", "x", asdict(case), "done", "", values, {"eigenvalues": eigenvalues})


@pytest.fixture
def records():
    return [record(case) for case in STUDY.cases(STUDY.presets["quick"], seed=0, data=None)]


def test_claims_on_made_up_records(records):
    claims = decide(records)
    assert [claim.verdict for claim in claims] == ["holds"] * len(STATEMENTS)
    assert all(claim.statement.startswith(text) for claim, text in zip(claims, STATEMENTS, strict=True))
    deep = EmbeddingCase((2, 2), (1, 1), 9, 60)
    assert decide([*records, record(deep, corank=2)])[4].verdict == "fails"
    assert decide([*records, record(deep, corank=1)])[2].verdict == "fails"
    assert decide([*records, record(deep, decided=False)])[4].verdict == "undecided"


def test_random_embeddings_are_compatible_at_any_shape():
    """`CompatibleEmbedding` checks Condition 1 when it is made; here the shares differ from one another, too."""
    for seed in range(5):
        embedding = _random_embedding(EmbeddingCase((2, 2), (2, 1), seed, 60), np.random.default_rng(seed))
        assert embedding.widths == (1, 4, 3, 1)
        assert len(np.unique(np.round(embedding.shares[1], 12))) > 4
    assert _random_embedding(EmbeddingCase((2,), (0,), 0, 60), np.random.default_rng(0)) is None


def test_the_corank_of_the_digest():
    """1-2-2-1 → 1-3-3-1: corank exactly 3, by hand count and by the spectrum."""
    found = run_case(EmbeddingCase((2, 2), (1, 1), 0, 60)).values
    assert (found["narrow_corank"], found["proved"], found["heuristic"]) == (0, 2, 3)
    assert (found["corank"], found["decided"]) == (3, True)
    assert found["output_difference"] < 1e-13


def test_drawings(records):
    coranks, spectra = STUDY.draw(records)
    assert "0 of 39 spectra" in coranks.caption
    assert len(spectra.figure.axes) == 3
    assert STUDY.draw([]) == []
