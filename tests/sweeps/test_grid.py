"""Canonical JSON and case ids: equal exactly where the cases are equal."""

import hashlib
import json
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condenslab.sweeps import canonical, case_id
from condenslab.sweeps.grid import described


@dataclass(frozen=True)
class Descent:
    rate: float


@dataclass(frozen=True)
class Adam:
    rate: float


@dataclass(frozen=True)
class Case:
    width: int
    method: Descent | Adam
    scales: tuple[float, ...] = (1.0, 0.5)
    path: str = field(default="", metadata={"hash": False})


@dataclass
class Thawed:
    width: int = 1


def identity(case, study="study", revision=1, precision="float64"):
    return case_id(study, revision, case, precision)


def test_an_id_is_a_hash_and_stays_what_it_is():
    """The content is spelled out by hand: a change of it would orphan every record that users have stored."""
    content = (
        b'{"case":{"@type":"Case","method":{"@type":"Descent","rate":0.1},"scales":[1,0.5],"width":500},'
        b'"precision":"float64","revision":1,"study":"study"}'
    )
    assert identity(Case(500, Descent(0.1))) == hashlib.sha256(content).hexdigest()[:32]


def test_everything_that_decides_the_numbers_enters_the_id():
    case = Case(500, Descent(0.1))
    others = [
        identity(Case(501, Descent(0.1))),
        identity(Case(500, Descent(0.2))),
        identity(Case(500, Adam(0.1))),
        identity(Case(500, Descent(0.1), (0.5, 1.0))),
        identity(case, study="other"),
        identity(case, revision=2),
        identity(case, precision="float32"),
    ]
    assert len({identity(case), *others}) == 8


def test_a_field_may_stay_out_of_the_id_but_is_described():
    assert identity(Case(5, Adam(1.0), path="a")) == identity(Case(5, Adam(1.0), path="b"))
    assert described(Case(5, Adam(1.0), path="a"))["path"] == "a"


def test_description_is_plain():
    assert described(Case(5, Adam(0.5))) == {
        "@type": "Case",
        "width": 5,
        "method": {"@type": "Adam", "rate": 0.5},
        "scales": [1, 0.5],
        "path": "",
    }


@pytest.mark.parametrize(("a", "b"), [(1, 1.0), (0.0, -0.0), ((1, 2), [1, 2]), ({"a": 1, "b": 2}, {"b": 2, "a": 1})])
def test_equal_values_give_equal_bytes(a, b):
    assert canonical(a) == canonical(b)


@pytest.mark.parametrize(
    ("a", "b"), [(1, True), (0, None), (0, ""), (1, "1"), (0.1, 0.1 + 2**-56), (2**53, 2.0**53 + 2)]
)
def test_unequal_values_give_unequal_bytes(a, b):
    assert canonical(a) != canonical(b)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(VALUES)
def test_canonical_json_reads_back_equal(value):
    assert json.loads(canonical(value)) == value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.float64(1.0), r"case is a numpy.float64: convert it with .item\(\)"),
        ([1, np.int32(1)], r"case\[1\] is a numpy.int32"),
        ({"a": np.zeros(2)}, r"case\.a is a numpy.ndarray"),
        (Thawed(), "Thawed"),
        ({1: 2}, "dict"),
        (Case, "type"),
        (Case(1, Descent(np.float32(0.1))), r"case\.method\.rate"),
    ],
)
def test_what_cannot_be_hashed_is_refused_by_name(value, message):
    with pytest.raises(TypeError, match=message):
        canonical(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match=r"case\.method\.rate is"):
        identity(Case(1, Descent(value)))


def test_a_case_is_a_frozen_dataclass():
    with pytest.raises(TypeError, match="frozen dataclass"):
        described({"width": 1})
