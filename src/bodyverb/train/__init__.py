"""One training loop, loading, augmentation, checkpoints, evaluation and export."""
