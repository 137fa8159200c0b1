"""How quickly the pages answer: a run's page, a list of ten thousand runs, a printed line in the browser."""

import http.client
import json
import random
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import projects
from benchmarks.machine import BrokenError, Machine
from benchmarks.measure import Result, Samples

RUNS = 10_000
_LINES = 25
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# A line tells when it was printed, by the clock that the browser's page has as well.
_TELLING = f"""
import sys, time
time.sleep(3.0)
for number in range({_LINES}):
    print("printed", time.time_ns() // 1000, flush=True)
    time.sleep(0.31)
"""


class Pages:
    """The pages of a machine's workspace, as its owner asks for them."""

    def __init__(self, machine: Machine) -> None:
        state = machine.root / "state"
        self.port = int(json.loads((state / "service.json").read_bytes())["http_port"])
        self.secret = json.loads((state / "secrets" / "keys.json").read_bytes())["portal"]
        self._cookie = {"Cookie": f"scaffold={self.secret}"}

    def get(self, path: str) -> tuple[float, float]:
        """Seconds to the first byte of a page and to its last, on a connection of its own.

        Raises:
            BrokenError: it is not answered with a page.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        started = time.perf_counter()
        connection.request("GET", path, headers=self._cookie)
        response = connection.getresponse()
        first = time.perf_counter() - started
        response.read()
        whole = time.perf_counter() - started
        connection.close()
        if response.status != 200:
            raise BrokenError(f"GET {path}: {response.status}")
        return first, whole


def run_page(machine: Machine, runs: int) -> list[Result]:
    """A run's page: its first byte, and until a browser has all of it."""
    project = projects.generated(machine)
    told = machine.output("scaffold", "submit", "--follow", "--json", cwd=project)
    run_id = re.findall(r'"run_id": "([^"]+)"', told)[-1]
    pages = Pages(machine)
    results = [_timed(pages, f"/runs/{run_id}", runs, "a run's page, first byte", 0.1)]
    with _browser(pages) as page:
        values = []
        for _ in range(runs + 1):
            page.goto(f"http://127.0.0.1:{pages.port}/runs/{run_id}", wait_until="load")
            values.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000)
    measured = Samples(values[1:])
    return [*results, Result("a run's page, loaded in a browser", measured)]


def run_list(machine: Machine, runs: int) -> list[Result]:
    """Lists of ten thousand runs: the newest, sorted by a metric, searched."""
    machine.output("scaffold", "workspace", "start")
    machine.output("scaffold", "workspace", "stop")
    fill(machine.root / "state", RUNS)
    machine.output("scaffold", "workspace", "start")
    pages = Pages(machine)
    asked = {
        "the newest": "/experiments/many",
        "the last page": f"/experiments/many?page={RUNS // 50}",
        "by a metric": "/experiments/many?sort=metrics.loss&order=asc",
        "searched": "/experiments/many?q=run+777",
        "filtered": "/experiments/many?filter=metrics.loss+%3C+0.01",
        "of all experiments": "/runs",
        "experiments": "/",
    }
    return [_timed(pages, path, runs, f"{RUNS} runs, {name}", 0.1) for name, path in asked.items()]


def _timed(pages: Pages, path: str, runs: int, name: str, aim: float) -> Result:
    pages.get(path)
    measured = Samples([pages.get(path)[0] for _ in range(runs)])
    return Result(name, measured, None, f"≤ {aim} s", measured.median <= aim)


def fill(state: Path, count: int) -> None:
    """Writes so many finished runs with metrics and tags into a workspace that is not running."""
    from scaffold.workspace.paths import Home
    from scaffold.workspace.runs import Status
    from scaffold.workspace.store import Store
    from scaffold.workspace.store.database import timestamp
    from scaffold.workspace.store.metrics import MetricValue

    store, draw = Store(Home(state)), random.Random(7)
    definition = json.loads(_DEFINITION)
    with store.database.transaction():
        experiment = store.experiments.ensure("many")
        for number in range(count):
            run_id = f"many_{number:06d}"
            store.runs.create(
                run_id,
                experiment.experiment_id,
                status=Status.RUNNING,
                started=timestamp(),
                display_name=f"run {number}",
                target="cpu-cluster",
                script_name="train.py",
                definition=definition,
                tags={"kind": draw.choice("abc")},
            )
            store.runs.move(run_id, Status.FAILED if number % 9 == 0 else Status.COMPLETED)
            store.metrics.add(
                [
                    MetricValue(run_id, name, f"{run_id}{name}{step}", timestamp(), {name: "Double"},
                                {name: draw.random()}, "azureml.v1.scalar", step)
                    for name in ("accuracy", "loss")
                    for step in range(3)
                ]
            )  # fmt: skip
    store.close()


_DEFINITION = json.dumps(
    {
        "script": "train.py",
        "arguments": ["--lr", "0.1"],
        "environment": {
            "name": "env",
            "python": {"condaDependencies": {"dependencies": ["python=3.11", {"pip": ["x"] * 40}]}},
        },
        "padding": "x" * 4000,
    }
)


def log_delay(machine: Machine, runs: int) -> list[Result]:
    """From ``print`` in the script to the line in a browser that shows the log."""
    project = projects.generated(machine)
    projects.script_of(project).write_text(_TELLING)
    machine.output("scaffold", "submit", "--follow", cwd=project)  # so that the environment is there
    values: list[float] = []
    pages = Pages(machine)
    with _browser(pages) as page:
        while len(values) < runs * 5:
            told = machine.output("scaffold", "submit", "--json", cwd=project)
            run_id = re.findall(r'"run_id": "([^"]+)"', told)[-1]
            page.goto(f"http://127.0.0.1:{pages.port}/runs/{run_id}/logs", wait_until="load")
            page.evaluate(_WATCHING)
            page.wait_for_selector(".run-head .status.Completed", timeout=60_000)
            values += [delay / 1e6 for delay in page.evaluate("window.delays").values()]
            machine.settle()
    measured = Samples(values)
    return [Result("print to the line in the browser", measured, None, "≤ 0.3 s", measured.median <= 0.3)]


# Of every line the first time that it is seen, in microseconds after it was printed.
_WATCHING = """
window.delays = {};
const look = () => {
  for (const line of document.querySelectorAll('.log-line .tx')) {
    const printed = /printed (\\d+)/.exec(line.textContent)?.[1];
    if (printed && !(printed in window.delays)) {
      window.delays[printed] = (performance.timeOrigin + performance.now()) * 1000 - Number(printed);
    }
  }
};
look(); window.delays = Object.fromEntries(Object.keys(window.delays).map((key) => [key, 0]));
const before = new Set(Object.keys(window.delays));
window.delays = {};
new MutationObserver(() => { look(); before.forEach((key) => delete window.delays[key]); })
  .observe(document.body, { subtree: true, childList: true, characterData: true });
"""


@contextmanager
def _browser(pages: Pages) -> Iterator[Any]:
    """A page of a browser in which the workspace was opened.

    Raises:
        BrokenError: there is no browser.
    """
    from playwright.sync_api import sync_playwright

    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
        None,
    )
    if found is None:
        raise BrokenError("There is no Chromium; scripts/browser.sh installs it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_FLAGS))
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{pages.port}/{pages.secret}/")
        yield page
        browser.close()
