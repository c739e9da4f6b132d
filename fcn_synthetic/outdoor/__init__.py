"""Outdoor scenes with a semantic and a geometric class for each pixel, as in SIFT Flow."""

from fcn_synthetic.outdoor.scene import OutdoorScene, outdoor_scene

__all__ = ["OutdoorScene", "outdoor_scene"]
