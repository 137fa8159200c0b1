"""A row of the table of routes: what is asked, who may ask, who answers."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import addresses  # noqa: F401  (makes {…:any} known)

Handler = Callable[[Request], Awaitable[Any]]

GET, POST, PUT, PATCH, DELETE = ("GET",), ("POST",), ("PUT",), ("PATCH",), ("DELETE",)

SCOPE = (
    "subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
)
MLFLOW = "/mlflow/{version}/{S}/api/2.0/mlflow"
EXPERIMENT = "/history/v1.0/{S}/experiments/{experiment}"
EXPERIMENT_ID = "/history/v1.0/{S}/experimentids/{experiment_id}"


class Access(Enum):
    """Who may ask."""

    BEARER = "a bearer token that this workspace issued"
    SECRET = "a secret in the path, checked by the handler"  # noqa: S105
    SIGNATURE = "a signature in the query, checked by the handler"


class Operation(msgspec.Struct, frozen=True):
    """One row.

    Attributes:
        methods: HTTP methods.
        path: Starlette's path template; ``{S}`` stands for the workspace's scope.
        handler: answers the request.
        serves: the SDK calls that come to this operation.
        access: who may ask.
        files_of: of an operation that the password in an address opens (MLflow 1), the run whose files it is about.
    """

    methods: tuple[str, ...]
    path: str
    handler: Handler
    serves: tuple[str, ...] = ()
    access: Access = Access.BEARER
    files_of: Callable[[Request], str] | None = None

    @property
    def template(self) -> str:
        """The path with the scope written out."""
        return self.path.replace("{S}", SCOPE)

    @property
    def name(self) -> str:
        """``service.operation``, for the log."""
        return f"{self.handler.__module__.rpartition('.')[2]}.{self.handler.__name__}"
