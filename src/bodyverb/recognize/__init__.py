"""Skeletons to verbs at run time: windows of real seconds, a network, segments; numpy and a session, no
torch."""
