"""A JupyterLab of its own on localhost: its settings, its files, its end."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 120

SETTINGS = {
    # Asks nobody for news or newer versions.
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # Every cell is in the page, so that a test sees all of them.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}


def copy_book(folder):
    """Copy what a reader opens and runs into the folder; return it."""
    hidden = shutil.ignore_patterns(".*", "__pycache__")
    for name in ("chapters", "appendix", "tinycnn_lib"):
        shutil.copytree(ROOT / name, folder / name, ignore=hidden)
    return folder


def write_settings(home, disabled=()):
    """Write a reader's settings below `home`; `disabled` names extensions that are off."""
    for name, values in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    config = home / "config" / "labconfig"
    config.mkdir(parents=True, exist_ok=True)
    page = {"disabledExtensions": dict.fromkeys(disabled, True)}
    (config / "page_config.json").write_text(json.dumps(page), encoding="utf-8")
    server = {
        "ServerApp": {"jpserver_extensions": {name.replace("-", "_"): False for name in disabled}}
    }
    (home / "config" / "jupyter_server_config.json").write_text(json.dumps(server))


def answers(address, token):
    """Tell whether the server answers."""
    request = urllib.request.Request(
        f"{address}api/status", headers={"Authorization": f"token {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.status == 200
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def stop(server):
    """End the server and its kernels."""
    server.terminate()
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(timeout=30)


@contextlib.contextmanager
def jupyterlab(folder, home, disabled=()):
    """Run a JupyterLab whose root is `folder`; yield a function from a notebook to its address.

    `home` holds all that belongs to a user: settings, kernels, workspaces. A tinycnn_lib in the
    folder is the one that notebooks import. `disabled` names extensions that a reader may lack.
    """
    write_settings(home, disabled)
    # The server chooses the port and writes it down, so that nobody can take it before.
    token, runtime = secrets.token_hex(8), home / "runtime"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    environment |= {
        "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"), "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={folder}",
        f"--IdentityProvider.token={token}", "--LabApp.extension_manager=readonly",
        "--expose-app-in-browser",
        # Ends by itself if the tests were killed before they could end it.
        "--ServerApp.shutdown_no_activity_timeout=300",
        "--MappingKernelManager.cull_idle_timeout=300",
        "--MappingKernelManager.cull_interval=60",
    ]  # fmt: skip
    log = home / "server.log"
    with log.open("w") as said:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=said, stderr=said)
    try:
        address = wait_for(server, runtime, token, log)

        def address_of(path):
            # In a workspace of its own: the common one brings the notebooks that were open before.
            workspace = Path(path).stem
            return f"{address}lab/workspaces/{workspace}/tree/{path}?token={token}"

        yield address_of
    finally:
        stop(server)


def wait_for(server, runtime, token, log):
    """Return the server's address as soon as it answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, f"JupyterLab did not start:\n{log.read_text()[-3000:]}"
        for found in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError):  # half written
                address = json.loads(found.read_text())["url"]
                if answers(address, token):
                    return address
        time.sleep(0.2)
    raise AssertionError(
        f"JupyterLab did not answer in {START_SECONDS} s:\n{log.read_text()[-3000:]}"
    )
