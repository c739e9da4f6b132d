"""Fully convolutional networks for semantic segmentation: models, training, evaluation, report."""
