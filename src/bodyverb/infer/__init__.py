"""Networks at run time: cards, the catalogue of bundled models, and onnxruntime sessions."""

from bodyverb.infer.card import Card
from bodyverb.infer.catalogue import bundled, find
from bodyverb.infer.session import Session, load

__all__ = ["Card", "Session", "bundled", "find", "load"]
