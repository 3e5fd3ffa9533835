"""What is open: ``opened`` is the state that the parts share, ``workspace`` wires them. Knows no panel."""
