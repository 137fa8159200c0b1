"""``pipeline`` jobs: what their steps are, what those are bound to, and the runs that come of it."""
