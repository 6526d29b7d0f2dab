"""``python tools/bench/loads``: see measure.py."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts this folder on its path when it runs it, but its modules are named from the one that holds it.
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from loads.measure import main

    main()
