"""Decode and encode video with true time stamps, image folders and cameras."""
