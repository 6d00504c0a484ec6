"""Signs and scales of units: which parameters may be multiplied by c if what reads the unit is divided by c."""

from dataclasses import dataclass

from condenslab.interop.structure.certifying import Certifier, positive, signs
from condenslab.interop.structure.groups import Group


@dataclass(frozen=True)
class Gauge:
    """Parameters whose entries of a unit may be multiplied together, the inverse going into what reads the unit.

    Attributes:
        names: The parameters.
        signed: Whether −1 is allowed (an odd activation, say).
        scaled: Whether every c > 0 is allowed (a positively homogeneous one, say).
    """

    names: frozenset[str]
    signed: bool
    scaled: bool


@dataclass(frozen=True, eq=False)
class Symmetry:
    """A group of which it was tried what its units may be multiplied with.

    Attributes:
        group: The group.
        gauges: Disjoint sets of parameters.
        refusal: Why units must not be merged, or None.
    """

    group: Group
    gauges: tuple[Gauge, ...]
    refusal: str | None

    @property
    def plain(self) -> tuple[str, ...]:
        """The parameters that make the units and are in no gauge."""
        taken = frozenset().union(*(gauge.names for gauge in self.gauges))
        return tuple(member.parameter for member in self.group.makers if member.parameter not in taken)


def symmetry(certifier: Certifier, group: Group) -> Symmetry:
    """Tries which signs and scales of a group's units change nothing, and that merging equal units does not either.

    Args:
        certifier: Evaluates the network at perturbed weights.
        group: The units.
    """
    if group.refusal is not None:
        return Symmetry(group, (), group.refusal)
    if not certifier.merges(group):
        return Symmetry(group, (), "moving the output weights of a unit to an equal one changed the outputs")
    found: list[Gauge] = []
    makers = {member.parameter for member in group.makers}
    for form in group.blocks:
        names = form.names & makers
        if not names or any(names & gauge.names for gauge in found):
            continue
        gauge = Gauge(names, certifier.scales(group, names, signs), certifier.scales(group, names, positive))
        if gauge.signed or gauge.scaled:
            found.append(gauge)
    return Symmetry(group, tuple(found), None)
