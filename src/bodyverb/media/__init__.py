"""Decode and encode video with true time stamps, image folders and cameras."""

from bodyverb.media.expand import SourceItem, expand
from bodyverb.media.images import IMAGE_SUFFIXES, NOMINAL_RATE_HZ, read_image, write_image
from bodyverb.media.pixels import letterbox, scaled_size
from bodyverb.media.source import Frame, MediaInfo, Source, open_source
from bodyverb.media.writer import VideoWriter

__all__ = [
    "IMAGE_SUFFIXES",
    "NOMINAL_RATE_HZ",
    "Frame",
    "MediaInfo",
    "Source",
    "SourceItem",
    "VideoWriter",
    "expand",
    "letterbox",
    "open_source",
    "read_image",
    "scaled_size",
    "write_image",
]
