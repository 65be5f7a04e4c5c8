"""A JupyterHub beside Moodle: people log in by Moodle's token, each has a container, and Holt grades."""

import hashlib
import os
import re
import sys
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent))
from moodle_login import HideTokens, MoodleAuthenticator  # noqa: E402

c = get_config()  # noqa: F821


def need(name):
    """Read a setting."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise SystemExit(f"{name} is not set: .env.example says what it is.")
    return value


def need_origin(name):
    """Read an address, as scheme and host."""
    found = re.match(r"(https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?)(?:/[^\s;,]*)?\Z", need(name).lower())
    if not found:
        raise SystemExit(f"{name} must be an address such as https://moodle.example.edu.")
    return found[1]


def need_secret(name):
    """Read a secret, which nobody may guess."""
    value = need(name)
    if len(value) < 32:
        raise SystemExit(f"{name} must have at least 32 characters: make one with openssl rand -hex 32.")
    return value


moodle, hub = need_origin("MOODLE_URL"), need_origin("HUB_URL")
if moodle.startswith("https:") and not hub.startswith("https:"):
    raise SystemExit("HUB_URL must begin with https:// as MOODLE_URL does: browsers show no http page in an https one.")
jwt_secret = need_secret("JWT_SECRET")

# Logging in.
c.JupyterHub.authenticator_class = MoodleAuthenticator
c.MoodleAuthenticator.secret = jwt_secret
c.JupyterHub.logging_config = {
    "filters": {"tokens": {"()": HideTokens}},
    "handlers": {"console": {"filters": ["tokens"]}},
}

# Moodle shows the hub in a frame; nobody else may. Each user's server has the same rules from its image.
cookies = {"samesite": "None", "secure": True} if moodle.startswith("https:") else {}
c.JupyterHub.tornado_settings = {
    "headers": {"Content-Security-Policy": f"frame-ancestors {moodle}", "Access-Control-Allow-Origin": moodle},
    "cookie_options": cookies,
    # Moodle starts a server and writes into it at once.
    "slow_spawn_timeout": 60,
}
c.Spawner.environment = {"MOODLE_URL": moodle}

# A container for each user.
c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.DockerSpawner.image = os.environ.get("LAB_IMAGE", "moodle-hub-lab")
c.DockerSpawner.network_name = os.environ.get("USERS_NETWORK", "moodle-hub-users")
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.remove = True
c.DockerSpawner.notebook_dir = "/home/jovyan/work"
c.DockerSpawner.volumes = {"moodle-hub-user-{username}": "/home/jovyan/work"}
c.DockerSpawner.mem_limit = os.environ.get("USER_MEMORY", "2G")
c.DockerSpawner.extra_host_config = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "pids_limit": 512,
}
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = c.Spawner.http_timeout = 120

# Where it answers, and what it remembers.
c.JupyterHub.bind_url = "http://:8000"
c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = "http://hub:8081"
password = quote(need("POSTGRES_PASSWORD"), safe="")
c.JupyterHub.db_url = f"postgresql+psycopg://hub:{password}@database/hub"
c.JupyterHub.cookie_secret_file = os.environ.get("COOKIE_SECRET_FILE", "/data/cookie-secret")

# Moodle's own access, Holt, and an end for servers that nobody uses.
c.JupyterHub.services = [
    {"name": "moodle", "api_token": need_secret("API_TOKEN")},
    {
        "name": "otter_grade",
        "url": os.environ.get("HOLT_URL", "http://holt:8080"),
        # Holt makes the same one in holt/start.sh.
        "api_token": hashlib.sha256(f"otter_grade {jwt_secret}".encode()).hexdigest(),
        "oauth_redirect_uri": "/services/otter_grade/oauth_callback",
        "oauth_no_confirm": True,
        "display": False,
        "timeout": 1,
    },
    {"name": "idle-culler", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]},
]
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self", "access:services!service=otter_grade"]},
    {"name": "moodle", "services": ["moodle"], "scopes": ["admin:users", "admin:servers", "access:servers"]},
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
]
