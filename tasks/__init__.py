"""One module per namespace; ../tasks.py mounts them. Importing this package costs nothing."""
