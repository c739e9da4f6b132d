"""The drawn world of the demo scale: scenes of the 20 VOC classes, and the archives they fill."""

from fcn_synthetic.objects.scenes import (
    CLASSES,
    Scene,
    objects,
    scene,
)

__all__ = ["CLASSES", "Scene", "objects", "scene"]
