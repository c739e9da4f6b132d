"""How often a net is measured: what evaluation does, and what a plan counts."""

FORWARD_RUNS = 20  # timed passes, as the paper's Table 1
WARM_UP = 3  # passes before those that are timed
NORM_IMAGES = 20  # images whose features' norms are compared
