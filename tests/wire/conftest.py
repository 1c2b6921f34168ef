"""Golden files are test items: tests/wire/DIALECT/NAME.http, DIALECT being the realm of the demo that is asked."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

from fixtures import *  # noqa: F401,F403,E402  the servers, shared with tests/integration
