"""The only web room: a page on this computer where a person sees what is held, decides, and releases."""
