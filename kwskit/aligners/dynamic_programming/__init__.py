"""What aligners are made of: paths and partitions found by dynamic programming."""
