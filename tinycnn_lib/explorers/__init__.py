"""The living figures: see and touch every number of the network, in Jupyter or in a static page."""

from tinycnn_lib import extras

with extras.figures():
    from tinycnn_lib.explorers.drawing import explore_drawing
    from tinycnn_lib.explorers.gradient import explore_gradient
    from tinycnn_lib.explorers.network import explore_network
    from tinycnn_lib.explorers.recorder import RunRecorder
    from tinycnn_lib.explorers.replay import replay_training
    from tinycnn_lib.explorers.sliding_window import explore_convolution

__all__ = [
    "RunRecorder",
    "explore_convolution",
    "explore_drawing",
    "explore_gradient",
    "explore_network",
    "replay_training",
]
