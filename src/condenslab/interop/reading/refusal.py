"""Why a file is not read."""


class RefusalError(Exception):
    """A file is damaged, hostile or of a kind that is not read; the message is a clause that follows "because"."""
