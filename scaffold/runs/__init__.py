"""Runs, wherever they are: one interface (``source.Source``), the local workspace and Azure ML behind it.

What a run is stands in ``model``; ``reading`` makes it of the service's records, which both give. Nothing here
prints.
"""
