"""Settings: what a service is told when it starts; plain values, so that every process of it can be given them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import partial
from secrets import token_bytes

from samepic.errors import ProfileError
from samepic.profiles.service import SERVICE, ServiceLimits
from samepic.web.tokens import Token

__all__ = ["Settings", "is_loopback"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve: `store` is its URL, `host` and `port` (0: any that is free) where to listen.

    `tokens` are those who may ask; without any everybody may, and on loopback a header names the tenant. `policy` is a
    text such as "edited=accept", `profile` the file of one, `workers` the decoding processes of each service process,
    `originals` the folder of the kept pictures, which has a folder for each tenant that has a name. `replicas` are
    URLs of standbys that check asks. `secret` signs the cookies of all processes.
    """

    store: str
    host: str = "127.0.0.1"
    port: int = 8000
    tokens: tuple[Token, ...] = field(default=(), repr=False)
    without_token: bool = False
    processes: int = 1
    workers: int = 2
    policy: str = ""
    profile: str | None = None
    originals: str | None = None
    limits: ServiceLimits = SERVICE
    parent: int = 0
    replicas: tuple[str, ...] = ()
    secret: bytes = field(default_factory=partial(token_bytes, 32), repr=False)

    def __post_init__(self) -> None:
        if not self.tokens and not self.loopback and not self.without_token:
            raise ProfileError(
                f"--host {self.host}: wanted a token (--token-file or SAMEPIC_TOKEN) where others can reach the"
                " service, got none (--without-token lets everybody in)"
            )
        tenants = {token.tenant for token in self.tokens if token.may & {"check", "admit"}}
        if self.originals and "" in tenants and len(tenants) > 1:
            # The keys of the one without a name would reach into the folders of all others.
            raise ProfileError(
                "--originals: wanted a tenant for every token that may check or admit, or for none of them, got tokens"
                " with a tenant and tokens without"
            )

    @property
    def loopback(self) -> bool:
        """Whether nobody but this machine can reach the service."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is that of this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
