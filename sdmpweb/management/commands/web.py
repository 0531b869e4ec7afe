"""`sdmpweb web`: the server of pages and peers of the grown shape."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mail import startup
from nodes import setup
from sdmpweb import assets, grown, listening


class Command(BaseCommand):
    """Runs pages and peers in this process, until SIGTERM or Ctrl-C."""

    help = "answer pages and peers (grown shape)"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --host and --port."""
        listening.add_arguments(parser)

    def handle(self, *_: Any, host: str | None, port: int | None, **__: Any) -> None:
        """Serve; raises UserError when it cannot start."""
        grown.require("web")
        from sdmpweb import server

        chosen = listening.choose(host, port)
        listener = server.listen(*chosen)
        startup.prepare_node()
        assets.gather()
        link = setup.owner_link()
        sys.exit(server.serve(listener, lambda: self._tell(link)))

    def _tell(self, link: str | None) -> None:
        self.stdout.write(f"Pages and peers are answered at {setup.web_url()}.")
        if link is not None:
            self.stdout.write(f"Make the owner's account here, the link works once: {link}")
        self.stdout.flush()
