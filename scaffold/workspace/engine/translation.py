"""Conda packages said as PyPI requirements, for when no conda channel can be reached.

It is second best, and whoever uses it says so: what became of each package is in ``Specification.translated``.
"""

import re

import msgspec

from scaffold.conda_names import PYPI_NAMES
from scaffold.workspace.engine.matchspec import pip_version, read_match
from scaffold.workspace.engine.specification import Specification, pip_itself

# Conda packages that are no Python distribution: compilers, libraries, drivers.
NOT_ON_PYPI = re.compile(
    r"^(_.*|lib(gcc|gomp|gfortran|stdcxx|blas|cblas|lapack|lapacke|openblas|png|jpeg.*|tiff|webp.*|xml2|xslt|"
    r"curl|uuid|ffi|edit|iconv|zlib|nsl|sodium|spatialite|gdal|protobuf|sqlite|ssh2|nghttp2|aio|boost.*|cu.*|"
    r"nv.*|npp.*)(-.*|_.*)?|cudatoolkit|cudnn|nccl|gcc.*|gxx.*|g\+\+|make|cmake|git|openmpi|mpich|mkl|blas|"
    r"openblas|vs20\d\d.*|vc|ca-certificates|openssl|zlib|bzip2|xz|sqlite|tk|readline|ncurses|nodejs|graphviz|"
    r"ffmpeg|cpuonly|pytorch-cuda|cuda.*|nomkl|r-.*|openjdk|conda|mamba)$"
)


def to_pip(specification: Specification) -> Specification:
    """The same environment from PyPI, with a sentence for every conda package in ``translated``.

    Raises:
        SpecificationError: pip has no way to say a version.
    """
    if specification.conda is None:
        return specification
    # What pip is asked for comes first, as the resolver prefers new versions of what it reads first: conda's packages
    # are there when pip comes, which replaces one of them where what it was asked for needs another version.
    requirements = [*pip_itself(specification.conda.packages), *specification.requirements]
    translated: list[str] = []
    for entry in specification.conda.packages:
        name, version = read_match(entry)
        if name in ("python", "pip"):
            continue
        if NOT_ON_PYPI.match(name):
            translated.append(f"{entry}: left out, it is not a Python package")
        else:
            line = f"{PYPI_NAMES.get(name, name)}{pip_version(version)}"
            requirements.append(line)
            translated.append(f"{entry}: {line} from PyPI")
    return msgspec.structs.replace(
        specification,
        conda=None,
        requirements=tuple(requirements),
        translated=tuple(translated),
    )
