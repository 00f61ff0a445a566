"""The same network in PyTorch (eager mode) and in JAX (compiled), for those who have them.

Each function takes a `Sequential`, images and labels, and returns (forward, step): both return
NumPy's or Python's own numbers, so that nothing is still being computed when the clock stops.
"""

import numpy as np

from tinycnn_lib import Conv2D, Dense, Flatten, MaxPool2D, ReLU


def torch_side(model, x, y, rate):
    """PyTorch in eager mode, its own SGD."""
    import torch

    torch.set_num_threads(1)
    dtype = torch.from_numpy(x).dtype

    def twin(layer):
        match layer:
            case Conv2D():
                module = torch.nn.Conv2d(layer.in_channels, layer.out_channels, layer.kernel_size)
                weights = layer.weights
            case Dense():
                module = torch.nn.Linear(layer.in_features, layer.out_features)
                weights = layer.weights.T
            case MaxPool2D():
                return torch.nn.MaxPool2d(layer.pool_size)
            case ReLU():
                return torch.nn.ReLU()
            case Flatten():
                return torch.nn.Flatten()
        module.double()  # before the weights are copied, or they are rounded
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(weights))
            module.bias.copy_(torch.from_numpy(layer.bias))
        return module

    network = torch.nn.Sequential(*map(twin, model.layers)).to(dtype)
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    x, y = torch.from_numpy(x), torch.from_numpy(y)

    def forward():
        with torch.inference_mode():
            return network(x).numpy()

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return forward, step


def jax_side(model, x, y, rate):
    """JAX, forward and step each compiled once, before the clock runs."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    layers = model.layers  # by position: a layer's settings are constants of the compiled program
    weights = [
        (jnp.asarray(layer.weights, x.dtype), jnp.asarray(layer.bias, x.dtype))
        if layer.learned
        else ()
        for layer in layers
    ]

    def network(weights, x):
        for layer, arrays in zip(layers, weights, strict=True):
            match layer:
                case Conv2D():
                    x = jax.lax.conv(x, arrays[0], (1, 1), "VALID")
                    x = x + arrays[1][None, :, None, None]
                case MaxPool2D():
                    window = (1, 1, layer.pool_size, layer.pool_size)
                    x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")
                case ReLU():
                    x = jax.nn.relu(x)
                case Flatten():
                    x = x.reshape(len(x), -1)
                case Dense():
                    x = x @ arrays[0] + arrays[1]
        return x

    def loss(weights, x, y):
        logits = jax.nn.log_softmax(network(weights, x))
        return -logits[jnp.arange(len(y)), y].mean()

    @jax.jit
    def update(weights, x, y):
        value, gradients = jax.value_and_grad(loss)(weights, x, y)
        return jax.tree.map(lambda w, d: w - rate * d, weights, gradients), value

    x, y, compiled = jnp.asarray(x), jnp.asarray(y), jax.jit(network)
    state = [weights]

    def step():
        state[0], value = jax.block_until_ready(update(state[0], x, y))
        return float(value)

    return lambda: np.asarray(compiled(state[0], x)), step
