#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command as the first process of new mount, network and process namespaces (see tools/test-containers.mjs), with
# everything that container engines write outside their own directories replaced by file systems that vanish.
set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /var/tmp
mkdir -p /var/lib/cni /var/lib/containers /run/lock
mount -t tmpfs tmpfs /var/lib/cni
mount -t tmpfs tmpfs /var/lib/containers
# crun cannot work with a hybrid of both cgroup versions; without this mount there is only the one that works.
umount /sys/fs/cgroup/unified 2>/dev/null || true
ip link set lo up
# Inherited from the machine otherwise; the launcher turns on what it needs.
echo 0 >/proc/sys/net/ipv4/ip_forward
# The first process of a namespace inherits every orphan in it. Unless somebody waits for those, podman takes a conmon
# that has ended for one that runs, and waits twenty seconds for its end.
exec catatonit -- "$@"
