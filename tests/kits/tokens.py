"""Token files of the service, as an operator writes them."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["token_file", "token_table"]


def token_table(
    name: str, token: str = "", tenant: str = "", *, may: tuple[str, ...] = (), sha256: str = ""
) -> str:
    """Return the table of one token, in TOML; what is not given is left out."""
    fields = {"name": name, "token": token, "sha256": sha256, "tenant": tenant, "may": list(may)}
    lines = [f"{field} = {json.dumps(value)}" for field, value in fields.items() if value]
    return "\n".join(["[[token]]", *lines, "\n"])


def token_file(folder: Path, *tables: str) -> tuple[str, str]:
    """Write the tables into a file of `folder`, and return the options that name it."""
    path = folder / "tokens.toml"
    path.write_text("".join(tables))
    path.chmod(0o600)
    return "--token-file", str(path)
