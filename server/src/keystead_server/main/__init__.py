"""The only room that knows everybody: settings, real clock and dice, wiring, the server, the command line."""
