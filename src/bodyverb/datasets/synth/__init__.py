"""The project's own procedural humanoid: motions, cameras, renders. numpy and OpenCV only, no data files.

``motions`` gives 3D joints over time, ``render`` shaded video with true 2D joints, ``samples`` training
pictures,
``demo`` the clip of ``bodyverb demo``.
"""
