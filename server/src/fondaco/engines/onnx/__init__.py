"""Embedding models as ONNX files, run by onnxruntime in a child process."""
