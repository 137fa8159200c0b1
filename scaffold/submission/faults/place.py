"""Where a submission or a question was going."""

from pathlib import Path

from scaffold.project.model import WorkspaceConfig


class Place:
    """Where a submission or a question was going, for the sentences.

    Args:
        script: the project's submitting script; None for a question of this program's own.
        config: the workspace that the project names, or None where none is known yet.
    """

    def __init__(self, script: Path | None, config: WorkspaceConfig | None) -> None:
        self.script = script
        self.config = config

    @property
    def name(self) -> str:
        """The workspace's name, or Azure's where there is none yet."""
        return self.config.workspace_name if self.config else "Azure"

    @property
    def workspace(self) -> str:
        """The workspace in a sentence."""
        if self.config is None:
            return "Azure"
        return (
            "the local workspace" if self.config.is_local else f"the workspace {self.config.workspace_name!r}"
        )

    @property
    def config_file(self) -> str:
        """The file that names the workspace, as a person sees it."""
        path = self.config.path if self.config else Path(".azureml", "config.json")
        return f"{path.parent.name}/{path.name}"

    @property
    def tenant_id(self) -> str | None:
        return self.config.tenant_id if self.config else None

    @property
    def what(self) -> str:
        """What a service refuses."""
        return "the submission" if self.script else "the request"

    @property
    def again(self) -> str:
        """What to do when the reason is gone."""
        return "submit again" if self.script else "run the command again"
