"""Django's settings, from what `sdmpweb/env.py` read."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sdmpweb import __version__, databases, secret
from sdmpweb.env import allowed_hosts, from_environment, given_by_environment
from sdmpweb.files import FILES
from sdmpweb.logs import logging_config

VALUES = from_environment()
VERSION = __version__

# Where this node is, and in which shape it runs

DATA: Path = VALUES["SDMPWEB_DATA"]
secret.make_private(DATA)
GROWN = bool(VALUES["REDIS_URL"])
REDIS_URL: str = VALUES["REDIS_URL"]
LISTEN_HOST: str = VALUES["SDMPWEB_HOST"]
LISTEN_PORT: int = VALUES["SDMPWEB_PORT"]
NODE_ADDRESS: str = VALUES["SDMPWEB_ADDRESS"]
WEB_URL: str = VALUES["SDMPWEB_URL"]
PROXIES: str = VALUES["SDMPWEB_PROXIES"]
WORKER_THREADS: int = max(2, VALUES["SDMPWEB_WORKERS"])  # one for long work, one for all else
DISK_RESERVE: int = VALUES["SDMPWEB_DISK_RESERVE"] * 1_000_000
METRICS_TOKEN = secret.metrics_token(
    VALUES["SDMPWEB_METRICS_TOKEN"], VALUES["SDMPWEB_METRICS_TOKEN_FILE"]
)

# How much others may make this node do (`nodes/bounds.py`)

LIMITS: dict[str, int] = {
    name.removeprefix("SDMPWEB_LIMIT_").lower(): value
    for name, value in VALUES.items()
    if name.startswith("SDMPWEB_LIMIT_")
}

# The node

NODE_SECRET_FILE: Path = VALUES["SDMPWEB_NODE_SECRET"] or DATA / "node.secret"
USER_KEY_BITS: int = VALUES["SDMPWEB_USER_KEY_BITS"]
NODE_KEY_BITS: int = VALUES["SDMPWEB_NODE_KEY_BITS"]
LINGER: int = VALUES["SDMPWEB_LINGER"]
ALLOW_PRIVATE: bool = VALUES["SDMPWEB_ALLOW_PRIVATE"]

# Backups

GIVEN: dict[str, str] = given_by_environment()  # what a backup says of the settings
BACKUP_TO: str = VALUES["SDMPWEB_BACKUP_TO"]
BACKUP_EVERY: int = VALUES["SDMPWEB_BACKUP_EVERY"]
BACKUP_KEEP: int = VALUES["SDMPWEB_BACKUP_KEEP"]
BACKUP_PASSPHRASE: str = VALUES["SDMPWEB_BACKUP_PASSPHRASE"]

# Django

DEBUG: bool = VALUES["SDMPWEB_DEBUG"]
SECRET_KEY = secret.web_secret(VALUES["SDMPWEB_WEB_SECRET"] or DATA / "web.secret")
ROOT_URLCONF = "sdmpweb.urls"
ASGI_APPLICATION = "sdmpweb.asgi.application"
AUTH_USER_MODEL = "nodes.Account"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "sdmpweb",
    "panel.apps.PanelConfig",
    "hosting",
    "mail",
    "journal",
    "nodes",
    "panel.apps.OwnersAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "sdmpweb.permissions.PermissionsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "sdmpweb.encoding.Utf8Middleware",
    "sdmpweb.session_store.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "sdmpweb.sessions.SessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mail.middleware.SignInMiddleware",
    "mail.middleware.ReaderMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [FILES / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mail.context_processors.page",
                "hosting.context_processors.node",
            ],
        },
    },
]

# Where things are kept

DATABASES = {"default": databases.database(VALUES["DATABASE_URL"], DATA, WORKER_THREADS)}
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "sdmpweb",
    }
    if GROWN
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # Who makes many entries must not push out those that count attempts.
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        # redis-py 8 gives up a silent subscription after 5 s unless told not to.
        # Redis tells its numbered databases apart, and not what is published: the nodes that share
        # a server are told apart by their secrets.
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_timeout": None}],
            "prefix": f"sdmpweb-{secret.name_of(SECRET_KEY)}",
        },
    }
    if GROWN
    else {"BACKEND": "sdmpweb.embedded.layer.EmbeddedChannelLayer"}
}

# Jobs

CELERY_BROKER_URL = REDIS_URL if GROWN else "inproc://localhost"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "sdmpweb"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600} if GROWN else {}
LOOK_FOR_WORK_SECONDS = 5.0
COUNT_SECONDS = 5.0  # after which what was counted is written down; 0 for only when asked
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "look for work": {
        "task": "journal.tasks.look_for_work",
        "schedule": LOOK_FOR_WORK_SECONDS,
        # A look that waited until the next one is due is not worth doing.
        "options": {"expires": LOOK_FOR_WORK_SECONDS},
    },
    "open letters": {
        "task": "mail.tasks.open_letters",
        "schedule": LOOK_FOR_WORK_SECONDS,
        "options": {"expires": LOOK_FOR_WORK_SECONDS},
    },
    "do held": {
        "task": "mail.tasks.do_held",
        "schedule": LOOK_FOR_WORK_SECONDS,
        "options": {"expires": LOOK_FOR_WORK_SECONDS},
    },
    "remind": {"task": "mail.tasks.remind", "schedule": 3600.0},
    "forget audit": {"task": "hosting.tasks.forget_audit", "schedule": 12 * 3600.0},
    "ask for due": {
        "task": "hosting.tasks.ask_for_due",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    "tell owners": {
        "task": "hosting.tasks.tell_owners",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    "measure": {
        "task": "hosting.tasks.measure",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    "forget exchanges": {"task": "hosting.tasks.forget_exchanges", "schedule": 3600.0},
    "do runs": {
        "task": "hosting.tasks.do_runs",
        "schedule": LOOK_FOR_WORK_SECONDS,
        "options": {"expires": LOOK_FOR_WORK_SECONDS},
    },
}

# Signing in

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "sdmpweb.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_RATE_LIMITS = {
    "login": f"{3 * LIMITS['sign_ins']}/m/ip",
    "login_failed": f"{LIMITS['sign_ins']}/m/ip,5/5m/key",
}
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
MFA_ADAPTER = "sdmpweb.accounts.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "sdmpweb"
USERSESSIONS_TRACK_ACTIVITY = True
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# What browsers may do

_page = urlsplit(WEB_URL or f"http://127.0.0.1:{LISTEN_PORT}")
SECURE = _page.scheme == "https"
ALLOWED_HOSTS = allowed_hosts(str(_page.hostname), NODE_ADDRESS)
CSRF_TRUSTED_ORIGINS = [WEB_URL] if WEB_URL else []
SESSION_ENGINE = "sdmpweb.session_store"
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
# Larger than any message with its files: what is uploaded never lies on the disk unsealed.
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE

# Files of the pages

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [FILES / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Language and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [FILES / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Logs

LOGGING = logging_config(VALUES["SDMPWEB_LOG"], VALUES["SDMPWEB_LOG_LEVEL"])
