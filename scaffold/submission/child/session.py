"""What the questions to one process share: a login, made once when it is first needed, and the workspace."""

from functools import cached_property
from typing import Any

from scaffold.submission.child import login as logins
from scaffold.submission.child.reporting import Report


class Session:
    """One login to Azure and the workspace behind it.

    Args:
        config: ``subscription_id``, ``resource_group`` and ``workspace_name``, or None where none is known.
        login: ``method``, ``tenant_id`` and ``may_ask``, or None where the environment holds the login.
        report: tells the parent process an event.
    """

    def __init__(self, config: dict[str, Any] | None, login: dict[str, Any] | None, report: Report) -> None:
        self.config = config
        self.report = report
        self._login = login
        self._prepared = False

    def prepare(self) -> None:
        """Makes the process ready for the login, and tells which it is.

        Raises:
            NoLoginError: the one that was chosen is not set up.
        """
        if self._login is not None and not self._prepared:
            logins.prepare_and_tell(self._login, self.report)
        self._prepared = True

    @property
    def may_ask(self) -> bool:
        """True when a person can be asked to log in."""
        return self._login is None or bool(self._login["may_ask"])

    @property
    def _tenant_id(self) -> str | None:
        return self._login["tenant_id"] if self._login else None

    @cached_property
    def auth(self) -> Any:
        """The login, made as a project's own script makes it: for the tenant that its config.json names.

        Raises:
            Exception: of the SDK, or of :mod:`scaffold.submission.child.login`.
        """
        self.prepare()
        from azureml.core.authentication import InteractiveLoginAuthentication

        with logins.asking(may_ask=self.may_ask):
            return InteractiveLoginAuthentication(tenant_id=self._tenant_id)

    @cached_property
    def workspace(self) -> Any:
        """The ``Workspace`` of the SDK.

        Raises:
            Exception: as for ``auth``.
        """
        if self.config is None:
            raise ValueError("No workspace was named.")
        from azureml.core import Workspace

        names = (self.config[key] for key in ("subscription_id", "resource_group", "workspace_name"))
        with logins.asking(may_ask=self.may_ask):
            return Workspace(*names, auth=self.auth)
