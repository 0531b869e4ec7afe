"""The Celery application: jobs that say "look now"; what there is to do stands in the database."""

import os
from typing import Any

import structlog
from celery import Celery
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections

from sdmpweb.embedded import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdmpweb.settings")
broker.register()

# Celery's own Django support checks all models and closes every connection after each job. Of what
# it does, jobs need only the connections that are tidied at the end of this file.
app = Celery("sdmpweb", fixups=[], task_cls="celery.contrib.django.task:DjangoTask")
app.set_default()  # for every thread; Celery would make it known to this one alone
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["nodes", "journal", "mail", "hosting"])


def _begin(task_id: str = "", **_: Any) -> None:
    structlog.contextvars.bind_contextvars(job=task_id[:8])
    close_old_connections()


def _end(**_: Any) -> None:
    structlog.contextvars.unbind_contextvars("job")
    close_old_connections()


task_prerun.connect(_begin)
task_postrun.connect(_end)
