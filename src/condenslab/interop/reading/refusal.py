"""Why a file is not read."""


class RefusalError(Exception):
    """A file is damaged, hostile or of a kind that is not read; the message is a clause that follows "because".

    Names from the file may be in it: what cannot be printed on one line is written as an escape.
    """

    def __init__(self, message: str):
        super().__init__("".join(c if c.isprintable() else ascii(c)[1:-1] for c in message))
