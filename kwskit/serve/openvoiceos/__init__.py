"""Wake words for OpenVoiceOS, as a plugin of its plugin manager."""
