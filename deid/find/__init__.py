"""Where could something be? Image in, regions and text lines out."""
