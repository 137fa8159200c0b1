"""SQLite and content-addressed files behind one small interface; knows neither the wire nor the engine."""

from scaffold.workspace.store.store import Store

__all__ = ["Store"]
