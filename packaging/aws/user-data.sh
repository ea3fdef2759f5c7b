#!/bin/sh
# User data: installs the package that lies in your bucket, sends reports there. The instance's role
# needs iam-packages.json and iam-s3.json. The package is not signed: whoever may write to
# the bucket becomes root on the node.
set -eu
aws s3 cp "s3://my-bucket/packages/efa-doctor.$(command -v apt-get > /dev/null && echo deb || echo rpm)" /run/
if command -v apt-get > /dev/null; then
  apt-get update || echo "apt-get update failed: installing with the lists that there are" >&2  # one broken source
  apt-get install -y --no-install-recommends /run/efa-doctor.deb
else
  "$(command -v dnf || command -v yum)" install -y /run/efa-doctor.rpm  # Amazon Linux 2 has yum only
fi
printf '[s3]\nuri = "s3://my-bucket/efa"\n' > /etc/efa-doctor/config.toml
systemctl enable efa-doctor.service && systemctl restart efa-doctor.service
