"""What sets keywords off at home, and what nearly does, kept for a person to judge."""
