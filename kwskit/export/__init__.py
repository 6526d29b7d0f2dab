"""A trained model for products: graphs that onnxruntime runs where there is no torch."""
