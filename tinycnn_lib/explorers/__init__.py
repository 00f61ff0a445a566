"""The living figures: see and touch every number of the network, in Jupyter or in a static page."""

from tinycnn_lib.explorers.network import explore_network
from tinycnn_lib.explorers.sliding_window import explore_convolution

__all__ = ["explore_convolution", "explore_network"]
