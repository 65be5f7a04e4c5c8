#!/bin/sh
# Lets a new grader image grade every course as its author's gate does: solutions in full, untouched notebooks to nothing.
#
# Usage: check-courses.sh IMAGE 'COURSE COURSE'          each course is github.com/owner/repo
#
# The GitHub App's key reaches the container by its name, so that no command line and no log has it.
set -eu

image=$1
courses=$2
if [ -z "$courses" ]; then
  echo 'No course is named, so nothing would be checked: set _COURSES.' >&2
  exit 2
fi

failed=
for course in $courses; do
  echo "== $course"
  docker run --rm \
    --security-opt seccomp=unconfined --security-opt systempaths=unconfined \
    --volume "$PWD:/workspace:ro" --workdir /workspace --entrypoint node \
    --env HOLT_PYTHON=/opt/holt/python/bin/python --env HOLT_LAYERS=/opt/holt/layers \
    --env COURSE_CONTENT_READER_APP_ID --env COURSE_CONTENT_READER_INSTALLATION_ID \
    --env COURSE_CONTENT_READER_PRIVATE_KEY \
    "$image" cli/check-course.ts "$course" || failed="$failed $course"
done

if [ -n "$failed" ]; then
  echo "The new grader is not released, because these courses fail with it:$failed" >&2
  exit 1
fi
