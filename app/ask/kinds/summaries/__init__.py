"""For `summary`: in which words one is asked for, and of what."""
