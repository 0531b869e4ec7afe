"""Which function does which kind of run."""

from __future__ import annotations

from typing import Final

from hosting import doctor, journal_check, storage
from hosting.backup import deeds
from hosting.models import Run
from hosting.retention import work as retention
from hosting.runs import Work

WORK: Final[dict[str, Work]] = {
    Run.Kind.BACKUP: deeds.do_backup,
    Run.Kind.CHECK: deeds.do_check,
    Run.Kind.DOCTOR: doctor.work,
    Run.Kind.JOURNAL: journal_check.check,
    Run.Kind.RETENTION: retention.work,
    Run.Kind.STORAGE: storage.count,
}
