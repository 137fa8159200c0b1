"""The processes that import azureml: nothing else of this program does.

``__main__`` runs a project's submitting script, ``answering`` answers questions about a workspace; each says what
it is told and what it tells. Run as files.
"""
