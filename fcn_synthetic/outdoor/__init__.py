"""Outdoor scenes with a class and a geometry for each pixel, as SIFT Flow's photographs have."""

from fcn_synthetic.outdoor.scene import OutdoorScene, outdoor_scene

__all__ = ["OutdoorScene", "outdoor_scene"]
