"""What each study answers when its leading claim holds and when it fails. The numbers come from the run."""

from typing import NamedTuple


class Sentence(NamedTuple):
    """An answer in both cases.

    Attributes:
        claim: A pattern that finds the claims it rests on, by their short form; the worst of them decides.
        holds: Where they hold; `{measured}` is what was measured, `{held}` of `{of}` such claims hold.
        fails: Where one fails.
    """

    claim: str
    holds: str
    fails: str


SENTENCES: dict[str, Sentence] = {
    "recovery": Sentence(
        "^the model rank of the recovered network",
        "Because almost all neurons fade: what is left has model rank {measured}, and so many samples can suffice.",
        "The rank of what is left, {measured}, does not explain it: 9 was expected.",
    ),
    "optimistic_dense": Sentence(
        "^the model rank is 21 at the null embedding",
        "Both hold the target at a point of model rank {measured}: further neurons cost nothing.",
        "The rank at the target is {measured}, so further neurons do cost something here.",
    ),
    "embedding_width": Sentence(
        "^equal copies of a neuron of width 1 ",
        "A strict saddle: each copy adds one positive, one zero and one negative direction ({measured} splits differ).",
        "Not the expected saddle: {measured} splits have other signs of curvature.",
    ),
    "embedding_losses": Sentence(
        "^a critical point stays critical when a neuron is split",
        "They are, at every depth and loss: embedded, their gradient is {measured} of what other targets give.",
        "Not all of them: embedded, their gradient is {measured} of what other targets give.",
    ),
    "initial_condensation": Sentence(
        "^one input, evenly spaced samples, tanh: 2p orientations",
        "Twice the multiplicity of the activation: {measured} for tanh, whose multiplicity is 1.",
        "Not twice the multiplicity: {measured} for tanh, whose multiplicity is 1.",
    ),
    "trajectory": Sentence(
        "^more groups at the end",
        "They split off a few at a time, and their number grows by {measured} from the first plateau to the end.",
        "Their number does not grow: the change from the first plateau to the end is {measured}.",
    ),
    "dropout": Sentence(
        "^dropout at least halves the orientations on the target of one input",
        "It does: with dropout {measured} of the orientations without it are left.",
        "Not by half: with dropout {measured} of the orientations without it are left.",
    ),
    "knobs": Sentence(
        "gives fewer groups than",
        "All of them: turned to their end, {held} of {of} leave fewer groups.",
        "Not all of them: turned to their end, {held} of {of} leave fewer groups.",
    ),
    "knob_efficiency": Sentence(
        "better from few samples than the baseline",
        "All of them: just above the optimistic sample size each of {of} lowers the test error wherever it is turned.",
        "Not all of them: of {of} only {held} lower the test error wherever they are turned.",
    ),
    "generalization": Sentence(
        "^from the largest scale the test error is larger",
        "Yes: from the largest scale the test error is {measured} times that from the smallest.",
        "Not clearly: from the largest scale the test error is {measured} times that from the smallest.",
    ),
    "no_free_lunch": Sentence(
        "^random labels are predicted by no setting",
        "None: of random labels that were not given every setting has a share of {measured} right.",
        "One seems to: of random labels that were not given a share of {measured} is right.",
    ),
    "cnn_condensation": Sentence(
        "^from small weights training at least halves",
        "Yes: training from small weights brings their effective ratio to {measured} of what it was.",
        "Not by half: training from small weights brings their effective ratio to {measured} of what it was.",
    ),
    "pruning": Sentence(
        "^merging by the source's rule",
        "Merging those that condensed leaves a share of {measured}.",
        "More than published: merging those that condensed leaves a share of {measured}.",
    ),
    "landscape_slices": Sentence(
        "^an embedded minimum of positive risk is a saddle",
        "Minima of positive risk have become saddles: the curvature across them goes down to {measured}.",
        "The saddle is not seen: the lowest curvature on the plane is {measured}.",
    ),
    "relu_stationary": Sentence(
        "^the risk of experiment 1 rests on three plateaus",
        "On plateaus: {measured} of them in the first of the three published experiments.",
        "Not on three plateaus: on {measured} in the first of the three published experiments.",
    ),
    "training_similarity": Sentence(
        "^nets of widths 1 and 2 rest at critical risks",
        "Narrow ones rest at risks of critical functions that were found without training ({measured} exceptions).",
        "Not always: {measured} rests of narrow ones are at no known critical risk.",
    ),
    "table": Sentence(
        "^the number of neurons that cross-validation chooses",
        "Cross-validation finds the {measured} planted ones, and says how well they predict.",
        "Cross-validation finds {measured} here, which is not the planted number.",
    ),
    "attention_rank": Sentence(
        "^the model rank of a random layer",
        "By the formula, with {measured} layers that differ; null heads and wider dimensions cost the target nothing.",
        "Not by the formula: {measured} off.",
    ),
    "kan_grid": Sentence(
        "^the target's model rank grows strictly with every refinement",
        "Its grid: every refinement raises the target's model rank by at least {measured}, and width does not.",
        "Not clearly the grid: a refinement raises the target's model rank by {measured}.",
    ),
    "kan_recovery": Sentence(
        "^a finer grid needs more samples than a wider network",
        "Its grid costs more: a finer one needs {measured} times the samples of a wider network of more parameters.",
        "Not clearly the grid: a finer one needs {measured} times the samples of a wider network.",
    ),
    "scaling": Sentence(
        "^more neurons leave the smallest rank",
        "Connections: more neurons leave the rank of the target where it was ({measured} off).",
        "Neurons too: with more of them the rank of the target is {measured} off.",
    ),
    "branches": Sentence(
        "^near Q₁ the risk falls like",
        "Three: near Q₁ the risk falls as a power {measured} of time, near Q₂ and Q₃ exponentially.",
        "Near Q₁ the risk falls as a power {measured} of time, which is not the predicted −2.",
    ),
    "recovery_stability": Sentence(
        "^with enough samples every flow recovers",
        "From the number of the theorem on: {measured} flows fail with that many.",
        "Not from the number of the theorem on: {measured} flows fail with that many.",
    ),
    "llr_transition": Sentence(
        "^recovery sets in at n = r",
        "From the model rank of the point on, in {held} of {of} cases.",
        "Not always from the model rank on: in {held} of {of} cases.",
    ),
    "matrix_completion": Sentence(
        "^a design of exactly O entries exists",
        "Those on which the rank is full: designs of exactly the optimistic number exist ({measured} missing).",
        "Designs of exactly the optimistic number are missing in {measured} cases.",
    ),
    "architectures": Sentence(
        "^in closed form O is",
        "7 with weight sharing, 15 without, 21 fully connected ({measured} off the closed form).",
        "The closed form is {measured} off.",
    ),
    "tuning_tolerance": Sentence(
        "^on the cross the range of scales grows",
        "Yes: with all entries instead of the optimistic number the range of good scales is {measured} times as wide.",
        "Hardly: with all entries the range of good scales is {measured} times as wide.",
    ),
    "simple_models": Sentence(
        "^the product model recovers targets without x₂",
        "It can reach it: two samples leave the product model an error of 10^{measured}.",
        "It does not reach it: two samples leave the product model an error of 10^{measured}.",
    ),
    "single_neuron": Sentence(
        "^small start, 6 samples always recover",
        "At least 3 by the rank; from a small start a share of {measured} of the flows recovers with 6.",
        "Not yet 6: with them a share of {measured} of the flows from a small start recovers.",
    ),
    "phase_diagram": Sentence(
        "^the zero line of the slope is γ",
        "Right of the line γ = 1 + max(γ′, 0): the measured one is within {measured} of it.",
        "Not exactly right of the line γ = 1 + max(γ′, 0): at these widths the measured one is off by {measured}.",
    ),
    "phase_diagram_three_layer": Sentence(
        "^layers can be in different regimes",
        "Each for itself: in {measured} places of the plane the layers are in different regimes.",
        "All alike: in {measured} places of the plane the layers are in different regimes.",
    ),
    "feature_map": Sentence(
        "^right of the boundary the features gather",
        "They gather right of the boundary, where the wider network's spread is {measured} of the narrower's.",
        "They do not gather: right of the boundary the wider network's spread is {measured} of the narrower's.",
    ),
    "critical_functions": Sentence(
        "^there are at least 5 critical functions",
        "{measured} are found, each first critical at the width of its own simplicity.",
        "Fewer than five are found: {measured}.",
    ),
    "exercise_proof": Sentence(
        "^there are at least five critical functions, proven",
        "At least {measured}, proven, with the inertia of each.",
        "Fewer than five could be proven: {measured}.",
    ),
    "critical_dimension": Sentence(
        "^the corank is at least K",
        "At least as fast: the corank exceeds the number of added neurons by {measured} or more.",
        "More slowly: the corank falls short of the number of added neurons by {measured}.",
    ),
    "model_rank": Sentence(
        "^two tanh neurons with w₂",
        "{measured} for two tanh neurons that agree up to sign, 4 for two in general position.",
        "{measured} for two tanh neurons that agree up to sign, where 2 was expected.",
    ),
    "embedding_depth": Sentence(
        "^inserting a layer decreases no count",
        "Critical points again, with no fewer directions of any sign ({measured} counts fall).",
        "Critical points whose counts of signs can fall: {measured} do.",
    ),
    "depth_similarity": Sentence(
        "^every depth rests for half a decade",
        "They do: every depth rests at {held} of {of} published risks.",
        "Only in part: every depth rests at {held} of {of} published risks.",
    ),
    "plateau_data": Sentence(
        "^more samples free a network",
        "Yes where new samples reach further: at least {measured} times sooner with each larger number.",
        "Not always: steps with fewer samples over steps with more are {measured} at least, not above 1.",
    ),
    "symmetry_discovery": Sentence(
        "^the permutation symmetries found are those",
        "Those of its architecture, found from outputs alone in {held} of {of} architectures.",
        "Not always those of its architecture: in {held} of {of} architectures.",
    ),
    "invariant_manifolds": Sentence(
        "^on an affine structural invariant manifold the gradient is tangent",
        "Those that a symmetry leaves fixed: the part of the gradient that is normal to them is {measured}.",
        "Not all that a symmetry leaves fixed: the part of the gradient that is normal to them is {measured}.",
    ),
    "optimistic_tables": Sentence(
        "^(the smallest rank is k|CNN: the smallest|no sharing: the smallest|fully connected: the smallest)",
        "They do: in {held} of {of} rows the smallest rank is the closed form.",
        "Not all: in {held} of {of} rows the smallest rank is the closed form.",
    ),
    "attention_growth": Sentence(
        "^the target's model rank stays the same as",
        "They are: the target's model rank stays the same with {held} of {of}.",
        "Not all: the target's model rank stays the same with {held} of {of}.",
    ),
    "anchor_data_size": Sentence(
        "^the accuracy passes one half",
        "It jumps: one half is passed at {measured} sequences.",
        "It passes one half at {measured} sequences, not between 300 and 350.",
    ),
    "anchor_transformer": Sentence(
        "small initial scale the withheld pair is answered by inference",
        "It reasons from small weights: a share of {measured} of the answers to the withheld pair is inference.",
        "From small weights it infers the withheld pair in {held} of {of} designs; elsewhere a share of {measured}.",
    ),
    "transformer_symmetry": Sentence(
        "the model rank stays what it was",
        "All of them, grown as copies: the model rank stays in {held} of {of} cases.",
        "Not all of them: the model rank stays in {held} of {of} cases.",
    ),
    "attention_condensation": Sentence(
        "condense more at a small initial scale",
        "Queries, values and feed-forward neurons: {held} of {of} condense more from small weights.",
        "Not all: {held} of {of} condense more from small weights.",
    ),
    "inference_or_memorisation": Sentence(
        "^the samples needed follow inference complexity",
        "Those that it must infer: the correlation with them is larger by {measured}.",
        "Those that it must store: the correlation with what it must infer differs by {measured}.",
    ),
    "anchor_tuning": Sentence(
        "^the best tuning answers more unseen",
        "Tuning matters: the best answers a share of {measured} more than the usual one.",
        "Not at every number of samples: the best tuning answers a share of {measured} more than the usual one.",
    ),
}
"""By study. A test finds the claim of each among what the study states."""
