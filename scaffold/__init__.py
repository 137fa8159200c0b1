"""Start, run and see Azure ML experiments."""

__version__ = "0.1.0"
