"""What people look at: overlay video, contact sheet, timeline, report page, terminal tables."""
