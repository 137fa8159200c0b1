"""The local workspace: a loopback service that speaks the Azure ML wire protocol and really runs things.

It never imports azureml: the SDK is only its client. ``client`` and ``lifecycle`` are what the rest of
the program uses; everything else lives in the service's own process.
"""
