"""A model as a folder for browsers: what writes it, and in ``static`` what runs there."""
