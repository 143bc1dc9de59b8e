"""Pure functions of geometry: boxes, crops, cameras, rotations, bodies. (0, 0) is a pixel centre."""
