"""Skeletons to verbs at run time: windows, open set and segments."""
