"""Whether what the model wrote holds: quotes found (`verify`), about what was asked, yes or no the right way round, the
right cell of a table; then answered, unsure or not found (`gate`). Calls `language` and `plan`.
"""
