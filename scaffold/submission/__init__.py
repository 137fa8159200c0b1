"""Project → run. What speaks azureml-core is in ``child``, a process of its own."""
