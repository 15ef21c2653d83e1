// SPDX-License-Identifier: Apache-2.0
import type { EngineContainer } from '../container/container-engine.ts';
import type { ContainerRecord, TaskProcess } from './messages.ts';

/**
 * A container as containerd's two services describe it together.
 *
 * @param record - what it is
 * @param task - what runs of it
 */
export function engineContainer(
  { id, labels }: ContainerRecord,
  task: TaskProcess | undefined,
): EngineContainer {
  const state = stateOf(task);
  return { id, labels, state, pid: state === 'stopped' ? undefined : task?.pid };
}

/** A container without a task has never had one, or its machine was rebooted: nothing of it runs. */
function stateOf(task: TaskProcess | undefined): EngineContainer['state'] {
  if (task === undefined || task.status === 'STOPPED') return 'stopped';
  return task.status === 'CREATED' ? 'created' : 'running';
}
