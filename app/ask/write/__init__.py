"""What the answer model is given and how: the prompt, documents' orders marked as data, states composed from what was
read before, and the sum that the model only sets up. Calls `language`; reads its own `prompts/`.
"""
