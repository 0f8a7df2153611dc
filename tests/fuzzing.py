"""How many hostile answers each dialect is fed: some hundreds in `make test`, a hundred thousand in `make fuzz`."""

import os
from typing import Final

TIMES: Final = int(os.environ.get("KUACHENG_FUZZ", "1"))
"""How often the usual number of examples."""
FUZZING: Final = "KUACHENG_FUZZ" in os.environ
"""Whether other examples are wanted each time."""
