"""``python -m cadence_exporter`` is ``cadence-exporter``."""

import sys

from cadence_exporter.cli import main

sys.exit(main())
