"""From pixels to 2D poses: finder, pose networks, tracker, smoothing."""
