"""The part of the schema that pre-training is: all that its jobs depend on."""

from pydantic import Field

from fcnlib.config.schema_base import Float, Frozen, Positive, Seed, Share
from fcnlib.config.schema_nets import BackboneName


class PretrainingOverrides(Frozen):
    """How long a classifier is trained; null: as the others."""

    windows: Positive | None = Field(None, description="Training images.")
    iterations: Positive | None = Field(None, description="Updates.")


class Pretraining(Frozen):
    """The classifier that takes ImageNet's place at demo scale."""

    seed: Seed = Field(0, description="Of images and weights.")
    windows: Positive = Field(description="Training images.")
    window: Positive = Field(description="Pixels of their side.")
    held_out: Positive = Field(description="Images to test on.")
    iterations: Positive = Field(description="Updates.")
    batch_size: Positive = Field(description="Images of an update.")
    learning_rate: Float = Field(description="Of AdamW.")
    weight_decay: Float = Field(description="Of AdamW.")
    label_smoothing: Share = Field(description="Of the cross entropy.")
    backbones: dict[BackboneName, PretrainingOverrides] = Field(
        {}, description="What single backbones take instead."
    )
