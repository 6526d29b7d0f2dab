"""The commands of ``kwskit …``, a file each: what it is told, its arguments, and what it calls."""

# Of every ``--model`` that may be left out.
MODEL = "packaged name, directory, or owner/name of the Hugging Face Hub (default english-small; see kwskit models)"
