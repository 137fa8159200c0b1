"""Functions, methods and attributes of which everybody knows whether they give a number, by their names."""

import ast
from collections.abc import Mapping

# Of these with one value behind them, and no axis.
REDUCTIONS = frozenset({"mean", "sum", "std", "var", "min", "max", "median", "prod", "ptp"})

_BUILT_IN = {
    "len",
    "int",
    "float",
    "ord",
    "hash",
    "id",
    "bool",
    "isinstance",
    "callable",
    "hasattr",
    "any",
    "all",
}
_NUMBERS = {
    *(
        "item",
        "numel",
        "perf_counter",
        "monotonic",
        "process_time",
        "thread_time",
        "time_ns",
        "perf_counter_ns",
    ),
    *(
        "getsize",
        "getpid",
        "device_count",
        "total_seconds",
        "timestamp",
        "toordinal",
        "startswith",
        "endswith",
    ),
    *(
        "accuracy_score",
        "balanced_accuracy_score",
        "matthews_corrcoef",
        "cohen_kappa_score",
        "log_loss",
        "hinge_loss",
    ),
    *("zero_one_loss", "hamming_loss", "brier_score_loss", "auc", "silhouette_score", "davies_bouldin_score"),
    *(
        "calinski_harabasz_score",
        "adjusted_rand_score",
        "adjusted_mutual_info_score",
        "normalized_mutual_info_score",
    ),
    *("v_measure_score", "homogeneity_score", "completeness_score", "fowlkes_mallows_score", "max_error"),
    *("mean_poisson_deviance", "mean_gamma_deviance", "ndcg_score", "dcg_score", "label_ranking_loss"),
}
# Numbers, unless they are asked for one of each class or output.
_AVERAGED = {
    *("f1_score", "fbeta_score", "precision_score", "recall_score", "jaccard_score", "roc_auc_score"),
    *(
        "average_precision_score",
        "mean_squared_error",
        "mean_absolute_error",
        "root_mean_squared_error",
        "r2_score",
    ),
    *(
        "median_absolute_error",
        "mean_absolute_percentage_error",
        "explained_variance_score",
        "mean_squared_log_error",
    ),
    *("mean_pinball_loss", "d2_absolute_error_score", "top_k_accuracy_score"),
}
NUMPY = ("np", "numpy")
ELEMENTWISE = frozenset(
    {"sqrt", "exp", "log", "log2", "log10", "abs", "round", "floor", "ceil", "square", "absolute"}
)
_OF_NUMPY = {
    *(
        "float",
        "float16",
        "float32",
        "float64",
        "float128",
        "int",
        "int8",
        "int16",
        "int32",
        "int64",
        "double",
    ),
    *(
        "bool_",
        "uint8",
        "count_nonzero",
        "ndim",
        "size",
        "mean",
        "sum",
        "std",
        "var",
        "median",
        "average",
        "prod",
    ),
    *(
        "nanmean",
        "nanstd",
        "nansum",
        "nanmedian",
        "trace",
        "vdot",
        "argmax",
        "argmin",
        "amax",
        "amin",
        "max",
        "min",
    ),
}
_ARRAYS_OF_NUMPY = {
    *(
        "array",
        "asarray",
        "zeros",
        "ones",
        "empty",
        "full",
        "arange",
        "linspace",
        "logspace",
        "eye",
        "identity",
    ),
    *(
        "concatenate",
        "stack",
        "vstack",
        "hstack",
        "loadtxt",
        "genfromtxt",
        "histogram",
        "meshgrid",
        "zeros_like",
    ),
    *("ones_like", "reshape", "ravel", "where", "diff", "cumsum", "sort", "argsort", "unique"),
}
_ARRAYS = {
    *(
        "cross_val_score",
        "predict",
        "predict_proba",
        "decision_function",
        "confusion_matrix",
        "cross_val_predict",
    ),
    *("fit_transform", "to_numpy", "ravel", "flatten"),
}

