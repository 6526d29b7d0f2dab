"""The commands of ``kwskit …``, a file each: what it is told, its arguments, and what it calls."""
