#!/bin/sh
# wheels.sh FOLDER [EXTRAS]: Kuacheng and all that it runs on as wheels in a new FOLDER, from the repository's root; `make wheels`, and what
# deploy/container/Containerfile builds from. EXTRAS as pip has them: "[console,traces]". PYTHON is the Python that they are for.
# Law: each wheel of others has the version and the hash that requirements.lock names, or there is no FOLDER; nothing that was fetched runs
# before it was judged. So FOLDER can be carried to a machine without a network, and all that is done there is
#   pip install --no-index --find-links FOLDER kuacheng
set -eu
folder=$1
extras=${2-}
[ ! -e "$folder" ] || { echo "$folder is there already: remove it, or name another" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
pip="$work/venv/bin/pip --quiet --disable-pip-version-check"
sed -n '/^[A-Za-z]/s/ *\\$//p' requirements.lock > "$work/pins"

fetch() { # FOLDER REQUIREMENT
  $pip download --only-binary :all: --constraint "$work/pins" --dest "$1" "$2"
  for wheel in "$1"/*.whl; do
    case ${wheel##*/} in kuacheng-*) continue ;; esac
    sum=$(sha256sum < "$wheel")
    grep -qF -e "--hash=sha256:${sum%% *}" requirements.lock || { echo "${wheel##*/}: not a file that requirements.lock names" >&2; exit 1; }
  done
}

fetch "$work/tools" hatchling
$pip install --no-index --find-links "$work/tools" hatchling
$pip wheel --no-index --no-deps --no-build-isolation --wheel-dir "$work" .
fetch "$work/wheels" "$(echo "$work"/kuacheng-*.whl)$extras"
mkdir -p "$(dirname "$folder")"
mv "$work/wheels" "$folder"
