"""The whole wire surface as one table, put together from a file for each group of services.

Every row is an operation: what is asked, who may ask, who answers, and the SDK calls that it serves (from
which the README's coverage table is made). What is not in the table is answered with 501 by ``app``.
"""

from scaffold.workspace.routes import assets, history, mlflow, own, registry, resources, resources_v2
from scaffold.workspace.routes.operation import Access, Operation

__all__ = ["OPERATIONS", "Access", "Operation"]

OPERATIONS = (
    *resources.OPERATIONS,
    *resources_v2.OPERATIONS,
    *history.OPERATIONS,
    *assets.OPERATIONS,
    *registry.OPERATIONS,
    *mlflow.OPERATIONS,  # its last row refuses whatever else is below its path
    *own.OPERATIONS,
)
