#!/usr/bin/env python3
"""How many words a batch of recipes/finetune has: all that there are, 64 at most."""

import sys
from pathlib import Path

import numpy as np

from kwskit.data.store.packed_store import PackedStore

MOST = 64

if __name__ == "__main__":
    print(min(MOST, len(np.unique(PackedStore.open(Path(sys.argv[1])).word_ids))))
