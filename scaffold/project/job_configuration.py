"""What a submitting script says of a run by its ScriptRunConfig, and by the run configuration that it is given or has.

Beside a run configuration that it is given, the SDK ignores some of what a ScriptRunConfig is given.
"""

import ast

from scaffold.project.source import Unknown
from scaffold.project.straight import CHANGES
from scaffold.project.values import Values

_IGNORED = ("compute_target", "environment", "distributed_job_config", "max_run_duration_seconds")
# What a run configuration is made with, and at which place.
_OF_CONFIGURATIONS = {"script": 0, "arguments": 1, "command": None}
_OF_PROCESSES = {"framework": 2, "communicator": 3}


class Configured:
    """What one ScriptRunConfig is given.

    Args:
        values: the submitting script's.
        config: the call.

    Attributes:
        configuration: the run configuration that it is given, names followed; None without one.
    """

    def __init__(self, values: Values, config: ast.Call) -> None:
        self._values = values
        self._config = config
        given = _but_none(values.given(config, "run_config", 3))
        self._name = None if given is None else ast.unparse(given)
        self.configuration = None if given is None else values.followed(given)

    def given(self, name: str, position: int | None = None) -> ast.expr | None:
        """What it is given for a parameter, as far as the SDK looks at it; None for nothing."""
        node = None
        if self.configuration is None or name not in _IGNORED:
            node = _but_none(self._values.given(self._config, name, position))
        if node is None and isinstance(self.configuration, ast.Call) and name in _OF_CONFIGURATIONS:
            node = _but_none(self._values.given(self.configuration, name, _OF_CONFIGURATIONS[name]))
        return node

    def ignored_environment(self) -> list[ast.AST]:
        """What makes an environment that it is given beside a run configuration."""
        given = self._values.given(self._config, "environment")
        if self.configuration is None or given is None:
            return []
        used = {ast.dump(node) for node in self.stored("environment")}
        return [] if ast.dump(given) in used else list(ast.walk(self._values.followed(given)))

    @property
    def dependencies(self) -> ast.expr | None:
        """What the run configuration is made with for the packages of its environment."""
        if not isinstance(self.configuration, ast.Call):
            return None
        return _but_none(self._values.given(self.configuration, "conda_dependencies", 4))

    @property
    def comes_from_elsewhere(self) -> bool:
        """Whether the run configuration is made where it cannot be read, and so may say anything."""
        made = isinstance(self.configuration, ast.Call) and self._values.called(self.configuration)
        return self.configuration is not None and made != "RunConfiguration"

    def processes(self) -> list[ast.expr]:
        """Where the run configuration itself says that there are several."""
        said = [node for name in _OF_PROCESSES for node in self.stored(name)]
        if isinstance(self.configuration, ast.Call):
            made = self.configuration
            given = [self._values.given(made, name, place) for name, place in _OF_PROCESSES.items()]
            said += [node for node in given if node is not None]
        return [node for node in said if not _says_one(node)]

    def stored(self, attribute: str) -> list[ast.expr]:
        """What is assigned to ``….attribute`` of anything, in order."""
        found = [
            node.value
            for node in ast.walk(self._values.tree)
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Attribute) and target.attr == attribute for target in node.targets)
        ]
        return sorted(found, key=lambda node: node.lineno)

    def stored_in_run(self, attribute: str) -> ast.expr | None:
        """What is assigned to an attribute of the run configuration.

        Raises:
            Unknown: it is now this, now that.
        """
        stored = [node for owner, node, _ in self.put_into(attribute) if self._is_of_run(owner)]
        if len({ast.dump(node) for node in stored}) > 1:
            raise Unknown
        return stored[-1] if stored else None

    def changes(self, attribute: str) -> list[ast.expr]:
        """Where ``….attribute`` is changed without being assigned: ``+=``, and what lists have for it."""
        found: list[ast.expr] = []
        for node in ast.walk(self._values.tree):
            match node:
                case ast.AugAssign(target=ast.Attribute(attr=name) as target) if name == attribute:
                    found.append(target)
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name), attr=method)):
                    found += [node] if name == attribute and method in CHANGES else []
        return found

    def put_into(self, attribute: str) -> list[tuple[str, ast.expr, bool]]:
        """What goes into ``OWNER.attribute``: owner, what, whether it replaces what was there."""
        found: list[tuple[ast.expr, ast.expr, bool]] = []
        for node in ast.walk(self._values.tree):
            match node:
                case ast.Assign(targets=[ast.Attribute(value=owner, attr=name)], value=value):
                    found += [(owner, value, True)] if name == attribute else []
                case ast.Assign(
                    targets=[ast.Subscript(value=ast.Attribute(value=owner, attr=name), slice=key)],
                    value=value,
                ):
                    one = ast.copy_location(ast.Dict(keys=[key], values=[value]), node)
                    found += [(owner, one, False)] if name == attribute else []
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(value=owner, attr=name), attr="update"),
                    args=[value],
                ):
                    found += [(owner, value, False)] if name == attribute else []
        in_order = sorted(found, key=lambda entry: entry[1].lineno)
        return [(ast.unparse(owner), value, replaces) for owner, value, replaces in in_order]

    def _is_of_run(self, owner: str) -> bool:
        followed = ast.unparse(self._values.followed(ast.parse(owner, mode="eval").body))
        return owner.endswith(".run_config") or followed.endswith(".run_config") or owner == self._name

    def is_run_configuration(self, owner: str) -> bool:
        """Whether an expression is any run configuration."""
        if owner.endswith("run_config") or self._is_of_run(owner):
            return True
        made = self._values.followed(ast.parse(owner, mode="eval").body)
        return isinstance(made, ast.Call) and self._values.called(made) == "RunConfiguration"


def _but_none(node: ast.expr | None) -> ast.expr | None:
    return None if isinstance(node, ast.Constant) and node.value is None else node


def _says_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and str(node.value).lower() in ("none", "python")
