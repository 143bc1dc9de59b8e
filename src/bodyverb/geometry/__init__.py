"""Pure functions of geometry: boxes, crops, cameras, rotations, bodies. Pixels have (0, 0) at a pixel centre."""
