"""Wake-word benchmark: keywords in noise and streams to count false alarms in."""
