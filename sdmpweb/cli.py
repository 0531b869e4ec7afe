"""The `sdmpweb` command.

Exit status: 0, 1 when a command failed, 2 when it was called or configured wrongly. What went
wrong is one sentence on stderr.
"""

import atexit
import os
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from sdmpweb import __version__, audited

_FINGERPRINT = re.compile(r"-[A-Za-z0-9_-]{85}")
_OURS = ("sdmpweb", "panel", "hosting", "mail", "journal", "nodes")
# These need no database, or look at it as it is: `demo` makes two nodes elsewhere.
_WITHOUT_DATABASE = frozenset({"demo", "doctor", "inspect", "move_database", "restore", "setup"})
# These are not for one node with its settings: looking for those would make a data directory.
_WITHOUT_SETTINGS = frozenset({"setup"})


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command (by default that of `sys.argv`) and exit."""
    argv = list(sys.argv if arguments is None else arguments)
    os.umask(0o077)  # what a node writes, the database first of all, is for its own user alone
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdmpweb.settings")
    if argv[1:2] == ["--version"]:
        print(__version__)  # noqa: T201
        sys.exit(0)
    from sdmpweb.env import WrongEnvironment

    try:
        _run(argv)
    except WrongEnvironment as error:
        _fail(str(error), 2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone; what is left of it is to go nowhere, quietly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _run(argv: list[str]) -> None:
    if argv[1:2] == ["help"] and argv[2:]:
        argv = [argv[0], argv[2], "--help"]
    if argv[1:] and argv[1] in _WITHOUT_SETTINGS:
        _run_without_settings(argv)
        return
    import django

    _see_pools_out()
    django.setup()
    from django.core.management import (
        execute_from_command_line,
        get_commands,
        load_command_class,
    )

    from nodes.errors import UserError
    from sdmp.errors import SdmpError

    if argv[1:] in ([], ["help"], ["--help"], ["-h"]):
        sys.stdout.write(_overview())
        sys.exit(0 if argv[1:] else 2)
    name = argv[1]
    known = get_commands()
    if name not in known:
        _fail(f"There is no command {name!r}; `sdmpweb --help` lists them.", 2)
    command: Any = load_command_class(str(known[name]), name)
    if known[name] not in _OURS:
        if name == "changepassword" and not audited.can_ask():
            _fail("There is no terminal to ask for a password; run this in one.", 1)
        _noting(name, command, argv, partial(execute_from_command_line, argv), ours=False)
        return
    # Django would import every page and check every model before each command.
    command.requires_system_checks = []
    # Wrong use and --help end here, before anything is touched.
    command._called_from_command_line = True
    command.create_parser = partial(_parser, command.create_parser)
    options = vars(command.create_parser(argv[0], name).parse_args(argv[2:]))
    try:
        # A command may be for a database that is there, or do without one.
        needed = getattr(command, "needs_database", lambda options: True)
        if name not in _WITHOUT_DATABASE and needed(options):
            from sdmpweb import schema

            schema.bring_up_to_date()
        _noting(name, command, argv, partial(command.run_from_argv, argv), ours=True)
    except (UserError, SdmpError) as error:
        _fail(str(error), 1)


def _run_without_settings(argv: list[str]) -> None:
    from django.core.management import load_command_class

    from nodes.errors import UserError

    command: Any = load_command_class("sdmpweb", argv[1])
    command.requires_system_checks = []
    command._called_from_command_line = True
    command.create_parser = partial(_parser, command.create_parser)
    try:
        command.execute(**vars(command.create_parser(*argv[:2]).parse_args(argv[2:])))
    except UserError as error:
        _fail(str(error), 1)


@cache
def _see_pools_out() -> None:
    """Let PostgreSQL's pools end, with their threads, after all else that is done at the exit.

    A thread that is at work while the interpreter is taken apart can crash the process.
    """
    atexit.register(_end_pools)


def _end_pools() -> None:
    from django.conf import settings
    from django.db import connections

    if not settings.configured:  # they are wrong, and nothing was begun
        return
    for connection in connections.all(initialized_only=True):
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined]


def _noting(
    name: str, command: Any, argv: list[str], run: Callable[[], object], *, ours: bool
) -> None:
    """Run a command, and write down that it was run, once it has succeeded."""
    ended: SystemExit | None = None
    try:
        run()
    except SystemExit as end:
        if end.code:
            raise
        ended = end
    if name not in _WITHOUT_DATABASE:
        parser = command.create_parser(argv[0], name)
        options = vars(parser.parse_known_args(argv[2:])[0])
        if audited.is_noted(name, command, options, ours=ours):
            audited.note_command(name, options)
    if ended is not None:
        raise ended


def _parser(create: Any, program: str, name: str, **options: Any) -> Any:
    """Make a command's parser, which takes a fingerprint for one even where it begins with `-`."""
    parser = create(program, name, **options)
    parser.error = partial(_fail_at_use, name)
    as_option = parser._parse_optional
    parser._parse_optional = lambda text: None if _FINGERPRINT.fullmatch(text) else as_option(text)
    return parser


def _fail_at_use(name: str, message: str) -> None:
    said = message[:1].upper() + message[1:]
    _fail(f"{said.rstrip('.')}; `sdmpweb {name} --help` says how it is used.", 2)


def _fail(sentence: str, status: int) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(status)


def _overview() -> str:
    from django.core.management import get_commands, load_command_class

    from sdmpweb.env import SETTINGS

    known = get_commands()
    ours = sorted(name for name, app in known.items() if app in _OURS)
    others = sorted(set(known) - set(ours))
    width = max(len(name) for name in ours)
    lines = ["usage: sdmpweb COMMAND [--help] …", "", "Commands:"]
    for name in ours:
        help_text = load_command_class(str(known[name]), name).help
        lines.append(f"  {name:<{width}}  {help_text}")
    lines += ["", "Settings, from the environment or a file:"]
    width = max(len(setting.name) for setting in SETTINGS)
    for setting in SETTINGS:
        default = f" (default {setting.default})" if setting.default else ""
        lines.append(f"  {setting.name:<{width}}  {setting.meaning}{default}")
    lines += ["", *_wrapped("Django's own: " + ", ".join(others))]
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 98, subsequent_indent="  ")
