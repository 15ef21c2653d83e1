// SPDX-License-Identifier: Apache-2.0
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Process that the files below are of. */
export const RECORDED_PID = 29;

/** Files and symbolic links, by path from the root. */
export type KernelFiles = Readonly<Record<string, string>>;

const PROCESS = `proc/${String(RECORDED_PID)}`;

/** Of Linux 6.18, from a container of runc 1.1.5 between its creation and its start; lines without meaning left out. */
const STATUS = `Name:\trunc:[2:INIT]
Umask:\t0022
State:\tS (sleeping)
Tgid:\t29
Pid:\t29
PPid:\t1
TracerPid:\t0
Uid:\t10001\t10001\t10001\t10001
Gid:\t10001\t10001\t10001\t10001
FDSize:\t64
Groups:\t10002 
NStgid:\t29\t1
NSpid:\t29\t1
Threads:\t5
SigQ:\t0/96365
CapInh:\t0000000000000000
CapPrm:\t0000000000000000
CapEff:\t0000000000000000
CapBnd:\t0000000000000000
CapAmb:\t0000000000000000
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t1
Cpus_allowed_list:\t0-1
`;

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max core file size        0                    0                    bytes     
Max processes             96365                96365                processes 
Max open files            1000                 1000                 files     
Max locked memory         8388608              8388608              bytes     
`;

const MOUNTS = `119 93 254:0 /tmp/helper-c/b/rootfs / ro,relatime - ext4 /dev/vda rw,discard
120 119 0:50 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
121 119 0:51 / /dev rw,nosuid,noexec - tmpfs tmpfs rw,size=64k,mode=755
122 121 0:52 / /dev/pts rw,nosuid,noexec,relatime - devpts devpts rw,gid=5,mode=620,ptmxmode=666
123 121 0:53 / /dev/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=65536k
124 121 0:49 / /dev/mqueue rw,nosuid,nodev,noexec,relatime - mqueue mqueue rw
125 119 0:54 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs ro
126 119 0:55 / /tmp rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=1024k,uid=10001,gid=10001
127 121 254:0 /usr/bin/catatonit /dev/init ro,nosuid,nodev,relatime - ext4 /dev/vda rw,discard
128 119 254:0 /etc/hosts /etc/hosts ro,nosuid,nodev,noexec,relatime - ext4 /dev/vda rw,discard
94 120 0:50 /bus /proc/bus ro,nosuid,nodev,noexec,relatime - proc proc rw
95 120 0:50 /fs /proc/fs ro,nosuid,nodev,noexec,relatime - proc proc rw
96 120 0:50 /irq /proc/irq ro,nosuid,nodev,noexec,relatime - proc proc rw
97 120 0:50 /sys /proc/sys ro,nosuid,nodev,noexec,relatime - proc proc rw
99 120 0:51 /null /proc/interrupts rw,nosuid,noexec - tmpfs tmpfs rw,size=64k,mode=755
100 120 0:51 /null /proc/keys rw,nosuid,noexec - tmpfs tmpfs rw,size=64k,mode=755
102 125 0:57 / /sys/firmware ro,relatime - tmpfs tmpfs ro
`;

const NAMESPACES = ['pid', 'ipc', 'uts', 'mnt', 'net', 'cgroup'];

/** What does not depend on the version of control groups. */
const COMMON: KernelFiles = {
  [`${PROCESS}/status`]: STATUS,
  [`${PROCESS}/limits`]: LIMITS,
  [`${PROCESS}/mountinfo`]: MOUNTS,
  ...Object.fromEntries(
    NAMESPACES.flatMap((name, index) => [
      [`${PROCESS}/ns/${name}`, `-> ${name}:[402653231${String(index)}]`],
      [`proc/self/ns/${name}`, `-> ${name}:[402653183${String(index)}]`],
    ]),
  ),
  [`${PROCESS}/ns/user`]: '-> user:[4026531837]',
  'proc/self/ns/user': '-> user:[4026531837]',
  'proc/bus/input': '',
  'proc/fs/x': '',
  'proc/irq/0': '',
  'proc/sys/x': '',
  'proc/interrupts': '',
  'proc/keys': '',
  'sys/firmware/x': '',
};

/** A machine with control groups of version 1 and, for what is left, version 2. */
export const VERSION_1: KernelFiles = {
  ...COMMON,
  [`${PROCESS}/cgroup`]: `9:name=systemd:/hc-test/a-1
8:pids:/hc-test/a-1
7:blkio:/hc-test/a-1
5:devices:/hc-test/a-1
4:memory:/hc-test/a-1
2:cpuacct:/hc-test/a-1
1:cpu:/hc-test/a-1
0::/
`,
  'proc/self/mountinfo': `72 71 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
73 72 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
74 72 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
76 72 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
77 72 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
80 72 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
81 72 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
82 72 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`,
  'sys/fs/cgroup/pids/hc-test/a-1/pids.max': '32\n',
  'sys/fs/cgroup/memory/hc-test/a-1/memory.limit_in_bytes': '67108864\n',
  'sys/fs/cgroup/memory/hc-test/a-1/memory.memsw.limit_in_bytes': '67108864\n',
  'sys/fs/cgroup/cpu/hc-test/a-1/cpu.cfs_quota_us': '50000\n',
  'sys/fs/cgroup/cpu/hc-test/a-1/cpu.cfs_period_us': '100000\n',
  'sys/fs/cgroup/devices/hc-test/a-1/devices.list':
    'b *:* m\nc *:* m\nc 1:3 rwm\nc 1:5 rwm\nc 1:7 rwm\nc 1:8 rwm\nc 1:9 rwm\nc 5:0 rwm\nc 5:2 rwm\n' +
    'c 10:200 rwm\nc 136:* rwm\n',
};

/** A machine with control groups of version 2 alone (cgroup-v2.rst of the kernel), as systemd mounts them. */
export const VERSION_2: KernelFiles = {
  ...COMMON,
  [`${PROCESS}/cgroup`]: '0::/proofgate-c0ffee01/a-1\n',
  'proc/self/mountinfo': `24 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
`,
  'sys/fs/cgroup/proofgate-c0ffee01/a-1/pids.max': '32\n',
  'sys/fs/cgroup/proofgate-c0ffee01/a-1/memory.max': '67108864\n',
  'sys/fs/cgroup/proofgate-c0ffee01/a-1/memory.swap.max': '0\n',
  'sys/fs/cgroup/proofgate-c0ffee01/a-1/cpu.max': '50000 100000\n',
};

/** Writes the files below a directory; a value that begins with an arrow is a link. */
export async function writeKernelFiles(root: string, files: KernelFiles): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const place = join(root, path);
    await mkdir(dirname(place), { recursive: true });
    if (content.startsWith('-> ')) await symlink(content.slice(3), place);
    else await writeFile(place, content);
  }
}
