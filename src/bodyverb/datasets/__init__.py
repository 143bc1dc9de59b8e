"""One file a data set: its card and how to open it."""
