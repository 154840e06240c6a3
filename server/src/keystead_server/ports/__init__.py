"""What flows need from the world, as protocols."""
