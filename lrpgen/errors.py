"""The one exception family: what was wrong, where, and what to do, in one sentence."""


class LrpgenError(Exception):
    """Base of every error lrpgen raises on purpose. The command line prints it as one line and exits with 2."""


class InputError(LrpgenError):
    """A file, option or value from the user that cannot be used."""


class OutputError(LrpgenError):
    """An output that cannot be written (folder not writable, disk full)."""


class MissingFeatureError(LrpgenError):
    """An optional dependency that is not installed."""


class UnsupportedOpError(LrpgenError):
    """A node of the captured graph that has no relevance rule."""
