#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// npm links a command when it installs, which in this repository is before the build, and leaves out what is not there
// yet: `npx proofgate` would then ask the public registry for a package of that name.
import '../dist/main.js';
