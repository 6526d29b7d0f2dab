"""``python -m kwskit`` is ``kwskit``."""

from kwskit.cli import main

raise SystemExit(main())
