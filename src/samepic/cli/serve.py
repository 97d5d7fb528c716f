"""samepic serve: the gate over HTTP."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from samepic.cli.command import SAME
from samepic.cli.options import THREADS, add_shared, folder_of_originals, print_result, whole_number
from samepic.service.settings import SERVICE

if TYPE_CHECKING:
    from samepic.service.settings import ServiceSettings, Token

_TOKEN = "SAMEPIC_TOKEN"
DESCRIPTION = "Serve POST /v1/admit, /v1/check, /v1/compare and others from a store of pictures."

EPILOG = """\
Addresses, answers, tokens and tenants are in docs/service.md; the service describes itself at /openapi.json.
It stops on Ctrl-C or SIGTERM, after answering the current requests.

exit status: 0 stopped, 2 trouble: no such store, an address in use, invalid options

examples:
  samepic serve --store uploads.db
  samepic serve --store postgresql://localhost/pictures --processes 4
  samepic serve --store postgresql://db1/pictures --replica postgresql://db2/pictures
  samepic serve --store uploads.db --host 0.0.0.0 --token-file tokens.toml
  samepic serve --store uploads.db --originals /srv/site/media"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_shared(parser, "--store", "--replica")
    text = "the address to listen on (default: 127.0.0.1, this machine only)"
    parser.add_argument("--host", default="127.0.0.1", help=text)
    text = "the port; 0 for any free one (default: 8000)"
    parser.add_argument("--port", type=whole_number(0, 65535), default=8000, help=text)
    text = "service processes (default: 1)"
    parser.add_argument("--processes", type=THREADS, default=1, metavar="N", help=text)
    text = "decoding processes of each service process (default: the processors, shared among them)"
    parser.add_argument("--workers", type=THREADS, metavar="N", help=text)
    text = f"one token, or TOML with a [[token]] table for each; without it ${_TOKEN} is the token, if set"
    parser.add_argument("--token-file", metavar="FILE", help=text)
    text = "allow everybody, although --host is not this machine only"
    parser.add_argument("--without-token", action="store_true", help=text)
    add_shared(parser, "--policy", "--profile", "--originals")
    parser.add_argument(
        "--max-bytes",
        type=whole_number(1, SERVICE.upload_bytes),
        default=SERVICE.upload_bytes,
        metavar="N",
        help=f"the largest picture in bytes (default, and at most: {SERVICE.upload_bytes})",
    )
    add_shared(parser, "--json")


def run(args: argparse.Namespace) -> int:
    from samepic.pages.app import create_site
    from samepic.service.server import bind_socket, serve
    from samepic.store import Replicas, open_store

    settings = _settings(args)
    # A store file is opened once, to report its errors now; a database server may start later.
    Replicas(settings.replicas)
    if settings.store.startswith(("postgresql://", "postgres://")):
        # Says which extra brings the driver, where it is missing, and refuses what is no URL.
        import_module("samepic.store.postgres").redacted_url(settings.store)
    else:
        open_store(settings.store).close()
    listener = bind_socket(settings.host, settings.port)
    host, port = listener.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def announce() -> None:
        text = f"listening on {address} (Ctrl-C stops it)"
        print_result({"address": address, "pid": os.getpid()}, text, as_json=args.json)
        sys.stdout.flush()

    serve(create_site, settings, listener, announce)
    return SAME


def _settings(args: argparse.Namespace) -> ServiceSettings:
    from dataclasses import replace

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
        workers=args.workers or max(1, (os.cpu_count() or 1) // args.processes),
        policy=args.policy,
        profile=args.profile and str(Path(args.profile).absolute()),
        originals=folder_of_originals(args),
        replicas=tuple(args.replica),
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
    text = os.environ.get(_TOKEN, "")
    return (parse_token(text, f"${_TOKEN}"),) if text else ()
