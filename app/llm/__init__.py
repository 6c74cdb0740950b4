"""The answer model in memory: loads a GGUF file with llama.cpp, generates text, keeps what it has read.

Hands out `LlamaCpp` (llamacpp.py), the protocol that it implements (protocol.py), the store of kept states (states.py)
and what llama.cpp says of itself (probe.py). May call `ingest` only: it knows nothing of questions or documents.
"""
