"""What `run` was asked for: studies, settings and the user's own table."""

from typing import TYPE_CHECKING

from condenslab.cli.options import RunOptions
from condenslab.errors import UserError

if TYPE_CHECKING:
    from condenslab.studies import Plan


def requested(options: RunOptions) -> "list[Plan]":
    """Returns a plan for each study; the whole request is checked before anything is computed or written.

    Args:
        options: Those of `run`.

    Raises:
        UserError: A study, preset or setting is unknown, or the table cannot be read.
    """
    from condenslab import studies
    from condenslab.studies.settings import assignments

    if () in options.set:
        raise UserError("--set needs KEY=VALUE, for example --set width=100. Got nothing")
    texts = [text for group in options.set for text in group]
    behind = [text for text in texts if text in studies.names()]  # in `run --set a=1 STUDY` tyro takes it for a setting
    names = list(dict.fromkeys([*options.studies, *behind]))
    if not names:
        raise UserError(f"run needs the name of a study. Valid: {', '.join(studies.names())}")
    overrides = assignments([text for text in texts if text not in behind])
    for name in names:
        studies.get(name)
    data = None
    if options.data is not None:
        from condenslab.tasks import read_table

        data = read_table(options.data, targets=options.outputs, classes=options.classes)
    return [
        studies.plan(name, preset=options.preset, seed=options.seed, overrides=overrides, data=data) for name in names
    ]
