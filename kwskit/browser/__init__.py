"""What runs in browsers, on the page of ``kwskit serve`` and on that which ``kwskit export`` writes: files alone."""
