"""Overlay video, timeline, tables, plots and the report."""
