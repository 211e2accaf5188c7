"""Is it identifying? Lines and their neighbours in, findings out."""
