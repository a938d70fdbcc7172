#!python
import sys

from criteo_connector._program import main

sys.exit(main())
