"""The owner's panel: Django's admin with our own pages."""
