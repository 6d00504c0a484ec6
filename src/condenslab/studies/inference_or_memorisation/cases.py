"""Settings and cases: tasks of several families and numbers of anchors, and how their samples are searched for."""

from dataclasses import dataclass, replace

from condenslab.studies.settings import Count, Numbers, Positive
from condenslab.studies.shared.decoders import Model
from condenslab.tasks.anchors import FAMILIES, AnchorTask, Layout, RandomSplit, family

SMALL = Model(d_model=32, heads=1, d_k=16, d_ff=64, depth=2)
"""What two cores carry many times."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        kinds: Families of pairs.
        anchors: Numbers of anchors m, each an mVm task.
        items: Key items.
        gammas: Rates of the initial scale that are tuned.
        rates: Of AdamW that are tuned.
        decays: Weight decays that are tuned.
        cutoff: Accuracy on held-out combinations that counts.
        seeds: Seeds that confirm the best setting.
        resolution: How narrow the bracket is, upper over lower.
        budget: Runs that a task may take.
        model: Sizes of the decoder.
        steps: Steps of a run.
        batch: Sequences in a step.
    """

    kinds: tuple[str, ...] = ("composite", "symmetric", "random")
    anchors: tuple[Count, ...] = (2, 3, 4)
    items: tuple[Count, Count] = (30, 53)
    gammas: Numbers = (0.5, 0.8)
    rates: Numbers = (2e-3,)
    decays: Numbers = (0.1, 0.5)
    cutoff: Positive = 0.9
    seeds: Count = 3
    resolution: Positive = 1.2
    budget: Count = 120
    model: Model = SMALL
    steps: Count = 2000
    batch: Count = 48


@dataclass(frozen=True)
class Case:
    """One task whose smallest sufficient number of samples is searched for.

    Attributes:
        kind: Family of pairs.
        anchors: m.
        seed: Of offsets, split, samples and initial values.
        items: Key items.
        gammas: Rates of the initial scale that are tuned.
        rates: Of AdamW that are tuned.
        decays: Weight decays that are tuned.
        cutoff: Accuracy on held-out combinations that counts.
        seeds: Seeds that confirm the best setting.
        resolution: How narrow the bracket is.
        budget: Runs that the search may take.
        model: Sizes of the decoder.
        steps: Steps of a run.
        batch: Sequences in a step.
    """

    kind: str
    anchors: int
    seed: int
    items: tuple[int, int]
    gammas: tuple[float, ...]
    rates: tuple[float, ...]
    decays: tuple[float, ...]
    cutoff: float
    seeds: int
    resolution: float
    budget: int
    model: Model
    steps: int
    batch: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every family at every number of anchors.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    search = (s.items, s.gammas, s.rates, s.decays, s.cutoff, s.seeds, s.resolution, s.budget)
    return [Case(kind, m, seed, *search, s.model, s.steps, s.batch) for m in s.anchors for kind in s.kinds]


def make_task(case: Case) -> AnchorTask:
    """Returns an mVm task with key and anchors alone, a fifth of the combinations held out.

    Args:
        case: The case.
    """
    layout = Layout(items=case.items, length=3)
    # With one vocabulary all families of m anchors share a compiled program.
    tokens = max(family(kind, case.anchors, case.seed, layout=layout).vocabulary for kind in FAMILIES)
    room = replace(layout, vocabulary=tokens)
    return family(case.kind, case.anchors, case.seed, layout=room, split=RandomSplit(0.2, case.seed))


PRESETS = {
    "tiny": Settings(
        ("composite", "random"),
        (2,),
        gammas=(0.5,),
        decays=(0.1,),
        seeds=1,
        budget=6,
        model=Model(8, 1, 4, 8, 1),
        steps=12,
        batch=8,
    ),
    # The published key items. Within its steps no number of samples suffices for 2V2 tasks, nor for the random 4V4 one.
    "quick": Settings(("composite", "random"), (4,), items=(20, 99), rates=(1e-2,), decays=(0.1,), resolution=1.5),
    "full": Settings(
        ("composite", "left_right", "symmetric", "random"),
        (2, 3, 4, 5),
        (30, 99),
        (0.4, 0.6, 0.8, 1.0),
        (5e-4, 2e-3),
        (0.01, 0.1, 1.0),
        0.99,
        5,
        1.1,
        2000,
        Model(),
        20_000,
        256,
    ),
}
