"""The questions with which the first lecture closes, and the claim that answers each."""

from condenslab.report.sentences import Sentence

CLOSING: tuple[tuple[str, str, Sentence], ...] = (
    (
        "Why does small initialization lead to (initial) condensation?",
        "initial_condensation",
        Sentence(
            "^under gradient flow from small weights tanh neurons point along",
            "All neurons feel one force at first, and turn to its direction ±Σ y x: |cosine| {measured}.",
            "Not by one common force alone: with its direction ±Σ y x neurons have |cosine| {measured}.",
        ),
    ),
    (
        "How does the landscape transform as the width increases?",
        "embedding_width",
        Sentence(
            "^in the wide network each further neuron adds one eigenvalue of each sign",
            "It keeps every critical point and opens it: a neuron adds a direction of each sign ({measured} differ).",
            "It keeps critical points, but their signs of curvature are not as predicted: {measured} differ.",
        ),
    ),
    (
        "Why are wider networks often easier to optimize?",
        "embedding_width",
        Sentence(
            "^the split minimum, perturbed, leaves",
            "What traps a narrow network is a saddle of a wide one: perturbed, the risk changes by {measured}.",
            "Not seen here: from the split minimum, perturbed, the risk changes by {measured} of itself.",
        ),
    ),
    (
        "Is zero generalization error possible under overparameterization?",
        "recovery",
        Sentence(
            "^after polishing, the parameters equal the target's",
            "Yes: the condensed network, merged and polished, has the target's parameters to {measured}.",
            "Not shown: the condensed network, merged and polished, is {measured} off the target's parameters.",
        ),
    ),
)
"""The closing questions of deck 000, shortened, with the study and the claim that answer each."""
