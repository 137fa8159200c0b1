"""Azure ML's limits on what a run logs, and the sentence in which the service refuses what is over one.

Source: "Service limits in Azure Machine Learning" (aka.ms/azure-machine-learning-limits); the number of MLflow
parameters is not in that table, but in the service's own refusal.
"""

METRIC_NAMES = 50
"""Metrics of one run."""
METRIC_ROWS = 1_000_000
"""Values of one metric."""
METRIC_COLUMNS = 15
COLUMN_NAME = 255
COLUMN_VALUE = 255
"""Characters of a text that is a metric's value."""
ROWS_PER_UPLOAD = 250
"""Values of one metric in one request: ``log_list`` sends its list in one."""
PARAMETERS = 200
"""MLflow parameters of one run."""
TAGS = 50
TAG_KEY = 100
TAG_VALUE = 1000
WARNING = 300
"""Characters of a run's warning."""


def over(field: str, limit: int, size: int) -> str:
    """The service's words for a field that is over its limit."""
    return (
        f"A field of the entity is over the size limit. FieldName={field}, Limit={limit}, Size={size}. "
        "See https://aka.ms/azure-machine-learning-limits for service limits documentation."
    )


def tags_over(present: dict[str, str], new: dict[str, str]) -> str | None:
    """Why tags cannot be added to those that a run has; None when they can.

    The service's own tags, of which clients send some, are longer than a person's may be.
    """
    for key, value in new.items():
        if len(key) > TAG_KEY:
            return over("RunDto.Tags.Key/Length", TAG_KEY, len(key))
        if len(value) > TAG_VALUE and not _is_of_the_service(key):
            return over("RunDto.Tags.Value/Length", TAG_VALUE, len(value))
    count = sum(not _is_of_the_service(key) for key in present.keys() | new.keys())
    added = any(not _is_of_the_service(key) for key in new.keys() - present.keys())
    return over("RunDto.Tags/Count", TAGS, count) if added and count > TAGS else None


def _is_of_the_service(key: str) -> bool:
    return key.startswith(("mlflow.", "azureml.", "_aml_system"))
