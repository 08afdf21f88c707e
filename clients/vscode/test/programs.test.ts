import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ProgramFailed, run, stopAll } from '../src/programs';

const LOG = { info: (): void => undefined };
/** A program whose children, told of by their numbers, outlive it unless they are ended too. */
const CHILD = 'process.stdout.write("up\\n"); setInterval(() => {}, 1000)';
const STUBBORN = `process.on('SIGINT', () => {}); process.on('SIGTERM', () => {}); ${CHILD}`;

function parentOf(child: string): string[] {
  // The last word of a child's life is not held up by a pipe to us: it has none.
  const code = `
    const { spawn } = require('node:child_process');
    const stdio = ['ignore', 'pipe', 'ignore'];
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio });
    child.stdout.once('data', () => console.log(child.pid));
    setInterval(() => {}, 1000);`;
  return ['-e', code];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that ended may wait for a parent to hear of it.
    return process.platform !== 'linux' || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** What a user who presses Cancel does to a program. */
class Cancel {
  isCancellationRequested = false;
  private listener: (() => unknown) | undefined;
  readonly onCancellationRequested = (listener: () => unknown): { dispose(): void } => {
    this.listener = listener;
    return { dispose: () => (this.listener = undefined) };
  };

  press(): void {
    this.isCancellationRequested = true;
    this.listener?.();
  }
}

for (const [kind, child] of [
  ['that lets itself be stopped', CHILD],
  ['that heeds no signal', STUBBORN],
] as const) {
  test(`nothing is alive after Cancel of a program with a child ${kind}`, async () => {
    const token = new Cancel();
    let pid = 0;
    const onLine = (line: string): void => {
      pid = Number(line);
      token.press();
    };
    await assert.rejects(run(process.execPath, parentOf(child), LOG, { token, onLine }), /stopped/);
    assert.ok(pid > 0);
    assert.ok(!isAlive(pid), 'the child lives on');
  });
}

test('nothing is alive once all are stopped', async () => {
  let pid = 0;
  await new Promise<void>((resolve) => {
    const onLine = (line: string): void => {
      pid = Number(line);
      resolve();
    };
    void assert.rejects(run(process.execPath, parentOf(CHILD), LOG, { onLine }), ProgramFailed);
  });
  assert.ok(isAlive(pid));
  await stopAll();
  assert.ok(!isAlive(pid), 'the child lives on');
});

test('a program that fails is quoted', async () => {
  const code = 'console.log("one"); console.error("error: two"); process.exitCode = 3';
  await assert.rejects(run(process.execPath, ['-e', code], LOG), (error) => {
    assert.ok(error instanceof ProgramFailed);
    assert.equal(error.message, 'two');
    assert.deepEqual([...error.lines].sort(), ['error: two', 'one']);
    return true;
  });
});

test('a program that is not there is named', async () => {
  await assert.rejects(run('/no/such/program', [], LOG), /\/no\/such\/program could not be started/);
});
