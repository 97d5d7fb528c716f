"""samepic token ACTION: make, list and revoke the tokens of samepic serve."""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path

from samepic.cli.command import SAME, UsageError
from samepic.cli.options import add_shared, print_result
from samepic.cli.output import table

DESCRIPTION = "Make, list or revoke the tokens of samepic serve."

EPILOG = """\
`new` prints the token once: the file holds only its SHA-256. Without a file it prints the table for one, too.
A service reads its tokens when it starts: restart it after a change.

exit status: 0 done, 2 trouble: no such token, a name that is taken, a file that holds no [[token]] tables

examples:
  samepic token new --tenant shop --may check,admit --token-file tokens.toml
  samepic token list --token-file tokens.toml
  samepic token revoke --name shop --token-file tokens.toml
  samepic serve --store uploads.db --host 0.0.0.0 --token-file tokens.toml"""

_FILE = "SAMEPIC_TOKEN_FILE"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    text = "new, list or revoke"
    parser.add_argument("action", metavar="ACTION", choices=("new", "list", "revoke"), help=text)
    text = "the name of the token in the log (for a new one by default that of the tenant)"
    parser.add_argument("--name", metavar="NAME", help=text)
    text = f"the token file of the service (default: ${_FILE})"
    parser.add_argument("--token-file", metavar="FILE", help=text)
    text = "the tenant of a new token (default: the collection without a name)"
    parser.add_argument("--tenant", metavar="NAME", default="", help=text)
    text = "the rights of a new token, such as check,admit (default: all; with a tenant all but metrics)"
    parser.add_argument("--may", metavar="RIGHTS", help=text)
    add_shared(parser, "--json")


def run(args: argparse.Namespace) -> int:
    given = args.token_file or os.environ.get(_FILE)
    if args.action == "new":
        return _new(args, Path(given) if given else None)
    if not given:
        raise UsageError(f"--token-file: expected a file, or ${_FILE}, found none")
    return (_list if args.action == "list" else _revoke)(args, Path(given))


def _new(args: argparse.Namespace, path: Path | None) -> int:
    import hashlib
    from secrets import token_urlsafe

    from samepic.service.settings import parse_tokens
    from samepic.writing import create_private

    text = _read(path) if path and path.exists() else ""
    written = re.search(r"(?m)^\s*[^#\s]", text)
    taken = [token.name for token in parse_tokens(text, str(path))] if written else []
    name = args.name or args.tenant or "token"
    if name in taken:
        raise UsageError(f"--name: expected a new one, found {name!r}, which {path} has")
    secret = token_urlsafe(32)
    fields = {"name": name, "sha256": hashlib.sha256(secret.encode()).hexdigest()}
    fields |= {"tenant": args.tenant} if args.tenant else {}
    rights = {"may": [right.strip() for right in args.may.split(",")]} if args.may else {}
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in (fields | rights).items())
    added = "\n".join(["[[token]]", *lines, ""])
    if text:
        added = f"\n{added}"
    # Before anything is written: what the service would refuse is refused here.
    parse_tokens(text + added, str(path or "--tenant, --may"))
    if path:
        create_private(path)
        with path.open("a", encoding="utf-8") as file:
            file.write(added)
    where = f"{path} has its SHA-256; restart the service" if path else f"For the file:\n\n{added.rstrip()}"
    shown = {"token": secret, **fields, **rights, "file": path and str(path)}
    print_result(shown, f"{secret}\nThis is shown only now. {where}", as_json=args.json)
    return SAME


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: expected [[token]] tables in UTF-8, found other bytes") from None


def _list(args: argparse.Namespace, path: Path) -> int:
    from samepic.service.settings import RIGHTS, read_tokens

    names, found = ("name", "tenant", "may"), read_tokens(str(path))
    rows = [(one.name, one.tenant, [right for right in RIGHTS if right in one.rights]) for one in found]
    text = table(names, [(name, tenant, ",".join(may)) for name, tenant, may in rows])
    value = {"tokens": [dict(zip(names, row, strict=True)) for row in rows]}
    print_result(value, text, as_json=args.json)
    return SAME


def _revoke(args: argparse.Namespace, path: Path) -> int:
    from samepic.service.settings import parse_tokens
    from samepic.writing import replacing

    text = _read(path)
    tokens = parse_tokens(text, str(path))
    names = [token.name for token in tokens]
    if args.name not in names:
        raise UsageError(f"--name: expected one of {', '.join(names)}, found {args.name or 'none'}")
    # A table reaches to the comments above the next one.
    parts = re.split(r"(?m)^(?=[ \t]*\[\[)", text)
    place = names.index(args.name) + 1
    ending = re.search(r"(?m)(^[ \t]*(#.*)?\n?)*\Z", parts[place])
    parts[place] = ending[0].lstrip("\n") if ending and place < len(names) else ""
    left = "".join(parts)
    kept = [token for token in tokens if token.name != args.name]
    if (list(parse_tokens(left, str(path))) if kept else []) != kept:
        raise UsageError(f"{path}: expected tables as `samepic token new` writes them: remove it by hand")
    before = path.stat()
    with replacing(path) as new:
        new.touch(0o600)
        new.write_text(left, encoding="utf-8")
        # The service may run as another user, who must be able to read it as before.
        if hasattr(os, "chown") and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(new, before.st_uid, before.st_gid)
        new.chmod(before.st_mode & 0o777)
    text = f"revoked: {args.name}; restart the service, which still takes it"
    print_result({"revoked": args.name, "file": str(path)}, text, as_json=args.json)
    return SAME
