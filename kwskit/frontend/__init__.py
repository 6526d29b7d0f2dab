"""Log-mel and augmentation, on the model's device."""
