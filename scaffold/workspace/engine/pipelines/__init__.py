"""Pipelines: runs with children, each of which begins when those that it needs are done."""
