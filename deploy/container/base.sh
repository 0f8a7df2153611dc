#!/bin/sh
# base.sh [NAME]: an image of Debian 12 with its Python 3.11 (localhost/kuacheng-base), of Debian's packages alone, for where no registry of images
# is at hand. As root, with mmdebstrap; ENGINE is podman, buildah or docker.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,ca-certificates \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  bookworm "$folder/base.tar"
printf 'FROM scratch\nADD base.tar /\n' > "$folder/Containerfile"
"${ENGINE:-podman}" build --file "$folder/Containerfile" --tag "${1:-localhost/kuacheng-base}" "$folder"
