"""JupyterHub for one machine: any user name with one password, JupyterLab, and Holt as a service. Not for real use."""

import ctypes
import json
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets import default

settings = json.loads(os.environ["HOLT_HUB"])
data = Path(settings["dataFolder"])
here = Path(__file__).parent
c = get_config()  # noqa: F821


class FolderSpawner(SimpleLocalProcessSpawner):
    """Starts JupyterLab for any user name, without a system account, in a folder that holds the sample notebooks."""

    @default("home_dir")
    def _default_home_dir(self):
        # Escaped and prefixed, so that no name leads out of the folder.
        return str(data / "homes" / f"user-{quote(self.user.name, safe='@')}")

    def make_preexec_fn(self, name):
        def enter():
            os.chdir(self.home_dir)
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: ends with the hub, however that ends.

        return enter

    async def start(self):
        home = Path(self.home_dir)
        home.mkdir(parents=True, exist_ok=True)
        for notebook in map(Path, settings["notebooks"]):
            if not (home / notebook.name).exists():
                shutil.copy(notebook, home)
        return await super().start()


def end_with_parent():
    """Ends the hub, and with it every server, when the process that started it is gone: its standard input closes."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)
    os._exit(1)  # Its tidying up hangs when its folder went too; its servers end with it all the same.


threading.Thread(target=end_with_parent, daemon=True).start()

c.JupyterHub.bind_url = settings["url"]
c.JupyterHub.hub_bind_url = settings["hubUrl"]
c.JupyterHub.hub_connect_url = settings["hubUrl"]
c.JupyterHub.db_url = f"sqlite:///{data / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(data / "cookie-secret")
c.JupyterHub.log_level = "INFO"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = settings["proxyApiUrl"]
c.ConfigurableHTTPProxy.auth_token = settings["proxyToken"]

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = settings["password"]
c.Authenticator.allow_all = True
c.JupyterHub.load_groups = {group: {"users": users} for group, users in settings["groups"].items()}

c.JupyterHub.spawner_class = FolderSpawner
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.ip = "127.0.0.1"
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.Spawner.environment = {
    "JUPYTER_CONFIG_PATH": str(here / "jupyter"),
    "JUPYTER_PATH": str(data / "jupyter"),
    "JUPYTER_PREFER_ENV_PATH": "1",
}

# Holt beside the hub: this part is what a real hub needs too.
c.JupyterHub.services = [
    {
        "name": name,
        "url": settings["serviceUrl"],
        "api_token": token,
        "oauth_redirect_uri": f"/services/{name}/oauth_callback",
        "oauth_no_confirm": True,
        "display": False,
        "timeout": 1,  # Seconds that the hub's own start waits for Holt, which may come up later.
    }
    for name, token in settings["services"].items()
]
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self", *(f"access:services!service={name}" for name in settings["services"])]},
]
