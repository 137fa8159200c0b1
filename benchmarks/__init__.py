"""Timings of the real commands, as ratios against a baseline of the same run: ``make bench``.

    python -m benchmarks [--runs N] [--only NAME]... [--json]

One module a theme, one function a benchmark. Each works on a machine of its own (``machine.py``): temporary
HOME and SCAFFOLD_HOME, free ports, its own local workspace, gone afterwards. What is measured is processes by
the clock on the wall, to their end or to a line of theirs, command and baseline in turns after a warm-up
of both, so that what else the computer does meets both alike. The aims are told, not enforced: the exit
code is 0 unless a benchmark itself broke.
"""
