"""Manifests, the packed store, samplers and speech synthesis."""