_TEXTS = {
    *("str", "repr", "format", "ascii", "hex", "bin", "oct", "chr", "input"),
    *(
        "join",
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "capitalize",
        "replace",
        "strftime",
        "isoformat",
    ),
    *(
        "hexdigest",
        "ctime",
        "asctime",
        "decode",
        "dumps",
        "getcwd",
        "basename",
        "dirname",
        "abspath",
        "gethostname",
    ),
    *(
        "zfill",
        "ljust",
        "rjust",
        "removeprefix",
        "removesuffix",
        "getuser",
        "as_posix",
        "readline",
        "mkdtemp",
    ),
    *("classification_report",),
}
_OTHERS = {
    *(
        "dict",
        "set",
        "frozenset",
        "bytes",
        "bytearray",
        "range",
        "enumerate",
        "zip",
        "map",
        "filter",
        "reversed",
    ),
    *("Path", "PurePath", "PosixPath", "WindowsPath", "now", "utcnow", "today", "fromtimestamp", "strptime"),
    *(
        "timedelta",
        "datetime",
        "getenv",
        "uuid4",
        "uuid1",
        "listdir",
        "glob",
        "rglob",
        "walk",
        "split",
        "splitlines",
    ),
    *("keys", "values", "items", "print", "get_params", "encode", "complex", "type", "object"),
    *("defaultdict", "OrderedDict", "Counter", "deque", "open", "Thread", "dir", "vars", "locals", "globals"),
    *(
        "read_csv",
        "read_parquet",
        "read_json",
        "read_excel",
        "DataFrame",
        "Series",
        "describe",
        "value_counts",
    ),
}

NUMBER_ATTRIBUTES = frozenset({"best_score_", "ndim", "maxsize", "pi", "best_iteration_"})
TEXT_ATTRIBUTES = frozenset({"__name__", "__version__", "__doc__", "__file__", "__qualname__", "__module__"})
OTHER_ATTRIBUTES = frozenset(
    {"best_params_", "coef_", "feature_importances_", "classes_", "dtypes", "dtype", "columns"}
)
MODULES_OF_TEXTS = frozenset({"string"})


def is_number(called: str, whole: str, keywords: Mapping[str | None, ast.expr], given: int) -> bool:
    """Whether a call gives a number for sure.

    Args:
        called: the last part of what is called.
        whole: all of it; empty where it is not of names alone.
        keywords: what it is given by name.
        given: how much it is given by place.
    """
    owner = whole.rpartition(".")[0]
    if owner in NUMPY and called in _OF_NUMPY:
        alone = given == 1 and not {"axis", "keepdims", "weights", "returned"} & set(keywords)
        return alone or _plain(called)
    if called in _AVERAGED:
        return not {"average", "multioutput"} & {name for name in keywords if not _says_one(keywords[name])}
    if owner in ("time", "math", "random", "os.path") and called not in (
        "choice",
        "sample",
        "choices",
        "shuffle",
    ):
        return called not in (*_TEXTS, *_OTHERS) and _is_of(owner, called)
    if called == "score":
        return given >= 2
    return whole in _BUILT_IN or (called in _NUMBERS and owner not in NUMPY)


def _plain(called: str) -> bool:
    return called.startswith(("float", "int", "uint", "double")) or called in ("bool_", "ndim", "size")


def _says_one(value: ast.expr) -> bool:
    """Whether an average is one that gives one number."""
    return isinstance(value, ast.Constant) and value.value in (
        *("binary", "micro", "macro", "weighted", "samples", "uniform_average", "variance_weighted"),
    )


def _is_of(owner: str, called: str) -> bool:
    if owner == "time":
        return called in ("time", "perf_counter", "monotonic", "process_time", "time_ns")
    if owner == "math":
        return called not in ("modf", "frexp")
    if owner == "random":
        return called in (
            "random",
            "uniform",
            "randint",
            "randrange",
            "gauss",
            "normalvariate",
            "betavariate",
        )
    return called in ("getsize", "getmtime", "exists", "isfile", "isdir")


def is_text(called: str, whole: str) -> bool:
    """Whether a call gives a text for sure."""
    return called in _TEXTS or whole.rpartition(".")[0] == "platform" or whole == "os.path.join"


def is_array(called: str, whole: str) -> bool:
    """Whether a call gives an array for sure."""
    owner = whole.rpartition(".")[0]
    return called in _ARRAYS or (owner in NUMPY and called in _ARRAYS_OF_NUMPY)


def is_other(called: str, whole: str) -> bool:
    """Whether a call gives neither a number nor a text for sure."""
    return called in _OTHERS or whole in ("datetime.date", "datetime.timedelta")
