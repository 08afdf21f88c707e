/** Makes a Python environment of the extension's own and installs the server into it. */

import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { BIN, findOnPath } from './find';
import { ownSetting } from './settings';

const windows = process.platform === 'win32';
const EXE = windows ? '.exe' : '';
const PYTHONS = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3', 'python'];
const IS_FIT = 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 14))';

/** Why there is no environment now; the log says more. */
export class InstallFailed extends Error {}

/** Makes the environment anew in `folder` and shows what it does; false if the user stopped it. */
export async function install(folder: string, log: vscode.LogOutputChannel): Promise<boolean> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: 'Installing the StarCoder2 server',
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (progress, token) => {
    const say = (message: string): void => progress.report({ message });
    const wanted = ownSetting('package');
    if (wanted === '') {
      throw new InstallFailed(
        'Say in sc2.vscode.package what to install, for example the folder of your checkout of sc2-lsp.',
      );
    }
    try {
      say('looking for Python');
      const python = await findPython(log, token);
      say('making an environment');
      await rm(folder, { recursive: true, force: true });
      await mkdir(dirname(folder), { recursive: true });
      await run(python, ['-m', 'venv', folder], log, token);
      say('pip installs (llama.cpp may be compiled, which takes some minutes)');
      const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', wanted];
      await run(join(folder, BIN, `python${EXE}`), pip, log, token, say);
      return true;
    } catch (error) {
      // Half an environment would be found as a whole one at the next start.
      await rm(folder, { recursive: true, force: true });
      if (token.isCancellationRequested) return false;
      throw error;
    }
  });
}

async function findPython(
  log: vscode.LogOutputChannel,
  token: vscode.CancellationToken,
): Promise<string> {
  const set = ownSetting('python');
  for (const name of set === '' ? PYTHONS : [set]) {
    const path = set === '' ? await findOnPath(name + EXE) : set;
    if (path === undefined) continue;
    try {
      await run(path, ['-c', IS_FIT], log, token);
      return path;
    } catch (error) {
      if (token.isCancellationRequested) throw error;
      log.info(`${path} is no Python from 3.10 to 3.13 with venv and pip.`);
    }
  }
  throw new InstallFailed(
    set === ''
      ? 'No Python from 3.10 to 3.13 with venv and pip was found. Install one, or name yours in sc2.vscode.python.'
      : `sc2.vscode.python names ${set}, which is no Python from 3.10 to 3.13 with venv and pip.`,
  );
}

/** Runs a program to its end, its output going to the log, line by line, and to `say`. */
function run(
  program: string,
  args: readonly string[],
  log: vscode.LogOutputChannel,
  token: vscode.CancellationToken,
  say?: (line: string) => void,
): Promise<void> {
  log.info(`${program} ${args.join(' ')}`);
  return new Promise((resolve, reject) => {
    if (token.isCancellationRequested) {
      reject(new InstallFailed('stopped'));
      return;
    }
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stopping = token.onCancellationRequested(() => child.kill());
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split(/\r?\n/)) {
          if (line.trim() === '') continue;
          log.info(line);
          say?.(line.trim().slice(0, 100));
        }
      });
    }
    child.on('error', (error) => {
      stopping.dispose();
      reject(new InstallFailed(`${program} could not be started: ${error.message}.`));
    });
    child.on('close', (code) => {
      stopping.dispose();
      if (code === 0) resolve();
      else reject(new InstallFailed(`${program} ended with code ${code ?? 'none'}; the log says why.`));
    });
  });
}
