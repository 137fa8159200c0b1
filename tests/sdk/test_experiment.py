"""``azureml.core.Experiment`` against the local workspace: each call by its effect as seen through another."""

from pathlib import Path

from tests.conftest import Machine
from tests.sdk.calls import given


def test_tags_archive_reactivate_and_delete(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        first = Experiment(ws, "exp-one")
        seen["same"] = Experiment(ws, "exp-one").id == first.id == ws.experiments["exp-one"].id
        first.tag("team", "salt and pepper (a)")
        first.set_tags({"stage": "1", "gone": "x"})
        first.remove_tags(["gone"])
        first.refresh()
        seen["tags"] = first.tags
        Experiment(ws, "exp-two").tag("stage", "2")
        names = lambda **how: sorted(e.name for e in Experiment.list(ws, **how) if e.name.startswith("exp-"))
        seen["all"] = names()
        seen["named"] = names(experiment_name="exp-two")
        seen["with key"] = names(tags="team")
        seen["with tag"] = names(tags={"stage": "2"})
        seen["with two"] = names(tags={"stage": "1", "team": "salt and pepper (a)"})
        seen["none"] = names(tags={"stage": "2", "team": "salt and pepper (a)"})

        first.archive()
        views = names(), names(view_type="ArchivedOnly"), names(view_type="All")
        seen["archived"] = (first.archived_time is not None, *views)
        first.reactivate()
        seen["back"] = (first.archived_time, names())

        run = first.start_logging(snapshot_directory=None)
        run.complete()
        first.archive()
        second = Experiment(ws, "exp-one")
        seen["a new one of the name"] = second.id != first.id
        seen["its run"] = (Run.get(ws, run.id).experiment.id == first.id, Run.get(ws, run.id).status)
        try:
            first.reactivate()
        except Exception as error:
            seen["clash"] = str(error)
        Experiment.delete(ws, second.id)
        first.reactivate()
        seen["reactivated"] = Experiment(ws, "exp-one").id == first.id
        try:
            Experiment.delete(ws, first.id)
        except Exception as error:
            seen["not empty"] = str(error)
        two = Experiment(ws, "exp-two")
        Experiment.delete(ws, two.id)
        seen["deleted"] = names()
        try:
            two.refresh()
        except Exception as error:
            seen["no more"] = str(error)
        """,
        cwd=tmp_path,
    )

    assert seen["same"]
    assert seen["tags"] == {"team": "salt and pepper (a)", "stage": "1"}
    assert seen["all"] == ["exp-one", "exp-two"]
    assert seen["named"] == seen["with tag"] == ["exp-two"]
    assert seen["with key"] == seen["with two"] == ["exp-one"]
    assert seen["none"] == []
    assert seen["archived"] == [True, ["exp-two"], ["exp-one"], ["exp-one", "exp-two"]]
    assert seen["back"] == [None, ["exp-one", "exp-two"]]
    assert seen["a new one of the name"]
    assert seen["its run"] == [True, "Completed"]
    assert "There is an active experiment 'exp-one' already." in seen["clash"]
    assert seen["reactivated"]
    assert "has runs" in seen["not empty"]
    assert seen["deleted"] == ["exp-one"]
    assert "was not found" in seen["no more"]


def test_the_runs_of_an_experiment_by_filter_and_page(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        from datetime import datetime, timedelta, timezone
        from azureml._run_impl.run_history_facade import RunHistoryFacade
        experiment = Experiment(ws, "queries")
        names = {}
        def started(name, **tags):
            run = experiment.start_logging(snapshot_directory=None, display_name=name)
            run.set_tags(tags)
            names[run.id] = name
            return run
        one, two = started("one", colour="red"), started("two", colour="it's \\"blue\\"")
        three = started("three", flag=None)
        two.add_properties({"made by": "me and you"})
        one.complete(); two.fail("why"); child = three.child_run("child"); names[child.id] = "child"
        child.complete()
        found = lambda **how: [names[r.id] for r in Run.list(experiment, **how)]
        seen["newest first"] = found()
        seen["with children"] = found(include_children=True)
        seen["get_runs"] = [names[r.id] for r in experiment.get_runs(tags={"colour": "red"})]
        seen["key"] = found(tags="colour")
        seen["quoted"] = found(tags={"colour": 'it\\'s "blue"'})
        seen["no value"] = found(tags="flag")
        seen["null"] = found(tags={"flag": None})
        seen["property"] = found(properties={"made by": "me and you"})
        seen["property key"] = found(properties="made by")
        seen["status"] = found(status="Failed")
        seen["both"] = found(status="Failed", tags={"colour": "red"})
        seen["type"] = found(type="azureml.scriptrun")
        query = lambda **how: [names[dto.run_id] for dto in RunHistoryFacade.get_runs(experiment, **how)]
        seen["paged"] = query(page_size=1)
        seen["oldest first"] = query(page_size=3, order_by=("CreatedUtc", "asc"))
        seen["after"] = query(created_after=datetime.now(timezone.utc) - timedelta(hours=1))
        seen["in future"] = query(created_after=datetime.now(timezone.utc) + timedelta(hours=1))
        seen["orchestrator"] = query(orchestrator="External", include_children=False)
        seen["trait"] = query(trait="unspecified")
        seen["no trait"] = query(trait="other")
        seen["target"] = query(target_name="local", include_children=False)
        by_ids = one._client.run.get_runs_by_run_ids([one.id, child.id])
        seen["ids"] = sorted(names[dto.run_id] for dto in by_ids)
        there = [dto.run_id for dto in RunHistoryFacade.get_runs_by_compute(ws, "local")]
        seen["compute"] = sorted(names[run_id] for run_id in there if run_id in names)
        from azureml._restclient.models.query_params_dto import QueryParamsDto
        client = one._client.run
        try:
            client._execute_with_experiment_arguments(
                client._client.run.get_by_query, query_params=QueryParamsDto(filter="Weight eq 3"))
        except Exception as error:
            seen["unknown"] = str(error)
        counts = one._client.run._execute_with_experiment_arguments(one._client.run._client.run.get_counts)
        seen["counts"] = (counts.completed, counts.failed, counts.running, counts.queued)
        three.cancel()
        """,
        cwd=tmp_path,
    )

    assert seen["newest first"] == ["three", "two", "one"]
    assert seen["with children"] == seen["paged"] == seen["after"] == ["child", "three", "two", "one"]
    assert seen["oldest first"] == ["one", "two", "three", "child"]
    assert seen["get_runs"] == ["one"]
    assert seen["key"] == ["two", "one"]
    assert seen["quoted"] == seen["property"] == seen["property key"] == seen["status"] == ["two"]
    assert seen["no value"] == seen["null"] == ["three"]
    assert seen["both"] == seen["type"] == seen["in future"] == seen["no trait"] == []
    assert seen["orchestrator"] == seen["trait"] == seen["target"] == ["three", "two", "one"]
    assert seen["ids"] == ["child", "one"]
    assert seen["compute"] == ["child", "one", "three", "two"]
    assert "Weight" in seen["unknown"]
    assert seen["counts"] == [2, 1, 1, 0]


def test_where_an_experiment_is_shown_and_what_it_is_called(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        import requests
        experiment = Experiment(ws, "shown")
        run = experiment.start_logging(snapshot_directory=None, display_name="the shown run")
        run.complete()
        seen["name"] = [experiment.name, experiment.workspace.name, experiment.id == Experiment(ws, "shown").id]
        page = requests.get(experiment.get_portal_url())
        seen["page"] = [page.status_code, "the shown run" in page.text]
        page = requests.get(run.get_portal_url())
        seen["run's page"] = [page.status_code, "the shown run" in page.text]
        seen["html"] = [experiment.id in experiment._repr_html_(), run.id in run._repr_html_()]
        try:
            Experiment(ws, "no spaces")
        except Exception as error:
            seen["bad"] = "alphanumeric" in str(error)
        """,
        cwd=tmp_path,
    )

    assert seen["name"] == ["shown", "local", True]
    assert seen["page"] == seen["run's page"] == [200, True]
    assert seen["html"] == [True, True]
    assert seen["bad"]
