"""Runs things: queue → environment → process → outputs. Knows the store, not the wire."""
