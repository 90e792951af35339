"""A pretend home on loopback whose parts speak the real protocols: what ``demo`` shows and what the tests work with.

Nothing here shares protocol code with the product. A fake that used the product's own packets would agree with its mistakes.
"""
