"""The verdicts on the functions that a search ended on, one after the other or in the search's processes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from condenslab.landscape.critical.certify import CriticalPoint, Seen, certify
from condenslab.landscape.critical.distinct import CANDIDATES
from condenslab.landscape.critical.helpers import Helpers, sendable
from condenslab.landscape.critical.search import Ends, Limits
from condenslab.landscape.critical.stationary import Fate

Verdict = tuple[CriticalPoint | None, Fate]


@dataclass(frozen=True, eq=False)
class _Question:
    """All that the verdict on one function needs, here or in another process.

    Attributes:
        seen: The problem.
        ends: Where some of its starts ended, most accurate first.
        hits: How many there were.
        limits: What bounds the search.
        width: Width of the search.
    """

    seen: Seen
    ends: Ends
    hits: int
    limits: Limits
    width: int

    def answer(self) -> Verdict:
        members = list(range(len(self.ends.norms)))
        point, fate = certify(self.seen, self.ends, members, self.limits, self.width)
        return (None if point is None else replace(point, hits=self.hits)), fate


def verdicts(
    seen: Seen, ends: Ends, groups: Sequence[list[int]], limits: Limits, width: int, helpers: Helpers
) -> tuple[list[Verdict], bool]:
    """Returns the verdict on every function, and whether Ctrl-C came before the last one.

    Args:
        seen: The problem.
        ends: Where the starts ended.
        groups: The starts of each function, most accurate first.
        limits: What bounds the search.
        width: Width of the search.
        helpers: Processes, which are used where they run already: they take seconds to start.
    """
    questions = [_Question(seen, ends.take(group[:CANDIDATES]), len(group), limits, width) for group in groups]
    found: list[Verdict] = [(None, Fate.UNFINISHED)] * len(groups)
    try:
        for number, answer in _answers(questions, helpers):
            found[number] = answer
    except KeyboardInterrupt:
        return found, True
    return found, False


def _answers(questions: Sequence[_Question], helpers: Helpers) -> Iterator[tuple[int, Verdict]]:
    messages = sendable(questions) if helpers.running else None
    if messages is None:
        yield from ((number, question.answer()) for number, question in enumerate(questions))
        return
    for number, _, answer in helpers.each(serve_question, messages):
        yield number, answer


def serve_question(question: _Question, tell: Callable[[Any], None]) -> Verdict:
    """Answers a question in another process.

    Args:
        question: The question.
        tell: Not called.
    """
    return question.answer()
