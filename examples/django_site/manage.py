"""A site to try: `python examples/django_site/manage.py` makes its tables and serves it on http://127.0.0.1:8000/."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
    if len(sys.argv) == 1:
        execute_from_command_line([sys.argv[0], "migrate", "--verbosity", "0"])
        sys.argv.append("runserver")
    execute_from_command_line(sys.argv)
