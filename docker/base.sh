#!/bin/sh
# Writes a minimal system of this machine's own distribution and release, from its own package sources, as a tar file to
# standard output: the base of the lab's images where no registry can be reached. For `docker import`.
set -eu

. /etc/os-release
if [ -e "/etc/apt/sources.list.d/$ID.sources" ]; then
  sources="/etc/apt/sources.list.d/$ID.sources"
else
  sources=/etc/apt/sources.list
fi

exec mmdebstrap --quiet --variant=minbase --format=tar \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  "$VERSION_CODENAME" - "$sources"
