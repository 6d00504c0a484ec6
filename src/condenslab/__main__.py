"""Lets `python -m condenslab` stand for `condenslab`."""

import sys

from condenslab.cli import main

sys.exit(main())
