"""The answer to a study's question in one sentence, chosen by the verdict of the claim that it rests on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from condenslab.report import wording
from condenslab.report.closing import CLOSING
from condenslab.report.sentences import SENTENCES, Sentence

_LONG = 60
"""Letters that may be added to the short form of a claim."""


@dataclass(frozen=True)
class Answer:
    """An answer as the page shows it.

    Attributes:
        text: One sentence, or a few words that say why there is none.
        verdict: Of the claim behind it; empty where there is none.
        claim: Index of that claim among the run's, or None.
        command: What answers it where nothing does yet.
    """

    text: str
    verdict: str = ""
    claim: int | None = None
    command: str = ""


@dataclass(frozen=True)
class Closing:
    """A closing question of deck 000 with its answer: the study whose claim it rests on, and the place of its run."""

    question: str
    answer: Answer
    study: str
    run: int | None


def answer(study: str, claims: Sequence[Mapping[str, Any]]) -> Answer:
    """Answers a study's question from its claims.

    Args:
        study: Its name.
        claims: The claims of a run, rows of the store.

    Returns:
        The sentence for the verdict of the claim that the answer rests on; for a study without such a sentence how many
        of its claims hold.
    """
    return of(SENTENCES[study], claims) if study in SENTENCES else Answer(_tally(claims))


def closing(runs: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> list[Closing]:
    """Answers the four closing questions of deck 000 from whatever runs there are.

    Args:
        runs: Study and claims of each run; of several of a study the last counts.
    """
    found = []
    for question, study, sentence in CLOSING:
        place = max((number for number, (name, _) in enumerate(runs) if name == study), default=None)
        made = Answer("Not run.", command=f"condenslab run {study}") if place is None else of(sentence, runs[place][1])
        found.append(Closing(question, made, study, place))
    return found


def named(row: Mapping[str, Any]) -> str:
    """Returns a claim in at most 15 words.

    Args:
        row: A row of the store; one of an older version has no such words, and gives the first of its sentence.
    """
    if row.get("label"):
        return row["label"]
    words = re.split(r" \(|, for each of | \[", row["claim"])[0].split()
    return " ".join(words) if len(words) <= 15 else " ".join(words[:14]) + " …"


def labels(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the claims of a run in few words each; where several have the same ones, with what tells them apart.

    Args:
        rows: Rows of the store. What tells a claim apart is found in the brackets of its sentence.
    """
    names, notes = [named(row) for row in rows], [_note(row["claim"]) for row in rows]
    alike = {name: [note for note, other in zip(notes, names, strict=True) if other == name] for name in names}
    found = []
    for name, note in zip(names, notes, strict=True):
        told = "; ".join(part for part in note if not all(part in other for other in alike[name]))
        found.append(f"{name} ({told if len(told) <= _LONG else told.split('; ')[0][:_LONG]})" if told else name)
    return found


def _note(claim: str) -> list[str]:
    """Returns the parts of what stands in the brackets at the end of a claim's sentence."""
    sentence = re.split(r", for (?:each of )?\d+ | \[(?:holds|success)", claim)[0]
    found = re.search(r"\(((?:[^()]|\([^()]*\))*)\)\s*$", sentence)
    return found[1].split("; ") if found else []


def of(sentence: Sentence, claims: Sequence[Mapping[str, Any]]) -> Answer:
    """Words an answer by the verdict of the claims that it rests on.

    Args:
        sentence: The answer in both cases.
        claims: The claims of a run, rows of the store.
    """
    chosen = [(number, row) for number, row in enumerate(claims) if re.search(sentence.claim, named(row))]
    if not chosen:
        return Answer(f"This run does not say: {_tally(claims)[0].lower()}{_tally(claims)[1:]}")
    worst = min(chosen, key=lambda pair: ("fails", "undecided", "holds").index(pair[1]["verdict"]))
    number, row = worst
    if row["verdict"] == "undecided":
        why = f": {row['reason'].rstrip('.')}" if row.get("reason") else ""
        return Answer(f"This run does not decide it{why}.", "undecided", number)
    held = sum(pair[1]["verdict"] == "holds" for pair in chosen)
    words = sentence.holds if row["verdict"] == "holds" else sentence.fails
    text = words.format(measured=wording.span(row["measured"]), held=held, of=len(chosen))
    return Answer(text, row["verdict"], number)


def _tally(claims: Sequence[Mapping[str, Any]]) -> str:
    held = sum(row["verdict"] == "holds" for row in claims)
    return f"{held} of {len(claims)} claims hold." if claims else "No claims were made."
