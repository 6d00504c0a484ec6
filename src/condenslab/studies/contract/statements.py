"""A statement is an assertion before it is measured: text, source, values and one criterion; a claim follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.studies.contract.criteria import Criterion, Judgement, Share
from condenslab.studies.contract.evidence import Asked, Evidence

_READ_NOTHING = "none of the cases asked for bear on it"
_NO_CAUSE = "Not reproduced with these settings; no cause is known."


@dataclass(frozen=True)
class Measured:
    """Measured values with what a reader should know of them.

    Attributes:
        values: One value, or one a seed.
        note: What is known only after measuring, such as how many points were found; it follows the text.
        unsettled: Why the values decide nothing, a sentence; the claim is then undecided whatever they are.
        failing: What the runs themselves say of why it fails, with their numbers; shown only where it fails.
    """

    values: Any
    note: str = ""
    unsettled: str = ""
    failing: str = ""


@dataclass(frozen=True)
class Statement:
    """A measurable assertion.

    Attributes:
        text: What is asserted, one sentence.
        source: Where: deck and slide, or paper and figure.
        values: Reads the measured values from the evidence: a `Value`, a list of them (the worst counts), or a
            `Measured`.
        criterion: What of them the source accepts.
        note: What the values are, and where this statement of several alike is made; it follows the text.
        of: What is counted where the statement is made for each of several, such as "seeds"; empty for no count.
        label: The text in at most 15 words; empty where the text is as short.
        figure: Title of the drawing that shows it.
        reason: Why it fails, a sentence, where that is known; shown only where it fails, followed by what the runs say.
        part, deck: Where it belongs, if not where its study does.
        needs_target: Whether it makes sense only for a target that is known, not on a user's own table.
        only_without_target: Whether it is made on a user's own table only: of a known target another one says more.
    """

    text: str
    source: str
    values: Callable[[Evidence], Any]
    criterion: Criterion
    note: str = ""
    of: str = ""
    label: str = ""
    figure: str = ""
    reason: str = ""
    part: str = ""
    deck: str = ""
    needs_target: bool = field(default=True, kw_only=True)
    only_without_target: bool = field(default=False, kw_only=True)

    def decide(self, evidence: Evidence) -> Claim:
        """Returns the claim: from any evidence, the empty one included.

        What read none of the cases is undecided, whatever its values: no claim holds that no run can refute.

        Args:
            evidence: The cases that were asked for, with their records.
        """
        own = evidence.afresh()
        found = self.values(own)
        measured = found if isinstance(found, Measured) else Measured(found)
        judged = self.criterion.judge(measured.values)
        if not own.read and not measured.unsettled:
            measured = replace(measured, unsettled=_READ_NOTHING)
        settled = not measured.unsettled
        verdict = judged.verdict if settled else "undecided"
        return Claim(
            statement=self._worded(judged, measured),
            source=self.source,
            expected=self.criterion.expected,
            measured=judged.measured,
            tolerance=self.criterion.tolerance,
            margin=judged.margin if settled else None,
            verdict=verdict,
            relation=self.criterion.relation,
            label=self.label or self.text,
            figure=self.figure,
            records=[asked.id for asked in own.read],
            deck=self.deck,
            part=self.part,
            reason=_reason(verdict, self.reason, measured, own.read),
        )

    def _worded(self, judged: Judgement, measured: Measured) -> str:
        notes = "; ".join(note for note in (self.note, measured.note) if note)
        text = f"{self.text} ({notes})" if notes else self.text
        if not self.of or not judged.each or isinstance(measured.values, Share):
            return text
        known = [accepted for accepted in judged.each if accepted is not None]
        low, high = wilson(sum(known), len(known))
        missing = f" ({len(judged.each) - len(known)} of them unknown)" if len(known) < len(judged.each) else ""
        return (
            f"{text}, for {counted(len(judged.each), self.of)}{missing} "
            f"[holds for {sum(known)}; success rate {low:.2f} to {high:.2f} at 95 %]"
        )


def counted(number: int, plural: str) -> str:
    """Returns "each of 3 seeds", or "1 seed".

    Args:
        number: At least 1.
        plural: What they are.

    Example:
        >>> counted(1, "minima"), counted(2, "minima")
        ('1 minimum', 'each of 2 minima')
    """
    if number > 1:
        return f"each of {number} {plural}"
    words = [{"minima": "minimum"}.get(word, word.removesuffix("s")) for word in plural.split()]
    return f"1 {' '.join(words)}"


def decide(statements: Sequence[Statement], evidence: Evidence, *, known_target: bool = True) -> list[Claim]:
    """Returns the claim of every statement, whatever the evidence.

    Args:
        statements: The statements, in their order.
        evidence: The cases that were asked for, with their records.
        known_target: False on the user's own data: statements that need a known target are left out.
    """
    made = [s for s in statements if not (s.only_without_target if known_target else s.needs_target)]
    return [_decided(statement, evidence) for statement in made]


def _decided(statement: Statement, evidence: Evidence) -> Claim:
    try:
        return statement.decide(evidence)
    except Exception as error:
        error.add_note(f"raised by the statement {statement.text!r}; the records that it reads are stored")
        raise


def _reason(verdict: str, known: str, measured: Measured, read: Sequence[Asked]) -> str:
    """Returns why a claim fails or is undecided: no such claim is without a reason."""
    if verdict == "fails":
        return " ".join(reason for reason in (known, measured.failing) if reason) or _NO_CAUSE
    if verdict == "holds":
        return ""
    if measured.unsettled:
        return measured.unsettled
    lost = [asked for asked in read if asked.status != "done"]
    if not lost:
        return "a value it needs was not decided"
    counts = {status: sum(a.status == status for a in lost) for status in ("diverged", "failed", "missing")}
    words = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    sentence = next((asked.record.message for asked in lost if asked.record is not None and asked.record.message), "")
    return f"of {len(read)} runs that it rests on, {words}{': ' + sentence if sentence else ''}"
