"""The steps of a tabular output (``OutputFileDatasetConfig.read_delimited_files`` and the like), for the reader.

azureml-core sends them as blocks of the older reader (``azureml.data._dataprep_stub``), and the service
turns them into the present one's (``azureml.data._dataprep_helper``) when the run is over. So does this.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from scaffold.workspace import untrusted
from scaffold.workspace.engine.data.dataflow import DataError

_HEADERS = {
    0: "no_header",
    1: "from_first_file",
    2: "all_files_different_headers",
    3: "all_files_same_headers",
}
_TABLES = ("ParseDelimitedBlock", "ReadParquetFileBlock", "ParseJsonLinesBlock")


class _Block(msgspec.Struct):
    type: str
    arguments: dict[str, Any] = {}

    @property
    def name(self) -> str:
        return self.type.rpartition(".")[2]


class _Blocks(msgspec.Struct):
    blocks: list[_Block] = []


def steps_of(what: str, stub: str | None) -> tuple[list[dict[str, Any]], bool]:
    """The reader's steps, and whether they make a table of the files.

    Args:
        what: whose they are, for a message.
        stub: the blocks as JSON text, or None.

    Raises:
        DataError: one of them is not known here.
    """
    if not stub:
        return [], False
    try:
        blocks = msgspec.convert(untrusted.decoded(stub.encode()), _Blocks).blocks
        steps = [_STEPS[block.name](block.arguments) for block in blocks if _known(what, block)]
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{what}: its transformations cannot be understood.") from None
    return steps, any(block.name in _TABLES for block in blocks)


def _known(what: str, block: _Block) -> bool:
    if block.name not in _STEPS:
        raise DataError(
            f"{what} has the transformation {block.name}, which is not done here.", supported=False
        )
    return True


def _columns(arguments: dict[str, Any]) -> list[str]:
    columns: list[str] = arguments["columns"]["details"]["selectedColumns"]
    return columns


def _delimited(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "read_delimited": {
            "path_column": "Path",
            "include_path_column": True,
            "encoding": "utf8",
            "support_multi_line": bool(arguments["handleQuotedLineBreaks"]),
            "delimiter": arguments["separator"],
            "empty_as_string": False,
            "partition_size": 20971520,
            "header": _HEADERS[arguments["columnHeadersMode"]],
            "infer_column_types": False,
        }
    }


def _parquet(_: dict[str, Any]) -> dict[str, Any]:
    return {"read_parquet": {"path_column": "Path", "include_path_column": True}}


def _partition(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "extract_columns_from_partition_format": {
            "path_column": "Path",
            "partition_format": arguments["partitionFormat"],
            "ignore_errors": bool(arguments["ignoreError"]),
        }
    }


def _sample(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "sample": {
            "sampler": "random_percent",
            "sampler_arguments": {
                "probability": arguments["probability"],
                "probability_lower_bound": arguments["probabilityLowerBound"],
                "seed": arguments["seed"],
            },
        }
    }


def _filter(arguments: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"r": ["Function", [["row"], {"r": []}, arguments["expression"]]]}
    source = {"r": ["Function", [[], {"r": []}, row]]}
    return {
        "filter": {
            "language": "Native",
            "function_source": msgspec.json.encode(source).decode(),
            "function_name": "",
        }
    }


_STEPS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "ParseDelimitedBlock": _delimited,
    "ReadParquetFileBlock": _parquet,
    "DropColumnsBlock": lambda arguments: {"drop_columns": _columns(arguments)},
    "KeepColumnsBlock": lambda arguments: {"keep_columns": _columns(arguments)},
    "AddColumnsFromPartitionFormatBlock": _partition,
    "TakeSampleBlock": _sample,
    "ExpressionFilterBlock": _filter,
}
