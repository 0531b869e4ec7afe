"""A database backend: Django's for SQLite, whose writers in one process take turns."""
