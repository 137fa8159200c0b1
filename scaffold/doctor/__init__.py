"""Looks at the machine, the login and the workspace: what would keep an experiment from being submitted, and why.

A probe looks at one thing and yields findings; none changes anything. What asks Azure is in ``azure``, through
the SDK in a process of its own; everything else is offline. Knows nothing of how findings are shown.
"""
