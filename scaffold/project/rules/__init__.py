"""All rules: one a function, by theme. What they look at is a :class:`~scaffold.project.subject.Subject`."""

from scaffold.project.finding import Rule, Theme
from scaffold.project.rules import (
    conda,
    config,
    constants,
    environment,
    file_names,
    imports,
    job,
    script,
    sdk,
    snapshot,
    wiring,
)

THEMES: tuple[Theme, ...] = (
    config.theme,
    constants.theme,
    wiring.theme,
    script.theme,
    imports.theme,
    environment.theme,
    snapshot.theme,
    job.theme,
)
# Their rules are of other themes, behind those that stand there.
_ = conda, sdk, file_names
RULES: tuple[Rule, ...] = tuple(rule for theme in THEMES for rule in theme.rules)
