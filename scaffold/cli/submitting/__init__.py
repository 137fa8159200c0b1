"""Shows a submission and the run that comes of it, on the local workspace and on Azure ML alike."""
