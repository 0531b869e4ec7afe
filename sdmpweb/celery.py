"""The Celery application: jobs that say "look now"; what there is to do stands in the database."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdmpweb.settings")

app = Celery("sdmpweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["nodes", "journal", "mail"])
