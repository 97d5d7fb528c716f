"""samepic serve: the gate over HTTP."""

from __future__ import annotations

import argparse
import ipaddress
import os
import sys
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from samepic.cli.command import SAME
from samepic.cli.configuration import Options, Setting, add_options, gather, option, public, to_toml
from samepic.cli.options import (
    THREADS,
    add_shared,
    folder_of_originals,
    print_result,
    shared,
    whole_number,
)
from samepic.service.settings import SERVICE
from samepic.writing import plural, printable

if TYPE_CHECKING:
    from samepic.service.settings import ServiceSettings, Token

_TOKEN = "SAMEPIC_TOKEN"
DESCRIPTION = "Serve POST /v1/admit, /v1/check, /v1/compare and others from a store of pictures."

EPILOG = """\
Addresses, answers, tokens and tenants are in docs/service.md; the service describes itself at /openapi.json.
It stops on Ctrl-C or SIGTERM, after answering the current requests.

Every option but --json may also come from the environment (SAMEPIC_MAX_BYTES=1000000) or from the file of --config or
$SAMEPIC_CONFIG (max-bytes = 1000000). What is repeated is separated by spaces there, and a list in the file.

exit status: 0 stopped, 2 trouble: no such store, an address in use, invalid options

examples:
  samepic serve --store uploads.db
  samepic serve --store postgresql://localhost/pictures --processes 4
  samepic serve --store postgresql://db1/pictures --replica postgresql://db2/pictures
  samepic serve --store "postgresql://db1/pictures postgresql://db2/shard postgresql://db3/shard"
  samepic serve --store uploads.db --host 0.0.0.0 --token-file tokens.toml
  samepic serve --store uploads.db --originals /srv/site/media
  samepic serve --config samepic.toml --print-config"""


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected an address or a network, found {text!r}") from None


OPTIONS: Options = {
    "--store": shared("--store", secret=True),
    "--replica": shared("--replica", secret=True),
    "--host": option("the address to listen on (default: 127.0.0.1, this machine only)", default="127.0.0.1"),
    "--port": option(
        "the port; 0 for any free one (default: 8000)", type=whole_number(0, 65535), default=8000
    ),
    "--processes": option("service processes (default: 1)", "N", type=THREADS, default=1),
    "--workers": option(
        "decoding processes of each service process (default: the processors, shared among them)",
        "N",
        type=THREADS,
    ),
    "--token-file": option(
        f"one token, or TOML with a [[token]] table for each; without it ${_TOKEN} is the token, if set",
        "FILE",
    ),
    "token": option("", secret=True),
    "--without-token": option(
        "allow everybody, although --host is not this machine only", action="store_true", default=False
    ),
    "--trusted-proxy": option(
        "address or network of a proxy whose X-Forwarded-For names the client; may be repeated",
        "ADDRESS",
        type=_network,
        action="append",
        default=[],
    ),
    **{name: shared(name) for name in ("--policy", "--profile", "--originals")},
    "--max-bytes": option(
        f"the largest picture in bytes (default, and at most: {SERVICE.upload_bytes})",
        "N",
        type=whole_number(1, SERVICE.upload_bytes),
        default=SERVICE.upload_bytes,
    ),
}
"""The options, which the command line, the environment and a file give."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, OPTIONS)
    add_shared(parser, "--json")


def run(args: argparse.Namespace) -> int:
    from samepic.pages.app import create_site
    from samepic.service.server import bind_socket, serve
    from samepic.store import POSTGRES, Replicas, open_store, urls_of

    found = gather(OPTIONS, args)
    if found["workers"].value is None:
        workers = max(1, (os.cpu_count() or 1) // found["processes"].value)
        found["workers"] = Setting(workers, "default: the processors, shared among the processes")
    settings = _settings(argparse.Namespace(**{name: one.value for name, one in found.items()}))
    Replicas(settings.replicas)
    name, pictures = settings.store, None
    # A store file is opened once, to report its errors now; a database server may start later.
    if name.startswith(POSTGRES):
        # Says which extra brings the driver, where it is missing, and refuses what is no URL.
        redacted_url = import_module("samepic.store.postgres").redacted_url
        name = " ".join(map(redacted_url, urls_of(name)))
    elif not args.print_config:
        with closing(open_store(name)) as store:
            pictures = store.total()
    if args.print_config:
        shown = public(OPTIONS, found)
        values = {key: setting._asdict() for key, setting in shown.items()}
        print_result(values, to_toml(shown), as_json=args.json)
        return SAME
    listener = bind_socket(settings.host, settings.port)
    settings = replace(settings, port=listener.getsockname()[1])

    def announce() -> None:
        kept = "" if pictures is None else f" with {plural(pictures, 'picture')}"
        text = f"listening on {settings.address}, store {name}{kept} (Ctrl-C stops it)"
        value = {"address": settings.address, "pid": os.getpid(), "store": name, "pictures": pictures}
        print_result(value, printable(text), as_json=args.json)
        sys.stdout.flush()

    serve(create_site, settings, listener, announce)
    return SAME


def _settings(args: argparse.Namespace) -> ServiceSettings:
    from samepic.gate.options import GatePolicy
    from samepic.profile import Profile
    from samepic.service.settings import ServiceSettings

    GatePolicy.parse(args.policy)
    if args.profile:
        Profile.read(args.profile)
    return ServiceSettings(
        store=args.store,
        host=args.host,
        port=args.port,
        tokens=_tokens(args),
        without_token=args.without_token,
        processes=args.processes,
        workers=args.workers,
        policy=args.policy,
        profile=args.profile and str(Path(args.profile).absolute()),
        originals=folder_of_originals(args),
        replicas=tuple(args.replica),
        proxies=tuple(args.trusted_proxy),
        limits=replace(SERVICE, upload_bytes=args.max_bytes),
    )


def _tokens(args: argparse.Namespace) -> tuple[Token, ...]:
    import logging.config

    from samepic.service.observability import LOG_CONFIG
    from samepic.service.settings import parse_token, read_tokens

    if args.token_file:
        mode = Path(args.token_file).stat().st_mode & 0o777
        if os.name == "posix" and mode & 0o027:
            logging.config.dictConfig(LOG_CONFIG)
            text = "%s: expected a mode such as 0600, found %04o: others can read or change it"
            logging.getLogger("samepic.service").warning(text, args.token_file, mode)
        return read_tokens(args.token_file)
    return (parse_token(args.token, f"${_TOKEN}"),) if args.token else ()
