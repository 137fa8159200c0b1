"""``azureml.core.Experiment`` against the local workspace: each call by its effect as seen through another."""

from pathlib import Path

from tests.conftest import Machine
from tests.sdk.scripts import say


def test_tags_archive_reactivate_and_delete(shared_machine: Machine, tmp_path: Path):
    said = say(
        shared_machine,
        tmp_path,
        """
        first = Experiment(ws, "exp-one")
        said["same"] = Experiment(ws, "exp-one").id == first.id == ws.experiments["exp-one"].id
        first.tag("team", "salt and pepper (a)")
        first.set_tags({"stage": "1", "gone": "x"})
        first.remove_tags(["gone"])
        first.refresh()
        said["tags"] = first.tags
        Experiment(ws, "exp-two").tag("stage", "2")
        names = lambda **how: sorted(e.name for e in Experiment.list(ws, **how) if e.name.startswith("exp-"))
        said["all"] = names()
        said["named"] = names(experiment_name="exp-two")
        said["with key"] = names(tags="team")
        said["with tag"] = names(tags={"stage": "2"})
        said["with two"] = names(tags={"stage": "1", "team": "salt and pepper (a)"})
        said["none"] = names(tags={"stage": "2", "team": "salt and pepper (a)"})

        first.archive()
        views = names(), names(view_type="ArchivedOnly"), names(view_type="All")
        said["archived"] = (first.archived_time is not None, *views)
        first.reactivate()
        said["back"] = (first.archived_time, names())

        run = first.start_logging(snapshot_directory=None)
        run.complete()
        first.archive()
        second = Experiment(ws, "exp-one")
        said["a new one of the name"] = second.id != first.id
        said["its run"] = (Run.get(ws, run.id).experiment.id == first.id, Run.get(ws, run.id).status)
        try:
            first.reactivate()
        except Exception as error:
            said["clash"] = str(error)
        Experiment.delete(ws, second.id)
        first.reactivate()
        said["reactivated"] = Experiment(ws, "exp-one").id == first.id
        try:
            Experiment.delete(ws, first.id)
        except Exception as error:
            said["not empty"] = str(error)
        two = Experiment(ws, "exp-two")
        Experiment.delete(ws, two.id)
        said["deleted"] = names()
        try:
            two.refresh()
        except Exception as error:
            said["no more"] = str(error)
        """,
    )

    assert said["same"]
    assert said["tags"] == {"team": "salt and pepper (a)", "stage": "1"}
    assert said["all"] == ["exp-one", "exp-two"]
    assert said["named"] == said["with tag"] == ["exp-two"]
    assert said["with key"] == said["with two"] == ["exp-one"]
    assert said["none"] == []
    assert said["archived"] == [True, ["exp-two"], ["exp-one"], ["exp-one", "exp-two"]]
    assert said["back"] == [None, ["exp-one", "exp-two"]]
    assert said["a new one of the name"]
    assert said["its run"] == [True, "Completed"]
    assert "There is an active experiment 'exp-one' already." in said["clash"]
    assert said["reactivated"]
    assert "has runs" in said["not empty"]
    assert said["deleted"] == ["exp-one"]
    assert "was not found" in said["no more"]


def test_the_runs_of_an_experiment_by_filter_and_page(shared_machine: Machine, tmp_path: Path):
    said = say(
        shared_machine,
        tmp_path,
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
        said["newest first"] = found()
        said["with children"] = found(include_children=True)
        said["get_runs"] = [names[r.id] for r in experiment.get_runs(tags={"colour": "red"})]
        said["key"] = found(tags="colour")
        said["quoted"] = found(tags={"colour": 'it\\'s "blue"'})
        said["no value"] = found(tags="flag")
        said["null"] = found(tags={"flag": None})
        said["property"] = found(properties={"made by": "me and you"})
        said["property key"] = found(properties="made by")
        said["status"] = found(status="Failed")
        said["both"] = found(status="Failed", tags={"colour": "red"})
        said["type"] = found(type="azureml.scriptrun")
        query = lambda **how: [names[dto.run_id] for dto in RunHistoryFacade.get_runs(experiment, **how)]
        said["paged"] = query(page_size=1)
        said["oldest first"] = query(page_size=3, order_by=("CreatedUtc", "asc"))
        said["after"] = query(created_after=datetime.now(timezone.utc) - timedelta(hours=1))
        said["in future"] = query(created_after=datetime.now(timezone.utc) + timedelta(hours=1))
        said["orchestrator"] = query(orchestrator="External", include_children=False)
        said["trait"] = query(trait="unspecified")
        said["no trait"] = query(trait="other")
        said["target"] = query(target_name="local", include_children=False)
        by_ids = one._client.run.get_runs_by_run_ids([one.id, child.id])
        said["ids"] = sorted(names[dto.run_id] for dto in by_ids)
        there = [dto.run_id for dto in RunHistoryFacade.get_runs_by_compute(ws, "local")]
        said["compute"] = sorted(names[run_id] for run_id in there if run_id in names)
        from azureml._restclient.models.query_params_dto import QueryParamsDto
        client = one._client.run
        try:
            client._execute_with_experiment_arguments(
                client._client.run.get_by_query, query_params=QueryParamsDto(filter="Weight eq 3"))
        except Exception as error:
            said["unknown"] = str(error)
        counts = one._client.run._execute_with_experiment_arguments(one._client.run._client.run.get_counts)
        said["counts"] = (counts.completed, counts.failed, counts.running, counts.queued)
        three.cancel()
        """,
    )

    assert said["newest first"] == ["three", "two", "one"]
    assert said["with children"] == said["paged"] == said["after"] == ["child", "three", "two", "one"]
    assert said["oldest first"] == ["one", "two", "three", "child"]
    assert said["get_runs"] == ["one"]
    assert said["key"] == ["two", "one"]
    assert said["quoted"] == said["property"] == said["property key"] == said["status"] == ["two"]
    assert said["no value"] == said["null"] == ["three"]
    assert said["both"] == said["type"] == said["in future"] == said["no trait"] == []
    assert said["orchestrator"] == said["trait"] == said["target"] == ["three", "two", "one"]
    assert said["ids"] == ["child", "one"]
    assert said["compute"] == ["child", "one", "three", "two"]
    assert "Weight" in said["unknown"]
    assert said["counts"] == [2, 1, 1, 0]


def test_where_an_experiment_is_shown_and_what_it_is_called(shared_machine: Machine, tmp_path: Path):
    said = say(
        shared_machine,
        tmp_path,
        """
        import requests
        experiment = Experiment(ws, "shown")
        run = experiment.start_logging(snapshot_directory=None, display_name="the shown run")
        run.complete()
        said["name"] = [experiment.name, experiment.workspace.name, experiment.id == Experiment(ws, "shown").id]
        page = requests.get(experiment.get_portal_url())
        said["page"] = [page.status_code, "the shown run" in page.text]
        page = requests.get(run.get_portal_url())
        said["run's page"] = [page.status_code, "the shown run" in page.text]
        said["html"] = [experiment.id in experiment._repr_html_(), run.id in run._repr_html_()]
        try:
            Experiment(ws, "no spaces")
        except Exception as error:
            said["bad"] = "alphanumeric" in str(error)
        """,
    )

    assert said["name"] == ["shown", "local", True]
    assert said["page"] == said["run's page"] == [200, True]
    assert said["html"] == [True, True]
    assert said["bad"]
