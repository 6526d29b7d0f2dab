"""A released model put on the Hugging Face Hub: what goes there, its card, and the upload."""
