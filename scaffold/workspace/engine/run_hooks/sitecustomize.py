"""Runs at the start of every Python of a run: sees to it that what was logged has been sent when it ends.

The first Python, which runs a script of SDK v1, also gets the root of the snapshot at the end of ``sys.path``,
where Azure ML's wrapper (its ``ProjectPythonPath``) puts it for the script, and not for what the script starts.

azureml-core sends metrics in the background and leaves the last of them to whoever started the script:
on Azure ML a wrapper around the script calls ``_RunBase._kill``, which flushes every run object. This does
the same, and neither changes the SDK nor how the script is run. It must work on any Python from 3.6 on.
"""

import sys

_ROOT = "SCAFFOLD_SNAPSHOT_ROOT"
_TARGET = "azureml._run_impl.run_base"
_SECONDS = 300.0
_done = []


def flush():
    """Waits for the SDK's queues, as Azure ML's own wrapper does, without its three lines of output."""
    import contextlib
    import io

    module = sys.modules.get(_TARGET)
    if module is None or _done:
        return
    _done.append(True)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            module._RunBase._kill(timeout=_SECONDS)
    except Exception as error:
        sys.stderr.write("The last metrics of this run may not have been sent: {}\n".format(error))


class _Watcher:
    """Notices the first import of the SDK's run module; finds nothing itself."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == _TARGET:
            sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _Watcher]
            _at_end(flush)


def _at_end(function):
    """Has the function called when the script is over, while threads can still be started."""
    import concurrent.futures.thread  # noqa: F401  (it registers its own end, which must come after ours)
    import threading

    register = getattr(threading, "_register_atexit", None)
    if register is None:  # before Python 3.9 pools end with the other functions
        import atexit

        register = atexit.register
    register(function)


def _run_hidden():
    """Runs the ``sitecustomize`` that this one stands in front of, if there is one."""
    import importlib.machinery
    import os

    here = os.path.dirname(os.path.abspath(__file__))
    rest = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        import importlib.util

        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _add_root():
    """Puts the snapshot's root at the end of ``sys.path``, once, unless it is there."""
    import os

    root = os.environ.pop(_ROOT, None)
    if root and root not in sys.path:
        sys.path.append(root)


sys.meta_path.insert(0, _Watcher)
_run_hidden()
_add_root()
