"""A project becomes a run: the only place that may import azureml."""
