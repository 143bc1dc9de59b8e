"""The only room that imports onnxruntime: sessions, cards, providers and checksums."""
