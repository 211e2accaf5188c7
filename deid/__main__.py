"""``python -m deid``: the same door as the command, with the same guard."""

from deid.guard import main

if __name__ == "__main__":
    main()
