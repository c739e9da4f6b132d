"""The synthetic world of the demo: scenes in the formats of the published archives."""

from fcn_synthetic.objects.scenes import CLASSES, Scene, objects, scene

__all__ = ["CLASSES", "Scene", "objects", "scene"]
