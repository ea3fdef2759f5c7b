#!/bin/bash
# SageMaker HyperPod with Slurm: a part of the lifecycle script on_create.sh of the groups that have EFA.
# It and on-node-configured.sh (../parallelcluster) lie beside that:
#   ./lifecycle-part.sh s3://my-bucket/packages/efa-doctor.deb s3://my-bucket/packages/config.toml
# On a replaced node it runs again, on a rebooted one it does not. HyperPod writes slurm.conf and may
# overwrite a HealthCheckProgram, so a timer runs efa-health-check. That drains a broken node with a
# reason on which HyperPod does nothing. HYPERPOD_REPLACE=yes in /etc/efa-doctor/slurm-health-check.conf
# lets it order Action:Replace where only other hardware helps: one node at a time, once its jobs have
# ended. The node's disks go with it: set s3.uri.
set -euo pipefail

"$(dirname "$0")/on-node-configured.sh" "$@"
units=/usr/share/efa-doctor/hyperpod
systemctl link "$units/efa-health-check.service"
systemctl enable --now "$units/efa-health-check.timer"
