"""2D to 3D poses at run time."""
