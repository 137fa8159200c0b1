"""The application of the pages' port: which addresses there are."""

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from scaffold.workspace import addresses  # noqa: F401  (makes {…:any} known)
from scaffold.workspace.context import Context
from scaffold.workspace.portal import actions, live, serving
from scaffold.workspace.portal.controls import Controls
from scaffold.workspace.portal.gate import Gate
from scaffold.workspace.portal.pages import View, missing, page
from scaffold.workspace.portal.views import code, compare, files, lists, metrics, records, run, service

# Every page: its address, what it shows, how (None: as JSON alone, which our scripts ask for). The twin of each has
# the same address with ``.json`` behind it.
PAGES: tuple[tuple[str, View, str | None], ...] = (
    ("/", lists.experiments, "experiments.html"),
    ("/experiments", lists.experiments, "experiments.html"),
    ("/experiments/id/{experiment_id}", lists.experiment, "runs.html"),
    ("/experiments/{experiment:path}", lists.experiment, "runs.html"),
    ("/runs", lists.runs, "runs.html"),
    ("/runs/{run_id}", run.details, "details.html"),
    ("/runs/{run_id}/environment", run.environment, "environment.html"),
    ("/runs/{run_id}/metrics", metrics.page, "metrics.html"),
    ("/runs/{run_id}/metric", metrics.one, None),
    ("/runs/{run_id}/images", metrics.images, "images.html"),
    ("/runs/{run_id}/snapshot", files.snapshot, "snapshot.html"),
    ("/runs/{run_id}/snapshot/{path:any}", files.snapshot, "snapshot.html"),
    ("/runs/{run_id}/logs", files.outputs, "logs.html"),
    ("/runs/{run_id}/logs/{path:any}", files.outputs, "logs.html"),
    ("/runs/{run_id}/children", run.children, "children.html"),
    ("/runs/{run_id}/code", code.page, "code.html"),
    ("/compare", compare.page, "compare.html"),
    ("/environments", records.environments, "environments.html"),
    ("/environments/built/{key}", records.built, "built.html"),
    ("/environments/{name:path}", records.environment, "definition.html"),
    ("/models", records.models, "models.html"),
    ("/models/{name:path}", records.model, "model.html"),
    ("/datasets", records.datasets, "datasets.html"),
    ("/datasets/{name:path}", records.dataset, "dataset.html"),
    ("/computes", records.computes, "computes.html"),
    ("/service", service.page, "service.html"),
)


def portal_app(context: Context, controls: Controls) -> ASGIApp:
    """The application of the pages' port.

    Args:
        context: the workspace; the pages only read it.
        controls: what a person can do from a page.
    """
    app = Starlette(
        routes=[
            Route("/live", live.lists),
            Route("/runs/{run_id}/live", live.run),
            Route("/runs/{run_id}/lines/{path:any}", serving.lines),
            Route("/runs/{run_id}/file/{path:any}", serving.artifact),
            Route("/runs/{run_id}/source/{path:any}", serving.snapshot_file),
            Route("/runs/{run_id}/snapshot.zip", serving.snapshot_zip),
            Route("/runs/{run_id}/cancel", actions.action(actions.cancel), methods=["POST"]),
            Route("/runs/{run_id}/resubmit", actions.action(actions.resubmit), methods=["POST"]),
            Route("/runs/{run_id}/tags", actions.action(actions.tag), methods=["POST"]),
            Route("/static/{name:path}", serving.static),
            *(route for template in PAGES for route in _routes(*template)),
            Route("/{rest:any}", _missing),
        ]
    )
    app.router.redirect_slashes = False
    app.state.context = context
    app.state.controls = controls
    return Gate(app, context)


def _routes(address: str, view: View, template: str | None) -> list[Any]:
    routes = [Route(address, page(view, template))]
    # An address that ends with a name finds its twin by itself: the name may end with .json.
    if address != "/" and not address.endswith("}"):
        routes.append(Route(f"{address}.json", page(view, template, twin=True)))
    return routes


async def _missing(request: Request) -> Response:
    return missing(request)
