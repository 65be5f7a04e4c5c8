#!/bin/sh
# Starts Holt on the embedded engine beside the hub. Both make the token that they share of the secret that both have.
set -eu

: "${JWT_SECRET:?is not set: .env.example says what it is.}"
JUPYTERHUB_API_TOKEN=$(printf 'otter_grade %s' "$JWT_SECRET" | sha256sum | cut -d ' ' -f 1)
export JUPYTERHUB_API_TOKEN HOLT_ENGINE=embedded

node cli/make-layer.ts --at-start
exec node functions/serve.ts
