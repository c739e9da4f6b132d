"""The one exception for what a user can put right."""


class InputError(ValueError):
    """A file or value from outside is wrong; one line names it and what was expected."""
