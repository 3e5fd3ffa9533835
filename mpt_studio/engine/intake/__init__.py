"""Safe reading of weights files of any origin. Nothing from a file is ever executed.

A limited child process (``child``) looks at a file's first bytes (``files.sniff``), checks its container (``archive``,
``torch_file``, ``safetensors_file``) and its pickle by an interpreter that calls nothing (``pickle_machine``), and only
then loads tensors. It writes a normalised ``.safetensors`` and a report; everybody else reads only those two.
Importing this package does not import torch: most bad files are refused before torch is loaded.
"""
