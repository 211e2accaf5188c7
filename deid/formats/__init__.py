"""The two ends: files in, frames and header out; frames and header in, files out."""
