"""Trained models opened and run: in torch or as ONNX graphs, from the package, a directory or the Hub."""
