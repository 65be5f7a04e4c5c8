"""The rules of the hub for each user's server: only Moodle shows it in a frame."""

import json
import os

moodle = os.environ["MOODLE_URL"]
c = get_config()  # noqa: F821

c.ServerApp.allow_origin = moodle
c.ServerApp.tornado_settings = {
    "headers": {"Content-Security-Policy": f"frame-ancestors {moodle}"},
    "xsrf_cookie_kwargs": {
        "path": os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/"),
        **json.loads(os.environ.get("JUPYTERHUB_COOKIE_OPTIONS") or "{}"),
    },
}

# A frame is no place to be asked whether one wants news of the project.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
