"""Rules: facts in, decisions out. Nothing here fetches, writes or raises."""
