"""`python -m criteo_connector` is the command `criteo`."""

import sys

from ._program import main

sys.exit(main())
