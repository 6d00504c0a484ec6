"""How a trained network answers anchor functions: by composition, by symmetry, by memory, or not yet at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from condenslab.tasks.anchors import ANSWERS, AnchorTask, Sequences, explanations, labelled

Label = Literal["inferential", "symmetric", "memorised", "not fitted", "undecided"]
_MOST_PER_RULE = 64
_MOST_WITHHELD = 256


@dataclass(frozen=True)
class Mechanism:
    """What a network does, and the evidence.

    Attributes:
        label: "not fitted": some trained rule is not answered on trained triples. "memorised": held-out keys of trained
            rules are not answered, or withheld rules get other rules' answers. "inferential" and "symmetric": how most
            withheld sequences are answered. "undecided": no explanation has the majority asked for, nothing is
            withheld, or the explanations agree.
        reason: A sentence.
        trained: Accuracy on trained triples by rule; the loss alone hides a rule that is not learned.
        heldout: Accuracy on held-out triples by trained rule; empty where nothing is held out.
        withheld: For every withheld rule the share of answers by explanation (`tasks.anchors.ANSWERS`).
    """

    label: Label
    reason: str
    trained: Mapping[tuple[int, ...], float]
    heldout: Mapping[tuple[int, ...], float]
    withheld: Mapping[tuple[int, ...], Mapping[str, float]]

    def share(self, answer: str) -> float:
        """Returns the mean share of an answer over the withheld rules; NaN where nothing is withheld."""
        shares = [found[answer] for found in self.withheld.values()]
        return float(np.mean(shares)) if shares else float("nan")


def mechanisms(
    task: AnchorTask,
    predict: Callable[[np.ndarray], np.ndarray],
    *,
    seed: int,
    fitted: float = 0.9,
    general: float = 0.5,
    majority: float = 2 / 3,
) -> list[Mechanism]:
    """Returns what each member of an ensemble does.

    Args:
        task: The task.
        predict: Tokens (sample, token) → answers (member, sample), such as `training.predicted` of some members.
        seed: Of noise and of the triples that are tested, up to 64 a trained rule and 256 a withheld one.
        fitted: Accuracy on trained triples that every trained rule must have; below, the run is "not fitted".
        general: Mean accuracy on held-out triples of trained rules below which it has memorised.
        majority: Share of the answers to withheld rules that an explanation must account for.

    References:
        The distinction is that of Zhang et al., arXiv 2405.05409; the thresholds are ours.
    """
    parts = {part: _chosen(task, part, seed) for part in ("train", "test", "withheld")}
    answers = {part: np.asarray(predict(s.tokens)) for part, s in parts.items() if s is not None}
    members = len(next(iter(answers.values())))
    return [
        _judged(task, parts, {part: given[k] for part, given in answers.items()}, fitted, general, majority)
        for k in range(members)
    ]


def _chosen(task: AnchorTask, part: str, seed: int) -> Sequences | None:
    """Returns sequences of a part, some of every rule, or None where it is empty."""
    triples = task.triples(part)  # type: ignore[arg-type]
    if not len(triples):
        return None
    most = _MOST_WITHHELD if part == "withheld" else _MOST_PER_RULE
    shuffled = np.random.default_rng([seed, 41]).permutation(triples)
    rules = np.unique(triples[:, 1])
    return task.sequences(np.concatenate([shuffled[shuffled[:, 1] == rule][:most] for rule in rules]), seed)


def _judged(
    task: AnchorTask,
    parts: Mapping[str, Sequences | None],
    answers: Mapping[str, np.ndarray],
    fitted: float,
    general: float,
    majority: float,
) -> Mechanism:
    trained = _by_rule(task, parts["train"], answers.get("train"))
    heldout = _by_rule(task, parts["test"], answers.get("test"))
    withheld = _by_answer(task, parts["withheld"], answers.get("withheld"))
    label, reason = _label(task, parts["withheld"], trained, heldout, withheld, (fitted, general, majority))
    return Mechanism(label, reason, trained, heldout, withheld)


def _label(
    task: AnchorTask,
    sequences: Sequences | None,
    trained: Mapping[tuple[int, ...], float],
    heldout: Mapping[tuple[int, ...], float],
    withheld: Mapping[tuple[int, ...], Mapping[str, float]],
    levels: tuple[float, float, float],
) -> tuple[Label, str]:
    fitted, general, majority = levels
    worst = min(trained, key=lambda rule: trained[rule])
    if trained[worst] < fitted:
        return "not fitted", f"the trained rule {worst} is answered with accuracy {trained[worst]:.2f} only"
    if heldout and np.mean(list(heldout.values())) < general:
        return "memorised", f"held-out keys are answered with accuracy {np.mean(list(heldout.values())):.2f} only"
    if sequences is None:
        return "undecided", "no rule is withheld, so every explanation of the trained ones answers alike"
    claims = explanations(task, sequences)
    if (claims["inferential"] == claims["symmetric"]).all():
        return "undecided", "composition and symmetry give the withheld rules the same answers"
    shares = {name: float(np.mean([found[name] for found in withheld.values()])) for name in ANSWERS}
    first = max(("inferential", "symmetric", "memorised"), key=lambda name: shares[name])
    said = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
    if shares[first] < majority:
        return "undecided", f"no explanation accounts for {majority:.2f} of the answers to withheld rules: {said}"
    return first, f"answers to withheld rules: {said}"  # type: ignore[return-value]


def _by_rule(task: AnchorTask, sequences: Sequences | None, given: np.ndarray | None) -> dict[tuple[int, ...], float]:
    if sequences is None or given is None:
        return {}
    right = given == sequences.targets
    return {
        _name(task, rule): float(right[sequences.rules == rule].mean()) for rule in np.unique(sequences.rules).tolist()
    }


def _by_answer(
    task: AnchorTask, sequences: Sequences | None, given: np.ndarray | None
) -> dict[tuple[int, ...], dict[str, float]]:
    if sequences is None or given is None:
        return {}
    found = {}
    for rule in np.unique(sequences.rules).tolist():
        own = sequences.rules == rule
        fields = (sequences.tokens, sequences.targets, sequences.keys, sequences.rules, sequences.positions)
        shares = labelled(task, Sequences(*(part[own] for part in fields)), given[own])
        found[_name(task, rule)] = {name: float(share) for name, share in shares.items()}
    return found


def _name(task: AnchorTask, rule: int) -> tuple[int, ...]:
    return tuple(task.rules[rule].tolist())
