"""The files of deploy/ name what there is, and do what docs/operate.md says, as far as this machine can try it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path

import httpx
import pytest

from samepic.cli.serve import OPTIONS
from samepic.service.settings import find_token, read_tokens
from samepic.store import open_store
from tests.kits.ending import end_group
from tests.kits.service import Running
from tests.kits.store_kit import put_accepted
from tests.service.test_events import SECRET, Receiver
from tests.test_readme import shell

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
OPERATE = (ROOT / "docs" / "operate.md").read_text()
SERVE, EVENTS = "samepic.service", "samepic-events@.service"
TOKEN = "t" * 32

# Runs a command with the system calls of a unit's SystemCallFilter, as systemd would, by libseccomp.
_FILTERED = """
import ctypes, os, re, subprocess, sys
lines = [line.split() for line in sys.argv[1].split(";")]
def names(group):
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True)
    found = re.findall(r"^    ([@\\w-]+)", listed.stdout, re.MULTILINE)
    return {one for name in found for one in (names(name) if name[0] == "@" else {name})}
def of(words):
    return {one for word in words for one in (names(word) if word[0] == "@" else {word})}
allowed = set()
for words in lines:
    if words[0][0] == "~":
        allowed -= of([words[0][1:], *words[1:]])
    else:
        allowed |= of(words)
allowed |= names("@default")
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(library.seccomp_init(0x00050001))
for name in allowed:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:
        assert library.seccomp_rule_add(context, 0x7FFF0000, number, 0) == 0
assert library.seccomp_load(context) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_every_metric_of_the_dashboard_is_one_of_the_service(running: Running) -> None:
    text = httpx.get(f"{running.address}/metrics").text
    exported = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    exported |= {f"{name}_bucket" for name in exported}
    panels = json.loads((DEPLOY / "grafana.json").read_text())["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"\b(?:samepic|process)_\w+", target["expr"])
    }
    assert asked <= exported
    assert {name for name in exported if name.startswith("samepic") and not name.endswith("_bucket")} <= {
        name.removesuffix("_bucket") for name in asked
    }


def test_decoders_lost_are_counted_from_none_so_that_the_alarm_sees_the_first(running: Running) -> None:
    text = httpx.get(f"{running.address}/metrics").text
    lost = re.findall(r'^samepic_decoders_lost_total\{why="(\w+)"\} (.*)$', text, re.MULTILINE)
    assert dict(lost) == {"late": "0.0", "died": "0.0"}


def test_every_option_in_them_is_one_of_serve() -> None:
    names = {name.lstrip("-") for name in OPTIONS}
    variables = {f"SAMEPIC_{name.replace('-', '_').upper()}" for name in names} | {"SAMEPIC_DB_PASSWORD"}
    for path in DEPLOY.iterdir():
        assert set(re.findall(r"SAMEPIC_[A-Z_]+", path.read_text())) <= variables, path
    assert set(tomllib.loads((DEPLOY / "samepic.toml").read_text())) <= names


def test_the_image_copies_what_is_there_and_its_check_asks_the_service(running: Running) -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [
        name for line in re.findall(r"^COPY (?!--)(.*) \S+$", text, re.MULTILINE) for name in line.split()
    ]
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text()
    assert not [name for name in copied if not (ROOT / name).exists() or f"!{name}" not in ignored]
    program = json.loads(text[text.index("CMD [") + 4 :].partition("\n")[0])[-1]
    for address, status in ((running.address, 0), ("http://127.0.0.1:1", 1)):
        asked = program.replace("http://127.0.0.1:8000", address)
        done = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=False)
        assert done.returncode == status


def test_the_image_makes_the_tokens_of_the_compose_file(tmp_path: Path) -> None:
    (command,) = re.findall(r"^docker run --rm (samepic token .*)$", OPERATE, re.MULTILINE)
    done = shell(command, tmp_path)
    found = find_token(read_tokens(str(tmp_path / "tokens.toml")), done.stderr.splitlines()[0])
    assert found is not None
    assert found.tenant == "shop"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
@pytest.mark.parametrize("name", [SERVE, EVENTS])
def test_each_unit_is_one_and_exposes_little(tmp_path: Path, name: str) -> None:
    unit = tmp_path / name.replace("@", "@shop")
    unit.write_text((DEPLOY / name).read_text().replace("/opt/samepic/bin/samepic", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    security = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(unit)]
    assert subprocess.run(security, capture_output=True, check=False).returncode == 0


def test_the_unit_of_events_is_hardened_as_that_of_the_service_and_decodes_nothing() -> None:
    serve, events = ((DEPLOY / name).read_text() for name in (SERVE, EVENTS))
    assert serve.count(" seccomp\n") == 1
    serve = re.sub(r"^#.*\n", "", serve.replace(" seccomp\n", "\n"), flags=re.MULTILINE)
    assert serve[serve.index("NoNewPrivileges") :] == events[events.index("NoNewPrivileges") :]


def filtered(name: str) -> tuple[str, ...]:
    """Return what a command begins with that may make the system calls of a unit alone."""
    filters = re.findall(r"^SystemCallFilter=(.*)$", (DEPLOY / name).read_text(), re.MULTILINE)
    return (sys.executable, "-c", _FILTERED, ";".join(filters))


by_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or not Path("/usr/lib/x86_64-linux-gnu/libseccomp.so.2").exists(),
    reason="there is no systemd-analyze or no libseccomp",
)


