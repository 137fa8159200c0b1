"""The data of runs: what a configuration asks for, delivered before a run's process and collected after it.

``settling`` is what a submission calls, ``delivery`` and ``outputs`` are what the engine calls.
"""
