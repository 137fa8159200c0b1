"""What the service keeps of the variables of whoever happens to start it, and what of that runs get: one table.

The service serves everybody who submits to this workspace later, from other shells and other projects. So it keeps
what describes the machine and how programs reach the network, and no more: neither the logins of the shell that
started it nor that shell's own settings reach a run. What a run needs beside that, its configuration says
(``environment_variables``, ``--env``). A run of ``compute_target="local"`` has its submitter's own variables.

A name that sounds like a secret is not kept, whatever the table says, but for the passwords of package indexes.
Where a build needs another one (a channel's token that ``.condarc`` refers to), ``SCAFFOLD_KEEP`` names it; runs
never get it.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """A row of the table.

    Attributes:
        why: what the variables are for.
        names: of the variables, in capitals; ``*`` stands for any end.
        runs: whether runs get them; else only the service and the builds of environments do.
    """

    why: str
    names: tuple[str, ...]
    runs: bool = True


KEPT = (
    Kept("the user and the machine", (
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "HOSTNAME", "LANG", "LANGUAGE", "LC_*", "TZ", "TZDIR", "TERM",
        "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_STATE_HOME",
        "XDG_RUNTIME_DIR", "__CF_USER_TEXT_ENCODING",
    )),
    Kept("the same on Windows", (
        "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "OS", "USERPROFILE", "USERNAME", "USERDOMAIN",
        "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "ALLUSERSPROFILE", "PROGRAMFILES*",
        "PROGRAMW6432", "COMMONPROGRAM*", "COMPUTERNAME", "PUBLIC", "PROCESSOR_*", "NUMBER_OF_PROCESSORS",
        "PSMODULEPATH",
    )),
    Kept("folders for temporary files", ("TMPDIR", "TEMP", "TMP")),
    Kept("the way to the network", ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY")),
    Kept("whom to trust there", (
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
        "GIT_SSL_CAINFO",
    )),
    Kept("shared libraries and accelerators", (
        "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "CUDA_*", "CUDNN_*", "NVIDIA_*", "NCCL_*",
        "ROCM_*", "HIP_*", "HSA_*", "ROCR_*", "GPU_DEVICE_ORDINAL", "ZE_*", "ONEAPI_*", "JAVA_HOME",
    )),
    Kept("how many threads numeric libraries start", (
        "OMP_*", "MKL_*", "OPENBLAS_*", "BLIS_*", "KMP_*", "GOTO_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_*",
        "NUMBA_*",
    )),
    Kept("where large downloads are cached", (
        "HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "TORCH_HOME", "NLTK_DATA",
    )),
    Kept("settings of pip, uv and conda", (
        "PIP_*", "UV_*", "CONDA_*", "CONDARC", "MAMBA_*", "MAMBARC", "RATTLER_*", "PYENV_ROOT", "NETRC",
    ), runs=False),
    Kept("what fetching and compiling packages takes", (
        "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS",
        "GIT_SSH", "GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "CC", "CXX", "FC",
        "CPP", "LD", "AR", "CFLAGS", "CPPFLAGS", "CXXFLAGS", "LDFLAGS", "ARCHFLAGS", "MAKEFLAGS", "CMAKE_*", "CPATH",
        "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "PKG_CONFIG_PATH", "MACOSX_DEPLOYMENT_TARGET",
        "SDKROOT", "DEVELOPER_DIR", "INCLUDE", "LIB", "LIBPATH", "VCINSTALLDIR", "VSINSTALLDIR", "WINDOWSSDKDIR",
        "CARGO_HOME", "RUSTUP_HOME",
    ), runs=False),
    Kept("the service's own settings and modules", ("SCAFFOLD_*", "PYTHON*"), runs=False),
)  # fmt: skip
_SECRET = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|_PASS$|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_AUTH$|^UV_PUBLISH_"
)
_OF_AN_INDEX = re.compile(r"UV_INDEX_\w+_PASSWORD")
_MARKS = "SCAFFOLD_KIN_"


def kept(environment: Mapping[str, str] = os.environ, *, runs: bool = False) -> dict[str, str]:
    """The variables that the service keeps, or of those the ones that runs get.

    Args:
        environment: of whoever starts the service; or the service's own.
        runs: whether they are for a run.
    """
    names = [name for row in KEPT if row.runs or not runs for name in row.names]
    whole = {name for name in names if not name.endswith("*")}
    asked = (
        set() if runs else {name.strip().upper() for name in environment.get("SCAFFOLD_KEEP", "").split(",")}
    )
    beginnings = tuple(name[:-1] for name in names if name.endswith("*"))
    return {
        name: value
        for name, value in environment.items()
        if name.upper() in asked
        or ((name.upper() in whole or name.upper().startswith(beginnings)) and not _is_secret(name.upper()))
    }


def _is_secret(name: str) -> bool:
    return name.startswith(_MARKS) or (bool(_SECRET.search(name)) and not _OF_AN_INDEX.fullmatch(name))
