"""For `compare`: how a comparison is asked for, which two sides it has, and what is put side by side of editions,
documents, sections, things with a designation, or mere phrases."""
