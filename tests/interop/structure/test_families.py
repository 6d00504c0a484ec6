"""Eighteen families with random weights: groups as theory counts them; what is planted in every group goes again."""

import warnings

import numpy as np
import pytest

from families import FAMILIES

pytestmark = pytest.mark.more
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from condenslab import interop  # noqa: E402
from condenslab.interop.structure.discovery import certified_groups  # noqa: E402
from condenslab.interop.structure.torch_data import difference, given_data, outputs_on  # noqa: E402
from condenslab.interop.structure.torch_program import TorchProgram  # noqa: E402
from condenslab.interop.structure.torch_resized import checked  # noqa: E402


def built(name):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return FAMILIES[name].build(torch, transformers).eval(), FAMILIES[name].inputs(torch)


@pytest.mark.parametrize("name", FAMILIES)
def test_groups_are_those_of_the_architecture_and_all_certified(name):
    module, inputs = built(name)
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    found = interop.groups(module, (inputs,))
    assert len(found) == FAMILIES[name].groups
    assert not found.uncertified
    assert all(
        group.certificate.control > 10 * group.certificate.tolerance for group in found if len(group.members) > 1
    )
    assert set(found.operators) == FAMILIES[name].unknown
    assert all(torch.equal(before[key], tensor) for key, tensor in module.state_dict().items()), (
        "the module is left alone"
    )


def test_there_are_as_many_as_the_prototype_found():
    assert sum(family.groups for family in FAMILIES.values()) >= 146


def only_queries(group):
    """A query of zeros attends to everything alike: such a unit is not dead."""
    return all("q_proj" in member.parameter for member in group.makers)


def planted(weights, symmetry, kind, rng):
    """Adds one unit to a group that a reduction must take away; returns whether this kind applies."""
    group = symmetry.group
    count = weights.size(group)
    unit = int(rng.integers(group.size))  # no plant
    gauges = [g for g in symmetry.gauges if (g.signed if kind == "sign" else g.scaled)]
    if kind in ("sign", "scale") and not gauges:
        return False
    if kind == "dead" and only_queries(group):
        return False
    factor = {"sign": -1.0, "scale": 1.7}.get(kind, 1.0)
    matrix = np.eye(count + 1, count)
    shares = {"unread": (1.0, 0.0), "dead": (1.0, 0.7)}
    matrix[unit, unit], matrix[count, unit] = shares.get(kind, (0.3, 0.7 / factor))
    weights.transform(group, np.append(np.arange(count), unit), matrix)
    for member in group.makers if kind == "dead" else ():  # weights, biases, means: all but what must be positive
        values = weights.by_unit(member, group.atom)
        if weights.arrays[member.parameter].ndim > 1 or values.min() <= 0:
            weights.put(member, group.atom, np.array([count]), np.zeros_like(values[[count]]))
    for member in group.makers if kind in ("sign", "scale") else ():
        if member.parameter in gauges[0].names:
            rows = weights.by_unit(member, group.atom)[[count]]
            weights.put(member, group.atom, np.array([count]), rows * factor)
    if kind == "unread":
        for member in group.makers:  # its own input weights, so that it is no duplicate
            rows = weights.by_unit(member, group.atom)[[count]]
            weights.put(member, group.atom, np.array([count]), rows * rng.uniform(1.1, 1.9, rows.shape))
    return True


@pytest.mark.parametrize("name", FAMILIES)
def test_one_plant_of_each_kind_in_every_group_goes_and_nothing_else(name):
    module, inputs = built(name)
    program = TorchProgram(module, (inputs,), {}, any_batch=True)
    _, symmetries = certified_groups(program)
    weights, rng = program.weights(), np.random.default_rng(0)
    expected = {"duplicate": 0, "sign": 0, "scale": 0, "unread": 0, "dead": 0}
    for symmetry in symmetries:
        assert symmetry.refusal == symmetry.group.refusal, "merging was tried and is exact where the rules allow it"
        for kind in expected if symmetry.refusal is None else ():
            expected[kind] += planted(weights, symmetry, kind, rng)
    mergeable = [s for s in symmetries if s.refusal is None]
    assert expected["duplicate"] == expected["unread"] == len(mergeable) > 0
    assert expected["dead"] == sum(not only_queries(s.group) for s in mergeable)
    larger = checked(program, weights)
    data = given_data(inputs, {}, None)
    assert difference(outputs_on(larger, data), outputs_on(program.module, data))[1] < 1e-5, "plants change nothing"
    reduced = interop.reduce(larger, inputs)
    removed = {row["kind"]: row["units"] for row in reduced.receipt["units"]}
    assert sum(removed.values()) == sum(expected.values())
    assert removed.get("unread") == expected["unread"] and removed.get("dead") == expected["dead"]
    shapes = sorted(tuple(tensor.shape) for tensor in reduced.module.parameters())
    assert shapes == sorted(tuple(tensor.shape) for tensor in checked(program, program.weights()).parameters())
    assert reduced.receipt["outputs"]["given"]["relative"] < 1e-5
    originals = {s.group.label: s.group.size for s in mergeable}
    for removal in reduced.receipt["removals"]:
        assert min(removal["units"]) >= 0
    assert len(reduced.widths) == len(originals)
