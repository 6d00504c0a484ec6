"""The front of the page: the film of the recovery study, with the words that its own claims allow."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from condenslab.report.answers import Answer, of
from condenslab.report.chapters import Chapter
from condenslab.report.sentences import Sentence

_STUDY = "recovery"
_WORDS = ("None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_LEAD = Sentence(
    "^R stays within 10 % of the width-1 minimum",
    "From small weights, gradient flow stays as simple as the best single neuron for {measured} decades of time. Then "
    "it breaks into the few neurons that the target needs.",
    "From small weights, gradient flow stays near the best single neuron for {measured} decades of time.",
)


@dataclass(frozen=True)
class Hero:
    """The film on the front: the name of its part, a headline, and the sentence under it."""

    film: str
    chapter: str
    headline: str
    lead: Answer
    alt: str


def hero(texts: Mapping[str, str], chapters: Sequence[Chapter]) -> Hero | None:
    """Returns the film of the last recovery run that has one, or None.

    Args:
        texts: The parts of the page by name.
        chapters: The runs that the page shows.
    """
    for chapter in reversed([chapter for chapter in chapters if chapter.heading == _STUDY]):
        films = [name for name in texts if name.startswith(f"{chapter.anchor}-figure-") and name.endswith(".film")]
        if films:
            film = json.loads(texts[films[0]])
            strong = film["strong"][-1]
            few = _WORDS[strong] if strong < len(_WORDS) else f"{strong:,}"
            headline = f"{film['neurons']:,} neurons. {few} of them do{'es' if strong == 1 else ''} the work."
            alt = f"The output of the network, its {film['neurons']:,} neurons and the risk along training."
            return Hero(films[0], chapter.anchor, headline, of(_LEAD, [claim.row for claim in chapter.claims]), alt)
    return None
