"""Why a version answers as it does: where it looks, which training images it finds alike, how its features lie."""

from mpt_studio.engine.explain.layers import Layers, find_layers
from mpt_studio.engine.explain.neighbours import nearest
from mpt_studio.engine.explain.probe import Probe, Saliency
from mpt_studio.engine.explain.projection import Plane, principal_components, umap, umap_is_installed

__all__ = [
    "Layers",
    "Plane",
    "Probe",
    "Saliency",
    "find_layers",
    "nearest",
    "principal_components",
    "umap",
    "umap_is_installed",
]
