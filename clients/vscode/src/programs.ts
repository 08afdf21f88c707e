/** Runs a program to its end; what it says goes to the log, or its answers to whoever asked. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type * as vscode from 'vscode';

/** What a program said last when it failed, in one sentence. */
export class ProgramFailed extends Error {}

export interface Watch {
  /** Ends the program, by SIGTERM where there are signals. */
  readonly token?: vscode.CancellationToken;
  /** A line of its output, which is logged as well. */
  readonly onLine?: (line: string) => void;
  /** The same, of output that is meant for programs and not logged. */
  readonly onData?: (line: string) => void;
}

export function run(
  program: string,
  args: readonly string[],
  log: vscode.LogOutputChannel,
  { token, onLine, onData }: Watch = {},
): Promise<void> {
  log.info(`${program} ${args.join(' ')}`);
  return new Promise((resolve, reject) => {
    if (token?.isCancellationRequested === true) {
      reject(new ProgramFailed('It was stopped.'));
      return;
    }
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stopping = token?.onCancellationRequested(() => child.kill());
    let complaint = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      onData?.(line);
      if (onData !== undefined) return;
      log.info(line);
      onLine?.(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.trim() === '') return;
      log.info(line);
      complaint = line.trim().replace(/^error: /i, '');
    });
    child.on('error', (error) => {
      stopping?.dispose();
      reject(new ProgramFailed(`${program} could not be started: ${error.message}.`));
    });
    child.on('close', (code) => {
      stopping?.dispose();
      if (code === 0) resolve();
      else reject(new ProgramFailed(complaint || `${program} ended with code ${code ?? 'none'}.`));
    });
  });
}
