// SPDX-License-Identifier: Apache-2.0

/**
 * System calls that every container may make, by what they are for. Names of Linux 6.12's tables for x86-64 and arm64
 * (`syscall(2)`, `syscalls(2)`); one that an architecture or a libseccomp does not know has no effect there.
 *
 * The measure is: programs of ordinary images use it, and the kernel checks by itself whatever in it could reach
 * beyond the container.
 */
export const ALLOWED_SYSCALLS: Readonly<Record<string, readonly string[]>> = {
  // prettier-ignore
  files: [
    'access', 'chdir', 'chmod', 'chown', 'close', 'close_range', 'copy_file_range', 'creat', 'dup', 'dup2', 'dup3',
    'faccessat', 'faccessat2', 'fadvise64', 'fallocate', 'fchdir', 'fchmod', 'fchmodat', 'fchmodat2', 'fchown',
    'fchownat', 'fcntl', 'fdatasync', 'flock', 'fstat', 'fstatfs', 'fsync', 'ftruncate', 'futimesat', 'getcwd',
    'getdents', 'getdents64', 'ioctl', 'lchown', 'link', 'linkat', 'lseek', 'lstat', 'mkdir', 'mkdirat', 'mknod',
    'mknodat', 'newfstatat', 'open', 'openat', 'openat2', 'pread64', 'preadv', 'preadv2', 'pwrite64', 'pwritev',
    'pwritev2', 'read', 'readahead', 'readlink', 'readlinkat', 'readv', 'rename', 'renameat', 'renameat2', 'rmdir',
    'sendfile', 'splice', 'stat', 'statfs', 'statx', 'symlink', 'symlinkat', 'sync', 'sync_file_range', 'syncfs',
    'tee', 'truncate', 'umask', 'unlink', 'unlinkat', 'utime', 'utimensat', 'utimes', 'vmsplice', 'write', 'writev',
    // Extended attributes.
    'fgetxattr', 'flistxattr', 'fremovexattr', 'fsetxattr', 'getxattr', 'getxattrat', 'lgetxattr', 'listxattr',
    'listxattrat', 'llistxattr', 'lremovexattr', 'lsetxattr', 'removexattr', 'removexattrat', 'setxattr', 'setxattrat',
    // The kernel wants CAP_SYS_CHROOT.
    'chroot',
  ],
  // prettier-ignore
  waiting: [
    'epoll_create', 'epoll_create1', 'epoll_ctl', 'epoll_pwait', 'epoll_pwait2', 'epoll_wait', 'eventfd', 'eventfd2',
    'inotify_add_watch', 'inotify_init', 'inotify_init1', 'inotify_rm_watch', 'poll', 'ppoll', 'pselect6', 'select',
    'signalfd', 'signalfd4', 'timerfd_create', 'timerfd_gettime', 'timerfd_settime',
    'io_cancel', 'io_destroy', 'io_getevents', 'io_pgetevents', 'io_setup', 'io_submit',
  ],
  // prettier-ignore
  memory: [
    'brk', 'cachestat', 'madvise', 'map_shadow_stack', 'membarrier', 'memfd_create', 'memfd_secret', 'mincore', 'mlock',
    'mlock2', 'mlockall', 'mmap', 'mprotect', 'mremap', 'mseal', 'msync', 'munlock', 'munlockall', 'munmap',
    'pkey_alloc', 'pkey_free', 'pkey_mprotect', 'remap_file_pages',
  ],
  // prettier-ignore
  processes: [
    'arch_prctl', 'capget', 'capset', 'execve', 'execveat', 'exit', 'exit_group', 'fork', 'get_robust_list',
    'getcpu', 'getegid', 'geteuid', 'getgid', 'getgroups', 'getitimer', 'getpgid', 'getpgrp', 'getpid', 'getppid',
    'getpriority', 'getresgid', 'getresuid', 'getrlimit', 'getrusage', 'getsid', 'gettid', 'getuid', 'ioprio_get',
    'ioprio_set', 'pidfd_open', 'pidfd_send_signal', 'prctl', 'prlimit64', 'rseq', 'sched_get_priority_max',
    'sched_get_priority_min', 'sched_getaffinity', 'sched_getattr', 'sched_getparam', 'sched_getscheduler',
    'sched_rr_get_interval', 'sched_setaffinity', 'sched_setattr', 'sched_setparam', 'sched_setscheduler',
    'sched_yield', 'set_robust_list', 'set_tid_address', 'setfsgid', 'setfsuid', 'setgid', 'setgroups', 'setitimer',
    'setpgid', 'setpriority', 'setregid', 'setresgid', 'setresuid', 'setreuid', 'setrlimit', 'setsid', 'setuid',
    'times', 'vfork', 'wait4', 'waitid',
    // Restrict the caller further.
    'landlock_add_rule', 'landlock_create_ruleset', 'landlock_restrict_self', 'seccomp',
  ],
  // prettier-ignore
  synchronisation: [
    'futex', 'futex_requeue', 'futex_wait', 'futex_waitv', 'futex_wake', 'mq_getsetattr', 'mq_notify', 'mq_open',
    'mq_timedreceive', 'mq_timedsend', 'mq_unlink', 'msgctl', 'msgget', 'msgrcv', 'msgsnd', 'pipe', 'pipe2', 'semctl',
    'semget', 'semop', 'semtimedop', 'shmat', 'shmctl', 'shmdt', 'shmget',
  ],
  // prettier-ignore
  signals: [
    'alarm', 'kill', 'pause', 'restart_syscall', 'rt_sigaction', 'rt_sigpending', 'rt_sigprocmask', 'rt_sigqueueinfo',
    'rt_sigreturn', 'rt_sigsuspend', 'rt_sigtimedwait', 'rt_tgsigqueueinfo', 'sigaltstack', 'tgkill', 'tkill',
  ],
  // prettier-ignore
  time: [
    'adjtimex', 'clock_adjtime', 'clock_getres', 'clock_gettime', 'clock_nanosleep', 'gettimeofday', 'nanosleep',
    'time', 'timer_create', 'timer_delete', 'timer_getoverrun', 'timer_gettime', 'timer_settime',
  ],
  // prettier-ignore
  network: [
    'accept', 'accept4', 'bind', 'connect', 'getpeername', 'getsockname', 'getsockopt', 'listen', 'recvfrom',
    'recvmmsg', 'recvmsg', 'sendmmsg', 'sendmsg', 'sendto', 'setsockopt', 'shutdown',
  ],
  system: ['getrandom', 'sysinfo', 'uname'],
};

