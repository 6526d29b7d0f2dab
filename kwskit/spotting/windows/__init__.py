"""Windows of a stream: where they lie, and how a model embeds them."""
