"""Answers: the sentence that the verdict allows, with the number of the run, and a claim behind each."""

import re
import string

import pytest

from condenslab import studies
from condenslab.report.answers import answer, closing, named
from condenslab.report.answers import labels as short_forms
from condenslab.report.closing import CLOSING
from condenslab.report.sentences import SENTENCES


def claim(label, verdict="holds", measured=9, **change):
    return {"claim": label, "label": label, "verdict": verdict, "measured": measured, "reason": ""} | change


RANK = "the model rank of the recovered network, embedded back into the wide one, is 9"


def labels(name, preset):
    study = studies.get(name)
    return [statement.label or statement.text for statement in study.statements(study.presets[preset])]


@pytest.mark.parametrize("name", studies.names())
def test_every_study_has_an_answer_whose_claim_it_states(name):
    found = [label for label in labels(name, "quick") if re.search(SENTENCES[name].claim, label)]
    assert found, f"no claim of {name} matches {SENTENCES[name].claim!r}"


@pytest.mark.parametrize(("question", "study", "sentence"), CLOSING, ids=lambda part: str(part)[:20])
def test_every_closing_question_rests_on_a_claim(question, study, sentence):
    assert question.endswith("?")
    assert [label for label in labels(study, "quick") if re.search(sentence.claim, label)]


@pytest.mark.parametrize("sentence", [*SENTENCES.values(), *(sentence for _, _, sentence in CLOSING)])
def test_a_sentence_has_a_number_in_both_cases_and_is_short(sentence):
    for text in (sentence.holds, sentence.fails):
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert names and names <= {"measured", "held", "of"}
        assert len(text.split()) <= 25 and text.endswith(".")
    assert sentence.holds != sentence.fails


def test_the_verdict_chooses_the_sentence():
    good, bad = answer("recovery", [claim(RANK)]), answer("recovery", [claim(RANK, "fails", [9, 12])])
    assert good.text.startswith("Because") and "rank 9" in good.text and (good.verdict, good.claim) == ("holds", 0)
    assert "9 to 12" in bad.text and "does not explain" in bad.text and bad.verdict == "fails"


def test_what_is_undecided_is_not_answered():
    made = answer("recovery", [claim("other"), claim(RANK, "undecided", None, reason="a flow diverged")])
    assert (made.text, made.verdict, made.claim) == ("This run does not decide it: a flow diverged.", "undecided", 1)


def test_the_worst_of_several_claims_decides():
    knobs = [
        claim(f"the {k} gives fewer groups than the baseline", "fails" if k == 1 else "holds", k) for k in range(4)
    ]
    assert answer("knobs", knobs).text == "Not all of them: turned to their end, 3 of 4 leave fewer groups."


def test_a_run_without_the_claim_counts_its_claims():
    assert answer("recovery", [claim("other"), claim("more", "fails")]).text == (
        "This run does not say: 1 of 2 claims hold."
    )
    assert answer("a study of yours", []).text == "No claims were made."


def test_closing_questions_say_what_was_not_run():
    made = closing([("recovery", [claim("after polishing, the parameters equal the target's up to symmetry to 1e-6")])])
    assert [one.answer.command for one in made] == [
        "condenslab run initial_condensation",
        "condenslab run embedding_width",
        "condenslab run embedding_width",
        "",
    ]
    assert made[3].answer.text.startswith("Yes:") and made[3].run == 0


def test_a_claim_of_an_older_store_is_named_by_its_first_words():
    old = {"claim": "R stays near the minimum for 3 decades, for each of 3 seeds [holds for 3]"}
    assert named(old) == "R stays near the minimum for 3 decades"
    assert len(named({"claim": "word " * 40}).split()) == 15


def test_claims_with_the_same_words_are_told_apart_by_their_brackets():
    rows = [
        {
            "label": "it recovers",
            "claim": "it recovers (to 1e-6) from O (M1, O = 7; mean error (ours)), for each of 3 seeds [holds for 3]",
        },
        {
            "label": "it recovers",
            "claim": "it recovers (to 1e-6) from O (M2, O = 9; mean error (ours)), for each of 3 seeds [holds for 2]",
        },
        {"label": "it does not", "claim": "before, it does not (M1, n = 6; mean error)"},
        {"label": "twice", "claim": "twice without brackets"},
        {"label": "twice", "claim": "twice without brackets"},
    ]
    expected = ["it recovers (M1, O = 7)", "it recovers (M2, O = 9)", "it does not", "twice", "twice"]
    assert short_forms(rows) == expected
