"""Expected mistakes in a request, told in one sentence and without a traceback."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake in what was asked, not in the code that answers.

    The message is one sentence that says what was given, what is needed, why, and what to do. The command line prints
    it without a traceback and exits with status 2.
    """


ACCIDENTS = (Exception, SystemExit, GeneratorExit)
"""What code of a user's may raise: also sys.exit(), which must not end the program that calls it, and with status 0."""


def told(error: BaseException) -> str:
    r"""Returns what an exception says, on one line, after the name of its class.

    Args:
        error: The exception.

    Example:
        >>> told(ValueError("shapes differ:\n  (3,)"))
        'ValueError: shapes differ: (3,)'
    """
    return ": ".join(filter(None, [type(error).__name__, " ".join(str(error).split())]))


def unknown(kind: str, name: str, options: Iterable[str]) -> UserError:
    """Builds the error for a name that is not one of the known ones.

    Args:
        kind: What is being named, for example `"preset"`.
        name: The name that was given.
        options: The valid names, in the order in which they are to be listed.

    Returns:
        The error, with the nearest valid name where one is near. It is returned, not raised, so that the caller's
        `raise` is visible where it happens.

    Example:
        >>> str(unknown("preset", "qick", ["tiny", "quick", "full"]))
        "unknown preset 'qick'; did you mean 'quick'? Valid: tiny, quick, full"
    """
    valid = list(options)
    by_lower = {option.lower(): option for option in valid}
    near = difflib.get_close_matches(str(name).lower(), list(by_lower), n=1, cutoff=0.5)
    guess = f"; did you mean {by_lower[near[0]]!r}?" if near else "."
    return UserError(f"unknown {kind} {name!r}{guess} Valid: {', '.join(valid) or 'none'}")
