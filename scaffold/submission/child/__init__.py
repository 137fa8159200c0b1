"""The process that runs a project's submitting script; the only place that imports azureml.

Run as a file; see ``__main__`` for what it is told and what it tells.
"""
