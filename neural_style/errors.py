"""The one exception a user is meant to read."""


class InputError(Exception):
    """A problem with the input or the machine that the user can mend.

    The message is one line: what is wrong, with which file or flag, and what to do about it. Scripts print it and
    exit with status 1 (see `command.script.run`).
    """
