"""A project of SDK v1 → the same project for SDK v2, as a proposal.

``training``    the modules of the run: calls of ``Run.get_context()`` become MLflow's; imports libcst
``calls``       what each method of a run becomes
``context``     which expressions of a module are the run, and how they are used
``submitting``  what of the submitting script has no place in a job
``packages``    the packages that MLflow needs, put into the specification
``proposal``    all of it together, as files and notes

Knows neither SDK, and writes only what is asked for in the end. What cannot be carried over stays as it is, and
is told with its file and line.
"""
