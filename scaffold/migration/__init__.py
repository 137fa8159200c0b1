"""A project of SDK v1 → the same project for SDK v2, as a proposal.

``modules``     the modules of the run, and what becomes of them together; imports libcst, as those below it
``linking``     what they know of each other's run
``training``    one of them: calls of ``Run.get_context()`` become MLflow's
``context``     what is known of the run in it, and which expressions are it
``following``   finds that out
``escapes``     whether the run goes where it can't be followed
``loops``       what counts the values that are logged
``kinds``       which values are numbers, by ``names`` and what is ``known``; ``wordings``: which texts they may be
``module``      both of one module
``helpers``     functions for what is not known before the script runs
``calls``       what each method of a run becomes, as ``found`` has it; ``signatures``: what they take
``hints``       what to do about those that MLflow has not
``writing``     puts what is new in its place
``submitting``  what of the submitting script has no place in a job
``packages``    the packages that MLflow needs, put into the specification
``proposal``    all of it together, as files and notes

Knows neither SDK, and writes only what is asked for in the end. What cannot be carried over stays as it is, and
is told with its file and line.
"""
