"""Running a node for years: health, backups, upgrades, storage, and who changed what."""
