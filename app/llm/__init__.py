"""The answer model in memory: loading a GGUF file with llama.cpp, writing with it, keeping what it has read.

Hands out `LlamaCpp` (llamacpp.py), the protocol that it fulfils (protocol.py) and the store of kept states (states.py).
May call `ingest` only: it knows nothing of questions or documents.
"""
