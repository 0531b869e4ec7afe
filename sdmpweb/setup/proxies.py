"""What stands before a node: nginx or Caddy, with the configuration that is shipped in deploy/."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from nodes.errors import UserError
from sdmpweb.files import FILES
from sdmpweb.setup.machine import Machine

_SHIPPED_NAME: Final = "mail.example.org"
_HEAD: Final = "# Written by `sdmpweb setup`, which replaces it where it differs.\n"
_NOT_CHOSEN: Final = "say with --proxy nginx or --proxy caddy which one stands before the node"


@dataclass(frozen=True, slots=True)
class Proxy:
    """One that is known: where it lies, and how it is told of a node."""

    name: str
    program: str
    packages: str
    shipped: str
    file: str
    check: tuple[str, ...]
    address: str
    addresses: Callable[[Sequence[int]], str]
    certificate: str = ""
    debians: frozenset[str] = frozenset()  # lines of a file that others share, as it is at first

    def has_others(self, machine: Machine) -> bool:
        """Tell whether somebody has written sites of their own into its file."""
        text = (machine.read(self.file) or b"").decode(errors="replace")
        lines = {line.strip() for line in text.splitlines()}
        lines = {line for line in lines if line and not line.startswith("#")}
        return bool(self.debians) and not text.startswith(_HEAD) and not lines <= self.debians

    def text(self, name: str, ports: Sequence[int]) -> bytes:
        """Give the configuration for a node.

        Args:
            name: by which the node is called.
            ports: of this machine, at which it answers.
        """
        text = (FILES / self.shipped).read_text(encoding="utf-8")
        text = re.sub(r"\A(#.*\n)+", _HEAD, text)
        text = text.replace(_SHIPPED_NAME, name).replace(self.address, self.addresses(ports))
        return text.encode()

    def missing_certificate(self, machine: Machine, name: str) -> bool:
        """Tell whether it would not start since there is no certificate of that name yet."""
        return bool(self.certificate) and not machine.has(self.certificate.format(name=name))


NGINX: Final = Proxy(
    name="nginx",
    program="/usr/sbin/nginx",
    packages="nginx-light certbot",
    shipped="deploy/nginx/sdmpweb.conf",
    file="/etc/nginx/sites-enabled/sdmpweb.conf",
    check=("nginx", "-t"),
    address="server 127.0.0.1:8000 max_fails=0;",
    addresses=lambda ports: " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports),
    certificate="/etc/letsencrypt/live/{name}/fullchain.pem",
)
CADDY: Final = Proxy(
    name="caddy",
    program="/usr/bin/caddy",
    packages="caddy",
    shipped="deploy/caddy/Caddyfile",
    file="/etc/caddy/Caddyfile",
    check=("caddy", "validate", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"),
    address="127.0.0.1:8000",
    addresses=lambda ports: " ".join(f"127.0.0.1:{port}" for port in ports),
    debians=frozenset({":80 {", "root * /usr/share/caddy", "file_server", "}"}),
)
PROXIES: Final = {proxy.name: proxy for proxy in (NGINX, CADDY)}
NONE: Final = "none"


def choose(machine: Machine, name: str) -> Proxy | None:
    """Say which proxy stands before the node: the one named, else the only one that is installed.

    Where both are, it is the one that was set up before.

    Args:
        machine: where it is looked for.
        name: of a proxy; `NONE` for one that the owner sets up; nothing when none was named.

    Raises:
        UserError: it is not installed, it is open which one is meant, or its file is not the
            node's alone.
    """
    if name == NONE:
        return None
    if name:
        proxy = PROXIES[name]
        _refuse_others(machine, proxy)
        if not machine.has(proxy.program):
            raise UserError(
                f"{proxy.program} is not there; run `apt-get install --yes {proxy.packages}` first."
            )
        return proxy
    found = [proxy for proxy in PROXIES.values() if machine.has(proxy.program)]
    if not found:
        raise UserError(
            f"Neither nginx nor Caddy is installed; run `apt-get install --yes {NGINX.packages}` "
            "first, or say --proxy none and set up another one yourself."
        )
    if len(found) > 1:
        found = [p for p in found if (machine.read(p.file) or b"").startswith(_HEAD.encode())]
    if len(found) != 1:
        raise UserError(f"Both nginx and Caddy are installed; {_NOT_CHOSEN}.")
    _refuse_others(machine, found[0])
    return found[0]


def _refuse_others(machine: Machine, proxy: Proxy) -> None:
    if proxy.has_others(machine):
        raise UserError(
            f"{proxy.file} has sites of its own, which would go; add the node to them as "
            f"{FILES / proxy.shipped} shows it, and say --proxy none."
        )
