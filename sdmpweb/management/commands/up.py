"""`sdmpweb up`: the whole node in one process."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from mail import startup
from nodes import setup
from nodes.errors import UserError
from sdmpweb import assets, listening, lock


class Command(BaseCommand):
    """Runs pages, peers, jobs and schedule in this process, until SIGTERM or Ctrl-C."""

    help = "run the node, everything in one process"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --host and --port."""
        listening.add_arguments(parser)

    def handle(self, *_: Any, host: str | None, port: int | None, **__: Any) -> None:
        """Run the node; raises UserError when it cannot start."""
        if settings.GROWN:
            raise UserError(
                "With REDIS_URL a node runs as `sdmpweb web`, `sdmpweb worker` and `sdmpweb beat`."
            )
        from sdmpweb import server
        from sdmpweb.embedded.jobs import Jobs

        chosen = listening.choose(host, port)
        with lock.only_node(settings.DATA):
            listener = server.listen(*chosen)
            startup.prepare_node()
            assets.gather()
            link = setup.owner_link()
            sys.exit(server.serve(listener, lambda: self._tell(link), Jobs()))

    def _tell(self, link: str | None) -> None:
        startup.resume()
        self.stdout.write(f"The node runs at {setup.web_url()}; Ctrl-C stops it.")
        if link is not None:
            self.stdout.write(f"Make the owner's account here, the link works once: {link}")
        self.stdout.flush()
