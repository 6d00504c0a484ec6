"""What batches will take, by what such batches took: the estimates of a study, corrected by stored records."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from condenslab.errors import UserError
from condenslab.sweeps.shards import read_costs
from condenslab.sweeps.store import Store


@dataclass(frozen=True)
class Costs:
    """How much longer than estimated the cases of a study took.

    Attributes:
        programs: Seconds measured and seconds estimated, by the program of the batch.
    """

    programs: dict[str, tuple[float, float]] = field(default_factory=dict)

    def seconds(self, program: str, estimate: float) -> float:
        """Returns the expected wall time of a batch, in seconds.

        By the records of the same program; where there are none by those of the whole study; else as estimated.

        Args:
            program: Of the batch.
            estimate: The study's own, in seconds.
        """
        measured, estimated = self.programs.get(program) or self._whole()
        return estimate * measured / estimated if estimated > 0 else estimate

    def _whole(self) -> tuple[float, float]:
        pairs = self.programs.values()
        return sum(measured for measured, _ in pairs), sum(estimated for _, estimated in pairs)


def costs_of(store: Store, studies: Iterable[str], *, damaged: bool = False) -> dict[str, Costs]:
    """Reads what the cases of studies took.

    Args:
        store: The store.
        studies: Their names.
        damaged: Whether damaged shards are left out, not raised.

    Returns:
        The costs by study.

    Raises:
        UserError: A shard is damaged.
    """
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(lambda: [0.0, 0.0]) for name in studies}
    for path in store.shards():
        try:
            rows = read_costs(path)
        except UserError:
            if not damaged:
                raise
            continue
        for row in rows:
            spent = row.provenance
            if row.study in found and row.status != "failed" and spent.estimate is not None:
                sums = found[row.study][spent.program]
                sums[0] += spent.seconds / max(1, spent.batch)
                sums[1] += spent.estimate / max(1, spent.batch)
    return {name: Costs({key: (a, b) for key, (a, b) in sums.items()}) for name, sums in found.items()}
