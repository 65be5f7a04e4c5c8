#!/bin/sh
# Gives the images that the main branch built of a commit the name of a release. Nothing is built again: what was checked
# is what is released.
#
# Usage: name-images.sh REPOSITORY COMMIT TAG
set -eu

folder=${HOLT_BUILD:-.holt/build}/digests
mkdir -p "$folder"
for name in functions otter-grader; do
  if ! digest=$(gcloud artifacts docker images describe "$1/$name:$2" --format 'value(image_summary.digest)'); then
    echo "There is no image $name of commit $2: let the build of main end well, then run this build again." >&2
    exit 1
  fi
  gcloud artifacts docker tags add "$1/$name@$digest" "$1/$name:$3"
  echo "$1/$name@$digest" >"$folder/$name"
done
