"""Black-box tests of the real binary ($JETON, else build/jeton)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fixtures import *  # noqa: F401,F403,E402  the servers, and their logs on failure
