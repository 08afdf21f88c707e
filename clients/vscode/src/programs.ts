/** Runs a program to its end; what it says goes to the log, or its answers to whoever asked. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type * as vscode from 'vscode';
import { endTogether, TOGETHER } from './processes';

const GRACE_MS = 3000;
const MOST_LINES = 1000;

/** What a program said last when it failed, in one sentence. */
export class ProgramFailed extends Error {
  constructor(
    message: string,
    /** The last lines that it wrote, for who knows what they mean. */
    readonly lines: readonly string[] = [],
  ) {
    super(message);
  }
}

/** Ends each program that runs now. */
const stops = new Set<() => Promise<void>>();

/** As far as VS Code's tokens are needed here. */
interface Cancellation {
  readonly isCancellationRequested: boolean;
  onCancellationRequested(listener: () => unknown): { dispose(): unknown };
}

export interface Watch {
  /** Ends the program and all that it has started. */
  readonly token?: Cancellation;
  /** A line of its output, which is logged as well. */
  readonly onLine?: (line: string) => void;
  /** The same, of output that is meant for programs and not logged. */
  readonly onData?: (line: string) => void;
}

/** Rejects with ProgramFailed; of a program that was stopped nothing runs any more then. */
export function run(
  program: string,
  args: readonly string[],
  log: Pick<vscode.LogOutputChannel, 'info'>,
  { token, onLine, onData }: Watch = {},
): Promise<void> {
  log.info(`${program} ${args.join(' ')}`);
  return new Promise((resolve, reject) => {
    if (token?.isCancellationRequested === true) {
      reject(new ProgramFailed('It was stopped.'));
      return;
    }
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...TOGETHER });
    let ending: Promise<void> | undefined;
    const stop = (): Promise<void> =>
      (ending ??= endTogether(child, GRACE_MS).then(() => {
        // Whoever left the group may still hold them open.
        child.stdout.destroy();
        child.stderr.destroy();
      }));
    stops.add(stop);
    const stopping = token?.onCancellationRequested(() => void stop());
    const forget = (): void => {
      stops.delete(stop);
      stopping?.dispose();
    };
    const lines: string[] = [];
    const keep = (line: string): void => {
      log.info(line);
      if (lines.push(line) > MOST_LINES) lines.shift();
    };
    let complaint = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      onData?.(line);
      if (onData !== undefined) return;
      keep(line);
      onLine?.(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.trim() === '') return;
      keep(line);
      complaint = line.trim().replace(/^error: /i, '');
    });
    child.on('error', (error) => {
      forget();
      reject(new ProgramFailed(`${program} could not be started: ${error.message}.`));
    });
    child.on('close', (code) => {
      const end = `${program} ended with code ${code ?? 'none'}.`;
      void (ending ?? Promise.resolve()).then(() => {
        forget();
        if (ending !== undefined) reject(new ProgramFailed('It was stopped.', lines));
        else if (code === 0) resolve();
        else reject(new ProgramFailed(complaint || end, lines));
      });
    });
  });
}

/** Ends all programs that run, with what they have started. */
export async function stopAll(): Promise<void> {
  await Promise.all([...stops].map((stop) => stop()));
}
