#!/bin/bash
# AWS ParallelCluster 3: OnNodeConfigured of a queue. Installs efa-doctor and starts it.
# Arguments: PACKAGE [CONFIG]: s3://... or a path of a shared file system; a .deb or an .rpm, and a
# config.toml. It runs as root; an exit code other than 0 fails the node's bootstrap, and ten such
# stop a queue (protected mode), rather than nodes that nobody watches.
# https://docs.aws.amazon.com/parallelcluster/latest/ug/custom-bootstrap-actions-v3.html
set -euo pipefail
PATH=$PATH:/usr/local/bin  # aws

package=${1:?usage: on-node-configured.sh PACKAGE [CONFIG]}
config=${2:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # apt reads the package as another user

fetch() {
  case $1 in
    s3://*) aws s3 cp --only-show-errors "$1" "$2" ;;
    *) cp -- "$1" "$2" ;;
  esac
}

if [ -n "$config" ]; then
  mkdir -p /etc/efa-doctor
  fetch "$config" /etc/efa-doctor/config.toml
fi
case $package in
  *.deb)
    fetch "$package" "$work/efa-doctor.deb"
    apt-get -o DPkg::Lock::Timeout=120 update ||  # one broken source
      echo "apt-get update failed: installing with the lists that there are" >&2
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y \
      --no-install-recommends -o Dpkg::Options::=--force-confold "$work/efa-doctor.deb"
    ;;
  *.rpm)
    fetch "$package" "$work/efa-doctor.rpm"
    "$(command -v dnf || command -v yum)" install -y "$work/efa-doctor.rpm"  # Amazon Linux 2 has yum only
    ;;
  *)
    echo "$package: neither .deb nor .rpm" >&2
    exit 64
    ;;
esac
efa-doctor config-check
systemctl enable --now efa-doctor.service
