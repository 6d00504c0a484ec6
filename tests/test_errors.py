from condenslab.errors import UserError, told, unknown


def test_the_nearest_name_is_suggested():
    error = unknown("preset", "Qick", ["tiny", "quick", "full"])
    assert isinstance(error, UserError)
    assert str(error) == "unknown preset 'Qick'; did you mean 'quick'? Valid: tiny, quick, full"


def test_nothing_is_suggested_where_nothing_is_near():
    assert str(unknown("study", "zzz", ["recovery"])) == "unknown study 'zzz'. Valid: recovery"


def test_no_options_at_all():
    assert str(unknown("study", "zzz", [])) == "unknown study 'zzz'. Valid: none"


def test_an_exception_is_told_on_one_line():
    assert told(ValueError("shapes differ:\n\n  (3,)\tand (4,)")) == "ValueError: shapes differ: (3,) and (4,)"
    assert told(KeyError()) == "KeyError"
