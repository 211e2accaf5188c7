"""The public benchmark: seeded pictures with truth, a scorer of output files, adapters of other tools."""
