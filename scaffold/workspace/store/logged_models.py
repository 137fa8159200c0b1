"""The records of models that MLflow 3 logs, in a run or by themselves."""

from typing import Any

from scaffold.workspace.store import search
from scaffold.workspace.store.database import Database, from_json, to_json


class LoggedModels:
    """The logged models of the workspace; a record is MLflow's ``LoggedModel`` without its address."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, model_id: str, experiment_id: str, run_id: str | None, created: int, record: dict[str, Any]
    ) -> None:
        self._database.execute(
            "INSERT INTO logged_models VALUES (?, ?, ?, ?, ?)",
            model_id,
            experiment_id,
            run_id,
            created,
            to_json(record),
        )

    def get(self, model_id: str) -> dict[str, Any] | None:
        row = self._database.one("SELECT record FROM logged_models WHERE model_id = ?", model_id)
        return dict(from_json(row["record"])) if row else None

    def replace(self, model_id: str, record: dict[str, Any]) -> None:
        """Gives a model another record."""
        self._database.execute(
            "UPDATE logged_models SET record = ? WHERE model_id = ?", to_json(record), model_id
        )

    def search(
        self, experiment_ids: list[str], condition: str, *, limit: int, offset: int
    ) -> list[dict[str, Any]]:
        """Models by a filter of MLflow's search language, the newest first.

        Raises:
            SearchError: the filter is none.
        """
        where, values = search.where(condition, search.model_expression)
        rows = self._database.all(
            f"SELECT record FROM logged_models WHERE experiment_id IN (SELECT value FROM json_each(?)) AND {where}"  # noqa: S608  (marks)
            " ORDER BY created DESC, model_id LIMIT ? OFFSET ?",
            to_json(experiment_ids),
            *values,
            limit,
            offset,
        )
        return [dict(from_json(row["record"])) for row in rows]
