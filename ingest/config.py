"""The settings that shape an index. A change here changes the fingerprint, and the next run reads all files again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """Settings of reading and chunking. Sizes are in the encoder's own tokens, times in seconds."""

    chunk_tokens: int = 160
    overlap_tokens: int = 32
    page_timeout: float = 60.0  # a page that takes longer is left out
    max_file_bytes: int = 2 << 30
    recognise: bool = True  # text in pictures, last of all; else they stay unread

    def fingerprint(self, encoder_name: str) -> str:
        """Returns a text that identifies these settings: indexes with equal fingerprints hold the same chunks for the
        same files."""
        return f"v6 chunk={self.chunk_tokens} overlap={self.overlap_tokens} encoder={encoder_name}"
