"""A search in several processes is the search in one, number by number, and is interrupted as well."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import landscape, networks, tasks
from condenslab.landscape.critical import helpers, lanes
from condenslab.networks import Activation
from condenslab.processes import Helper, Told
from condenslab.risk import EmpiricalRisk


@pytest.fixture
def risk():
    task = tasks.task("three_tanh", samples=20)
    return EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))


def search(risk, monkeypatch, processes, **options):
    monkeypatch.setattr(lanes, "LANE", 24)  # the lanes of a real search are too long for a test
    return landscape.critical_points(risk, width=1, starts=60, key=0, processes=processes, **options)


@pytest.mark.more
def test_processes_change_no_number(risk, monkeypatch):
    started, served = [], []
    monkeypatch.setattr(helpers, "Helper", lambda threads: started.append(Helper(threads=1)) or started[-1])
    each = helpers.Helpers.each
    monkeypatch.setattr(
        helpers.Helpers, "each", lambda self, *call: served.append(call[0].__name__) or each(self, *call)
    )
    one, two = (search(risk, monkeypatch, count) for count in (1, 2))
    assert len(started) == 2 and served == ["serve_lane", "serve_question"], "and keeps them for the verdicts"
    assert one.fates == two.fates
    np.testing.assert_array_equal(one.functions, two.functions)
    assert [point.hits for point in one.points] == [point.hits for point in two.points]


def test_an_interruption_keeps_what_has_finished(risk, monkeypatch):
    heard = Helper.heard
    told = []

    def interrupted(self) -> Told | None:
        message = heard(self)
        if message is not None and message.kind == "told" and len(message.content.places):
            told.append(len(message.content.places))
            if len(told) == 3:
                raise KeyboardInterrupt
        return message

    monkeypatch.setattr(Helper, "heard", interrupted)
    found = search(risk, monkeypatch, 2)
    assert found.interrupted
    finished = sum(fate is not landscape.Fate.UNFINISHED for fate in found.fates)
    assert finished == sum(told[:2]) > 0


def test_an_interruption_of_the_verdicts_keeps_those_that_were_given(risk, monkeypatch):
    heard, given = Helper.heard, []

    def interrupted(self) -> Told | None:
        message = heard(self)
        if message is not None and message.kind == "returned" and message.content is not None:
            given.append(message.content)
            if len(given) == 2:
                raise KeyboardInterrupt
        return message

    monkeypatch.setattr(Helper, "heard", interrupted)
    found = search(risk, monkeypatch, 2)
    (point, fate), _ = given
    assert found.interrupted and found.fate_counts[landscape.Fate.UNFINISHED] > 0
    assert [(own.risk, own.hits) for own in found.points] == ([] if point is None else [(point.risk, point.hits)])
    assert fate in found.fates


def test_an_activation_of_one_s_own_stays_in_this_process(risk, monkeypatch):
    monkeypatch.setattr(helpers, "Helper", lambda threads: pytest.fail("no process is started"))
    own = Activation("own", lambda z: jnp.tanh(z), multiplicity=1, parity="odd", lipschitz=1.0, supremum=1.0)
    found = search(risk, monkeypatch, 2, activation=own)
    assert found.fates == search(risk, monkeypatch, 1).fates


@pytest.mark.parametrize("name", networks.ACTIVATIONS)
def test_registered_activations_travel_by_name(name):
    import pickle

    own = networks.activation(name)
    assert pickle.loads(pickle.dumps(own)) is own
