"""`sdmpweb stop_waiting`: the owner's word that a restored node has waited long enough."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hosting.restore import wait_no_longer
from mail.management.helpers import counted
from nodes import keystore
from nodes.errors import UserError


class Command(BaseCommand):
    """Lets a restored node publish again without the peers that do not answer."""

    help = "after a restore, publish again without the peers that do not answer"

    def handle(self, *_: Any, **__: Any) -> None:
        """Do it and say for how many accounts."""
        keystore.node_fingerprint()
        accounts = wait_no_longer(timezone.now())
        if not accounts:
            raise UserError("No account waits for peers.")
        publish = "publishes" if accounts == 1 else "publish"
        self.stdout.write(f"{counted(accounts, 'account')} {publish} again.")
