"""Parts that judge a pair of text and speech."""
