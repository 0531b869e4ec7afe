"""A node's commands without their start-up: a process that runs one after another.

Run with a node's environment it is one more process of that node's data, as a command is. It
reads one JSON object a line and answers with one: `{"arguments": [...], "stdin": "..."}` runs a
command as `sdmpweb` does; other questions do or tell what the commands do not, such as `{"send":
count, ...}`, which calls `mail.send.send` in a loop.
"""

import contextlib
import io
import json
import subprocess
import sys
import time
from typing import Any

from tests.support.nodes import CommandFailed, NodeProcess
from tests.support.starter import Started

_TURN = 0.01  # seconds between batches, so that another process gets its turn


class Console:
    """The caller's side: commands on the data of `node`, whether or not it runs."""

    def __init__(self, node: NodeProcess) -> None:
        self.node = node
        with node.log.open("ab") as log:
            self.process = Started(
                "tests.support.console", env=node.environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip

    def command(self, *arguments: str, stdin: str = "", status: int = 0) -> str:
        """Run a command as `NodeProcess.command` does."""
        done = self.run(*arguments, stdin=stdin)
        if done.returncode != status:
            raise CommandFailed(["sdmpweb", *arguments], done)
        return done.stdout

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command and return how it ended."""
        answer = self.ask(arguments=list(arguments), stdin=stdin)
        return subprocess.CompletedProcess(
            arguments, answer["status"], answer["stdout"], answer["stderr"]
        )

    def ask(self, **question: Any) -> dict[str, Any]:
        """Ask and wait for the answer."""
        self.begin(**question)
        return self.finish()

    def begin(self, **question: Any) -> None:
        """Ask without waiting."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()

    def finish(self) -> dict[str, Any]:
        """Wait for the answer to what was asked; raises AssertionError when the process died."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the console died:\n{self.node.read_log()[-4000:]}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def kill(self) -> None:
        """End the process with SIGKILL, whatever it does."""
        self.process.kill()
        self.process.communicate()


def _run(arguments: list[str], stdin: str) -> dict[str, Any]:
    from sdmpweb.cli import main

    status: Any = 0
    output, errors = io.StringIO(), io.StringIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            main(["sdmpweb", *arguments])
        except SystemExit as end:
            status = end.code or 0
    return {"status": status, "stdout": output.getvalue(), "stderr": errors.getvalue()}


def _send(count: int, username: str, to: list[str], title: str, pause: float) -> dict[str, Any]:
    from mail.send import send
    from nodes.models import Account

    account = Account.objects.get(username=username)
    sent = []
    for number in range(count):
        sent.append(send(account, to=to, title=f"{title} {number}", body="…", notice=not to))
        time.sleep(pause)
    return {"sent": sent}


def _count(username: str) -> dict[str, Any]:
    from mail.models import Delivery, Letter

    letters = Letter.objects.filter(account__username=username)
    received = Delivery.objects.filter(letter__in=letters, state=Delivery.State.RECEIVED)
    return {
        "letters": letters.count(),
        "incoming": letters.filter(outgoing=False).count(),
        "received": received.count(),
    }


def _threads(username: str) -> dict[str, Any]:
    from mail.models import Letter
    from mail.sealing import open_head

    letters = Letter.objects.filter(account__username=username).select_related("conversation")
    return {"threads": {open_head(x.sealed_head).title: x.conversation.thread for x in letters}}


def _files(username: str, title: str) -> dict[str, Any]:
    from mail.models import Letter
    from mail.sealing import open_head, open_text
    from sdmp.letter import read_letter

    letters = Letter.objects.filter(account__username=username)
    [letter] = [row for row in letters if open_head(row.sealed_head).title == title]
    return {"files": [f.data.hex() for f in read_letter(open_text(letter.sealed_body)).attachments]}


def _accept(cards: list[Any], size: int, together: float) -> dict[str, Any]:
    """Accept resources, `size` at a time, from the moment `together` of the clock on."""
    from django.utils import timezone

    from journal.accept import accept, read_batch

    accepted: list[str] = []
    refused: dict[str, str] = {}
    time.sleep(max(0.0, together - time.time()))
    for start in range(0, len(cards), size):
        envelopes, _ = read_batch(cards[start : start + size])
        report = accept(envelopes, now=timezone.now())
        accepted += report.accepted
        refused |= {identifier: error.why for identifier, error in report.refused.items()}
        time.sleep(_TURN)
    return {"accepted": accepted, "refused": refused}


def _resources(journal: list[str]) -> dict[str, Any]:
    from journal.models import Resource

    rows = {row.identifier: row for row in Resource.objects.filter(identifier__in=journal)}
    return {"resources": [rows[i].envelope().to_json() for i in journal]}


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    if "arguments" in question:
        return _run(question["arguments"], question["stdin"])
    if "send" in question:
        return _send(question.pop("send"), **question)
    if "count" in question:
        return _count(question["count"])
    if "accept" in question:
        return _accept(question["accept"], question["size"], question["together"])
    if "threads" in question:
        return _threads(question["threads"])
    if "files" in question:
        return _files(question["files"], question["title"])
    return _resources(question["resources"])


def _serve() -> None:
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdmpweb.settings")
    django.setup()
    from tests.support.quick import be_quick

    be_quick()
    questions, answers = sys.stdin, sys.stdout
    for line in questions:
        answers.write(json.dumps(_answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
