"""What differs between runs, and between their snapshots."""

import zipfile
from pathlib import Path

from scaffold.runs import comparing, reading


def details(run_id: str, *arguments: str, variables: dict[str, str] | None = None, **record: object):
    answer = {
        "run": {"runId": run_id, **record},
        "url": "",
        "logs": [],
        "definition": {"arguments": list(arguments), "environmentVariables": variables or {}},
    }
    return reading.details_of(answer)


def metric(name: str, *values: object):
    return reading.metric_of({"name": name, "value": [{"data": {name: value}} for value in values]})


def archive(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in files.items():
            opened.writestr(name.replace("__", "."), content)
    return path


def test_facts_stand_side_by_side_and_say_whether_they_differ():
    runs = [
        details("a", "--lr", "1", tags={"k": "x"}, variables={"SEED": "1"}),
        details("b", "--lr", "2", "--fast", tags={"k": "x"}),
    ]
    metrics = [[metric("loss", 0.5, 0.25)], [metric("note", "text")]]

    sections = {name: {row.name: (row.values, row.differs) for row in rows}
                for name, rows in comparing.sections_of(runs, metrics)}  # fmt: skip

    assert sections["parameters"] == {"lr": (("1", "2"), True), "fast": ((None, "yes"), True)}
    assert sections["variables"] == {"SEED": (("1", None), True)}
    assert sections["tags"] == {"k": (("x", "x"), False)}
    assert sections["metrics"] == {"loss": ((0.25, None), True)}
    assert "command" not in sections["run"]


def test_files_are_added_removed_and_changed(tmp_path: Path):
    base = archive(
        tmp_path / "a.zip", same__py=b"1\n", gone__py=b"2\n", text__py=b"a\nb\n", data__bin=b"\0\1"
    )
    other = archive(
        tmp_path / "b.zip", same__py=b"1\n", new__py=b"3\n", text__py=b"a\nc\n", data__bin=b"\0\2"
    )

    changes = comparing.changes(base, other)

    assert [(change.path, change.how) for change in changes] == [
        ("data.bin", "changed"), ("gone.py", "removed"), ("new.py", "added"), ("text.py", "changed"),
    ]  # fmt: skip
    assert changes[0].lines is None
    assert changes[2].lines == ("--- /dev/null", "+++ b/new.py", "@@ -0,0 +1 @@", "+3")
    assert changes[3].lines[-3:] == (" a", "-b", "+c")


def test_a_run_without_a_snapshot_has_no_files(tmp_path: Path):
    (change,) = comparing.changes(None, archive(tmp_path / "b.zip", new__py=b"3\n"))

    assert (change.path, change.how) == ("new.py", "added")
