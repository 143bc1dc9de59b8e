"""Random augmentation of training batches: one file each, numpy arrays in and out, every draw from a given
generator."""
