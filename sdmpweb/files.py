"""Where the files lie that are no code: templates, pictures, translations, and those of deploy/."""

from pathlib import Path
from typing import Final

BASE_DIR: Final = Path(__file__).resolve().parent.parent
# An installed wheel has what lies beside the packages in the source tree within this one.
_INSTALLED = Path(__file__).resolve().parent / "_files"
FILES: Final = _INSTALLED if _INSTALLED.is_dir() else BASE_DIR
