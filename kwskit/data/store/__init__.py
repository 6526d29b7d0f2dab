"""The packed store of speech: written, read, and held in the memory of a device."""
