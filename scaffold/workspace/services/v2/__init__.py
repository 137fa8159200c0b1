"""What Azure ML's second SDK (azure-ai-ml) asks: resources of the workspace, by the resource manager's addresses.

Source of all shapes: ``azure.ai.ml._restclient.arm_ml_service`` of azure-ai-ml 1.35. What both SDKs know is kept once:
an environment, a model or a run that one has made is the other's too.
"""
