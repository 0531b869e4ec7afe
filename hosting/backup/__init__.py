"""Backups: one encrypted file with everything a node is made of (docs/backups.md)."""
