"""Keywords adapted: spoken by every voice that is installed, and a small head trained over the frozen model."""
