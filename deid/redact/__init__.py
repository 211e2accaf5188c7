"""What will be done, then doing it."""
