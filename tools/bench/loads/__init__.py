"""Both servers under load, and beside clients that do what they should not."""
