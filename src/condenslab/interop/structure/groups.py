"""Groups of interchangeable units: which axes of which parameters belong together, and what is refused."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product as combinations
from typing import Any

from condenslab.interop.structure.analysis import Analysis, Form, Reading
from condenslab.interop.structure.expressions import Atom, atoms

_ROLES = (
    ("head", "head"),
    ("key", "key dimension"),
    ("contracted", "key dimension"),
    ("convolution group", "convolution group"),
    ("normalisation group", "normalisation group"),
    ("normalised", "residual stream"),
    ("reduced", "residual stream"),
    ("value", "value dimension"),
    ("gated", "gated pair"),
    ("channel", "channel"),
)
_KEEP = {
    "key": "queries and keys are contracted along it: merging two units would change the scale of the softmax",
    "contracted": "units are multiplied with units along it: merging two would change what the products sum to",
    "normalised": "its units are normalised together: merging two would change the norm of the others",
    "reduced": "its units are summed or averaged: merging two would change the sum",
}
_MOST_BLOCKS = 8
SEEN = 10.0
"""A change counts as seen where it exceeds the tolerance by this factor."""


@dataclass(frozen=True)
class Member:
    """An axis of a parameter that belongs to a group.

    Attributes:
        parameter: The parameter's name in the state dict.
        axis: Which of its axes holds the units (perhaps among others, flattened or laid end to end).
        reads: Whether the parameter reads the units (output weights), or makes them (input weights, biases, norms).
    """

    parameter: str
    axis: int
    reads: bool


@dataclass(frozen=True)
class Certificate:
    """What permuting the units of a group did to the outputs, in float64 at perturbed weights.

    Attributes:
        deviation: The largest change of an output, relative to the largest output.
        tolerance: How much rounding explains.
        control: The same when only some members are permuted, which must move the outputs if the trial is to say
            anything; None where the group has a single member.
    """

    deviation: float
    tolerance: float
    control: float | None

    @property
    def holds(self) -> bool:
        """Whether the units are interchangeable, and the trial could have shown that they are not."""
        return self.deviation <= self.tolerance and (self.control is None or self.control > SEEN * self.tolerance)


@dataclass(frozen=True, eq=False)
class Group:
    """Units that can be permuted without changing the function.

    Attributes:
        name: The module that makes the units, or the parameter.
        size: Their number.
        role: "hidden", "channel", "head", "gated pair", "residual stream", "key dimension", "value dimension",
            "convolution group" or "normalisation group".
        members: Axes of parameters that hold them.
        certificate: What permuting them did, or None if it was not tried.
        refusal: Why two equal units cannot be merged into one, or None if they can.
        atom: The axis in the algebra of axes.
        readings: What reads the units.
        blocks: Parameters that may scale together with the inverse in what reads them, to be tried.
    """

    name: str
    size: int
    role: str
    members: tuple[Member, ...]
    certificate: Certificate | None
    refusal: str | None
    atom: Atom = field(repr=False)
    readings: tuple[Reading, ...] = field(repr=False)
    blocks: tuple[Form, ...] = field(repr=False)

    @property
    def label(self) -> str:
        """Its name and role, which no other group shares."""
        return f"{self.name}:{self.role}"

    @property
    def certified(self) -> bool:
        """Whether a permutation was tried and moved no output."""
        return self.certificate is not None and self.certificate.holds

    @property
    def makers(self) -> tuple[Member, ...]:
        """The members that make the units."""
        return tuple(member for member in self.members if not member.reads)

    @property
    def readers(self) -> tuple[Member, ...]:
        """The members that read them."""
        return tuple(member for member in self.members if member.reads)

    def as_dict(self) -> dict[str, Any]:
        """Returns the group as plain values, for JSON."""
        certificate = self.certificate
        return {
            "name": self.name,
            "size": self.size,
            "role": self.role,
            "members": [{"parameter": m.parameter, "axis": m.axis, "reads": m.reads} for m in self.members],
            "certificate": certificate
            and {
                "deviation": number(certificate.deviation),
                "tolerance": certificate.tolerance,
                "control": number(certificate.control),
                "holds": certificate.holds,
            },
            "refusal": self.refusal,
        }


def number(value: float | None) -> float | None:
    """Returns a number as JSON can hold it: None where it is not finite."""
    return None if value is None or not math.isfinite(value) else float(value)


@dataclass(frozen=True)
class Frozen:
    """An axis whose units are not interchangeable as far as is known, and why.

    Attributes:
        size: Its size.
        members: Parameter and axis, pairs.
        reason: Why.
    """

    size: int
    members: tuple[tuple[str, int], ...]
    reason: str


@dataclass(frozen=True, eq=False)
class Groups:
    """What was found in a network.

    Attributes:
        groups: The groups whose certificate holds.
        uncertified: Those that the rules allow and the certificate refutes (a fault of a rule) or cannot decide (the
            outputs hardly depend on the units, at these inputs). They are never used.
        frozen: Axes that are not interchangeable, with the reason.
        operators: Operators without a rule that met an axis which could have been permuted, with how often.
        seconds: Time for tracing and certificates.
    """

    groups: tuple[Group, ...]
    uncertified: tuple[Group, ...]
    frozen: tuple[Frozen, ...]
    operators: Mapping[str, int]
    seconds: float

    def __iter__(self):
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def mergeable(self) -> tuple[Group, ...]:
        """The groups in which equal units can be merged."""
        return tuple(group for group in self.groups if group.refusal is None)

    def as_dict(self) -> dict[str, Any]:
        """Returns everything as plain values, for JSON."""
        return {
            "groups": [group.as_dict() for group in self.groups],
            "uncertified": [group.as_dict() for group in self.uncertified],
            "frozen": [
                {"size": f.size, "members": [list(m) for m in f.members], "reason": f.reason} for f in self.frozen
            ],
            "operators": dict(self.operators),
            "seconds": self.seconds,
        }


def find(analysis: Analysis) -> tuple[list[Group], list[Frozen]]:
    """Collects the axes of parameters by atom.

    Args:
        analysis: The program after the walk.

    Returns:
        The groups without certificates, and the frozen axes.
    """
    places: dict[Atom, list[tuple[str, int]]] = {}
    for name, axes in analysis.parameters.items():
        for number, axis in enumerate(axes):
            for atom in dict.fromkeys(atoms(axis)):
                if atom.size > 1:
                    places.setdefault(atom, []).append((name, number))
    frozen = [Frozen(a.size, tuple(at), a.frozen) for a, at in places.items() if a.frozen is not None]
    reading = [(one, set(atoms(one.contracted))) for one in analysis.readings]
    found = [_group(a, at, analysis, reading) for a, at in places.items() if a.frozen is None]
    labels = [group.label for group in found]
    return [
        replace(group, name=f"{group.name}#{labels[:number].count(group.label) + 1}")
        if group.label in labels[:number]
        else group
        for number, group in enumerate(found)
    ], frozen


def _group(
    atom: Atom, places: list[tuple[str, int]], analysis: Analysis, readings: list[tuple[Reading, set[Atom]]]
) -> Group:
    own = tuple(one for one, within in readings if atom in within)
    read = {one.parameter for one in own}
    members = []
    for name, axis in places:
        contracted = [one.contracted for one in own if one.parameter == name]
        reads = any(set(atoms(analysis.parameters[name][axis])) & set(atoms(c)) for c in contracted)
        members.append(Member(name, axis, reads and _is_contracted(analysis, name, axis, own)))
    makers = [m.parameter for m in members if not m.reads]
    name = (makers or [m.parameter for m in members])[0]
    return Group(
        name=name.removesuffix(".weight").removesuffix(".bias"),
        size=atom.size,
        role=next((role for word, role in _ROLES if word in atom.tags), "hidden"),
        members=tuple(members),
        certificate=None,
        refusal=_refusal(atom, members, read),
        atom=atom,
        readings=own,
        blocks=_blocks(own, set(makers)),
    )


def _is_contracted(analysis: Analysis, name: str, axis: int, own: tuple[Reading, ...]) -> bool:
    """Says whether exactly this axis of a parameter is contracted, and not another one with the same units."""
    here = list(atoms(analysis.parameters[name][axis]))
    return any(one.parameter == name and list(atoms(one.contracted)) == here for one in own)


def _refusal(atom: Atom, members: list[Member], read: set[str | None]) -> str | None:
    for word, reason in _KEEP.items():
        if word in atom.tags:
            return reason
    names = [member.parameter for member in members]
    if len(set(names)) < len(names):
        return "a weight maps the units to themselves"
    if None in read:
        return "a weight that reads the units is computed from several parameters"
    if not any(member.reads for member in members):
        return "no weight reads the units"
    if all(member.reads for member in members):
        return "no weight makes the units"
    return None


def _blocks(readings: tuple[Reading, ...], makers: set[str]) -> tuple[Form, ...]:
    """Returns the forms of what is read, cut down to the parameters that make the units; all readings together."""
    alternatives = []
    for reading in readings:
        forms = [Form(form.factors & makers, form.offsets & makers) for form in reading.forms]
        alternatives.append([form for form in dict.fromkeys(forms) if form.names])
    if not alternatives or not all(alternatives):
        return ()
    found = []
    for chosen in combinations(*alternatives):
        names = [form.factors for form in chosen], [form.offsets for form in chosen]
        found.append(Form(frozenset().union(*names[0]), frozenset().union(*names[1])))
        if len(found) == _MOST_BLOCKS:
            break
    return tuple(dict.fromkeys(found))
