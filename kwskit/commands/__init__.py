"""The commands of ``kwskit …``, a file each: what it is told, its arguments, and what it calls."""

# What a keyword may be: kwskit.text.typed_keyword.
TYPED = "TEXT, or TEXT=PHONEMES in ARPAbet or IPA, or TEXT~RESPELLING"
# Help of every ``--model`` that may be left out.
MODEL = (
    "model: a packaged name, a directory, or owner/name of the Hugging Face Hub (default english; see kwskit models)"
)
