"""Settings of the tests: a data directory that is thrown away, small keys, quick passwords."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if "SDMPWEB_DATA" not in os.environ:
    _data = tempfile.mkdtemp(prefix="sdmpweb-tests-")
    os.environ["SDMPWEB_DATA"] = _data
    atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ.setdefault("SDMPWEB_USER_KEY_BITS", "2048")
os.environ.setdefault("SDMPWEB_NODE_KEY_BITS", "2048")
os.environ.setdefault("SDMPWEB_ALLOW_PRIVATE", "true")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright keeps a loop running

from sdmpweb.settings import *  # noqa: F403

# In memory; with pytest-xdist each worker has its own, which it would not guess from our engine.
DATABASES["default"]["TEST"] = {"NAME": ":memory:"}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
COUNT_SECONDS = 0.0  # nothing is written to the database between and beside the tests
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # noqa: F405  # or each client warns of it
