"""What code knows of the documents as such, without a model: which ones a phrase names, what they hold in all, when and
by whom they were written, where words stand in them.

Called by the kinds of answers and by the first questions of the page; calls the index only.
"""
