"""The flag ``--auth`` of every command that may log in to Azure."""

from scaffold.errors import UsageError

METHODS = ("auto", "interactive", "device-code", "azure-cli", "service-principal", "managed-identity")
AUTH_HELP = f"How to log in to Azure: {', '.join(METHODS)}."


def checked_method(method: str) -> str:
    """The method, once it is one.

    Raises:
        UsageError: it is not.
    """
    if method not in METHODS:
        raise UsageError(f"There is no login method {method!r}.", f"Choose one of {', '.join(METHODS)}.")
    return method
