"""StarCoder2 checkpoints to quantized GGUF files: converted, quantized, checked."""

__version__ = "0.1.0"
