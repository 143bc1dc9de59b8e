"""Graphs of a joint layout, for every layout with bones.

The spatial partition follows Yan et al., "Spatial temporal graph convolutional networks" (AAAI 2018): a
joint's neighbours are split by whether they are as far from the body's root as the joint, nearer or farther.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from bodyverb.core import InputError, Skeleton


def edges(skeleton: Skeleton) -> tuple[tuple[int, int], ...]:
    """Bones of a layout as (joint, parent); its limbs where it names no parents.

    Raises:
        InputError: the layout has neither.
    """
    bones = tuple((joint, parent) for joint, parent in enumerate(skeleton.parents) if parent >= 0)
    found = bones or skeleton.limbs
    if not found:
        raise InputError(
            f"Expected a layout with bones for a graph network, got none in {skeleton.name!r}; "
            "give its joints parents or limbs, or take a network without a graph such as lstm"
        )
    return found


def distances(skeleton: Skeleton) -> np.ndarray:
    """Steps (joint,) int64 from each joint to the body's root along the bones.

    Joints that hang on none of the root joints count from the first joint of their own part of the body.
    """
    count = len(skeleton)
    near: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges(skeleton):
        near[a].append(b)
        near[b].append(a)
    steps = np.full(count, -1, np.int64)
    starts = [list(skeleton.root), *([joint] for joint in _roots_first(skeleton))]
    for start in starts:
        queue = deque(joint for joint in start if steps[joint] < 0)
        steps[list(queue)] = 0
        while queue:
            joint = queue.popleft()
            for other in near[joint]:
                if steps[other] < 0:
                    steps[other] = steps[joint] + 1
                    queue.append(other)
    return steps


def spatial(skeleton: Skeleton) -> np.ndarray:
    """Adjacency (3, joint, joint) float32: [k, v, w] is what joint v gives to joint w.

    Subset 0 holds the joint itself and neighbours as far from the root, 1 neighbours that are farther out, 2
    neighbours that are nearer. The columns of a subset sum to 1, or to 0 where there is no such neighbour.

    Raises:
        InputError: the layout has no bones.
    """
    steps = distances(skeleton)
    graph = np.zeros((3, len(skeleton), len(skeleton)), np.float32)
    graph[0] = np.eye(len(skeleton))
    for a, b in edges(skeleton):
        for v, w in ((a, b), (b, a)):
            graph[int(np.sign(steps[v] - steps[w])) % 3, v, w] = 1.0
    return normalised(graph)


def neighbours(skeleton: Skeleton) -> np.ndarray:
    """Symmetric adjacency (joint, joint) float32 of zeros and ones, without self-links."""
    graph = np.zeros((len(skeleton), len(skeleton)), np.float32)
    for a, b in edges(skeleton):
        graph[a, b] = graph[b, a] = 1.0
    return graph


def exactly_apart(graph: np.ndarray, scales: int) -> np.ndarray:
    """Graphs (scales, joint, joint) float32 of the joints 0, 1, ... links apart, normalised on both sides.

    Joints keep a link to themselves at every distance, as in MS-G3D (Liu et al., CVPR 2020).

    Args:
        graph: (joint, joint) of zeros and ones, symmetric, without self-links.
        scales: how many distances.
    """
    one = np.eye(len(graph), dtype=np.float32)
    near, found = one > 0, [one]
    for _ in range(1, scales):
        reached = (near @ (graph + one)) > 0
        found.append((reached & ~near).astype(np.float32) + one)
        near = reached
    every = np.stack(found)
    scale = every.sum(axis=2) ** -0.5
    return (scale[:, :, None] * every * scale[:, None]).astype(np.float32)


def normalised(graph: np.ndarray) -> np.ndarray:
    """The graph (..., v, w) with columns that sum to 1; columns of zeros stay."""
    total = graph.sum(axis=-2, keepdims=True)
    return graph / np.where(total > 0, total, 1.0)


def parents(skeleton: Skeleton) -> tuple[int, ...]:
    """Parent of each joint; a root is its own, so that its bone has no length."""
    return tuple(joint if parent < 0 else parent for joint, parent in enumerate(skeleton.parents))


def _roots_first(skeleton: Skeleton) -> list[int]:
    """All joints, those without a parent first."""
    return sorted(range(len(skeleton)), key=lambda joint: skeleton.parents[joint] >= 0)
