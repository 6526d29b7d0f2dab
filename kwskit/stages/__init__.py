"""What the stages 2 to 5 of every recipe do, one a file; `kwskit pack|train|score|report` call them."""