/**
 * System calls that are refused as if a permission were missing, because programs ask for them and understand that
 * answer. What is in neither list does not exist for a container, which is how programs expect a new call to be absent.
 */
export const REFUSED_SYSCALLS: Readonly<Record<string, readonly string[]>> = {
  // prettier-ignore
  'other namespaces and file systems': [
    'fsconfig', 'fsmount', 'fsopen', 'fspick', 'mount', 'mount_setattr', 'move_mount', 'open_tree', 'pivot_root',
    'setns', 'umount2', 'unshare', 'open_by_handle_at', 'quotactl', 'quotactl_fd', 'fanotify_init', 'fanotify_mark',
  ],
  // Other processes' memory and descriptors, also between processes of one container: a hole in one is not all of them.
  'other processes': [
    ...['kcmp', 'pidfd_getfd', 'process_madvise', 'process_mrelease', 'process_vm_readv'],
    ...['process_vm_writev', 'ptrace'],
  ],
  // Large parts of the kernel that few programs need and many exploits began in.
  'attack surface': [
    ...['bpf', 'io_uring_enter', 'io_uring_register', 'io_uring_setup', 'modify_ldt'],
    ...['perf_event_open', 'userfaultfd'],
  ],
  // Keyrings are not namespaced by container: one could read another's.
  keyrings: ['add_key', 'keyctl', 'request_key'],
  // prettier-ignore
  'the machine': [
    'acct', 'clock_settime', 'delete_module', 'finit_module', 'init_module', 'ioperm', 'iopl', 'kexec_file_load',
    'kexec_load', 'reboot', 'setdomainname', 'sethostname', 'settimeofday', 'swapoff', 'swapon', 'syslog', 'vhangup',
  ],
  'memory of other nodes': [
    ...['get_mempolicy', 'mbind', 'migrate_pages', 'move_pages', 'set_mempolicy'],
    'set_mempolicy_home_node',
  ],
};
