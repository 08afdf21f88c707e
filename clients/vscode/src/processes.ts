/** Ends a program together with all that it has started. Knows no editor. */

import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const windows = process.platform === 'win32';
const LOOK_MS = 50;
/** As Ctrl-C in a terminal would, which lets pip take away what it has begun; then by force. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;

/**
 * Options for `spawn` that keep the program and its descendants together: on Windows by their
 * parents, elsewhere by a group of processes with the number of the first.
 */
export const TOGETHER = { detached: !windows, windowsHide: true } as const;

/** Ends what was started with TOGETHER; `graceMs` is the time between one means and the next. */
export async function endTogether(child: ChildProcess, graceMs: number): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  if (windows) {
    await endTree(pid);
    return;
  }
  for (const signal of SIGNALS) {
    if (!isSent(pid, signal) || (await isGone(pid, graceMs))) return;
  }
}

async function isGone(group: number, withinMs: number): Promise<boolean> {
  const lastMs = Date.now() + withinMs;
  while (isSent(group, 0)) {
    if (Date.now() >= lastMs) return false;
    await sleep(LOOK_MS);
  }
  return true;
}

/** False where the group has no process any more. */
function isSent(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

function endTree(pid: number): Promise<void> {
  const program = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'taskkill.exe');
  return new Promise((resolve) => {
    const killer = spawn(program, ['/PID', String(pid), '/T', '/F'], {
      stdio: 'ignore',
      windowsHide: true,
    });
    killer.on('error', () => resolve());
    killer.on('close', () => resolve());
  });
}
