"""How the parts meet."""
