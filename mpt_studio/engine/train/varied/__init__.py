"""How training images are varied: a file for each kind of step, and what they work on."""