@by_systemd
def test_under_the_system_calls_of_its_unit_the_command_of_it_posts_events(tmp_path: Path) -> None:
    text = (DEPLOY / EVENTS).read_text().replace("\\\n", "")
    (command,) = re.findall(r"^ExecStart=/opt/samepic/bin/samepic (.*)$", text, re.MULTILINE)
    for place in ("/var/lib/samepic", "/etc/samepic"):
        assert place in text
        text, command = text.replace(place, str(tmp_path)), command.replace(place, str(tmp_path))
    (tmp_path / "events-shop.secret").write_text(SECRET)
    (given,) = re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
    with Receiver() as receiver, closing(open_store(str(tmp_path / "uploads.db"))) as store:
        store.record_events(3600)
        put_accepted(store, "a")
        values = {"URL": f"{receiver.address}/hook"} | dict(pair.split("=") for pair in given.split())
        words = [
            re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], word.replace("%i", "shop"))
            for word in command.split()
        ]
        process = subprocess.Popen(
            [*filtered(EVENTS), sys.executable, "-m", "samepic", *words],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            receiver.wait_for("a")
            put_accepted(store, "b")
            receiver.wait_for("b")
        finally:
            end_group(process, 10)


@by_systemd
def test_under_the_system_calls_of_the_unit_uploads_are_decoded_in_the_full_sandbox(
    tmp_path: Path, upload: bytes
) -> None:
    with Running(tmp_path / "u.db", tmp_path / "log", inside=filtered(SERVE)) as service:
        answer = httpx.post(f"{service.address}/v1/admit?key=k", content=upload)
        assert answer.status_code == 201
        assert not [line for line in service.logged() if line["level"] == "warning"]
        assert service.stop() == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def nginx(folder: Path, service: Running) -> Iterator[str]:
    """Run nginx with the file of deploy/ before a service, and give its address."""
    port, inner = free_port(), service.address.removeprefix("http://")
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in (
        ("server samepic:8000;", f"server {inner};"),
        ("/etc/nginx/tls", str(folder)),
        ("listen [::]:80;", ""),
        ("listen [::]:443 ssl;", ""),
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    paths = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # As root it would ask for files as another user, who must not look into the folder of a test.
    user = "user root; " if os.geteuid() == 0 else ""
    http = f"http {{ access_log off; {paths} include site.conf; }}"
    around = f"{user}pid {folder}/pid; error_log stderr; events {{}} {http}"
    (folder / "nginx.conf").write_text(around)
    key = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    where = ["-subj", "/CN=localhost", "-keyout", "privkey.pem", "-out", "fullchain.pem"]
    subprocess.run([*key, *where], cwd=folder, capture_output=True, check=True)
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert (tried.returncode, "warn" in tried.stderr) == (0, False), tried.stderr
    process = subprocess.Popen([*command, "-g", "daemon off;"], start_new_session=True)
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        end_group(process, 10)


def announced(address: str, size: int) -> int:
    """Return the status of an upload of which only the size was sent."""
    unverified = ssl._create_unverified_context()
    with closing(HTTPSConnection(address.removeprefix("https://"), timeout=60, context=unverified)) as made:
        made.putrequest("POST", "/v1/admit?key=l")
        made.putheader("Content-Length", str(size))
        made.endheaders()
        return made.getresponse().status


@pytest.mark.skipif(
    shutil.which("nginx") is None or shutil.which("openssl") is None, reason="there is no nginx or no openssl"
)
def test_through_nginx_uploads_arrive_with_the_address_of_the_client(tmp_path: Path, upload: bytes) -> None:
    options = ("--trusted-proxy", "127.0.0.1")
    with (
        Running(tmp_path / "u.db", tmp_path / "log", *options, env={"SAMEPIC_TOKEN": TOKEN}) as service,
        nginx(tmp_path, service) as address,
        httpx.Client(
            base_url=address,
            verify=False,
            timeout=60,
            transport=httpx.HTTPTransport(verify=False, local_address="127.0.0.7", retries=20),
        ) as client,
    ):
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "203.0.113.9"}
        assert client.post("/v1/admit?key=k", content=upload, headers=headers).status_code == 201
        (line,) = service.request_lines(operation="admit")
        assert line["client"] == "127.0.0.7"
        assert announced(address, 200 * 2**20) == 413
        assert client.get("/metrics", headers=headers).status_code == 404
        page = client.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/ui/enter?next=%2F")
        csrf = client.get("/ui/enter").text.partition('name="csrf" content="')[2].partition('"')[0]
        form = {"token": TOKEN, "csrf": csrf}
        entered = client.post("/ui/enter", data=form, headers={"Origin": address})
        assert (entered.status_code, "Secure" in entered.headers["set-cookie"]) == (303, True)
