/** Makes a Python environment of the extension's own and installs the server into it. */

import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { BIN, findOnPath } from './find';
import { ProgramFailed, run } from './programs';
import { ownSetting, setOwnSetting } from './settings';

const windows = process.platform === 'win32';
const EXE = windows ? '.exe' : '';
const PYTHONS = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3', 'python'];
const IS_FIT = 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 14))';

/**
 * Makes the environment anew in `folder` and shows what it does; false if the user stopped it.
 * Raises ProgramFailed; the log says more.
 */
export async function install(folder: string, log: vscode.LogOutputChannel): Promise<boolean> {
  const wanted = ownSetting('package') || (await chooseWheel());
  if (wanted === undefined) return false;
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: 'Installing the StarCoder2 server',
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (progress, token) => {
    const say = (message: string): void => progress.report({ message });
    try {
      say('looking for Python');
      const python = await findPython(log, token);
      say('making an environment');
      await rm(folder, { recursive: true, force: true });
      await mkdir(dirname(folder), { recursive: true });
      await run(python, ['-m', 'venv', folder], log, { token });
      say('pip installs (llama.cpp may be compiled, which takes some minutes)');
      const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', wanted];
      const onLine = (line: string): void => say(line.trim().slice(0, 100));
      await run(join(folder, BIN, `python${EXE}`), pip, log, { token, onLine });
      return true;
    } catch (error) {
      // Half an environment would be found as a whole one at the next start.
      await rm(folder, { recursive: true, force: true });
      if (token.isCancellationRequested) return false;
      throw error;
    }
  });
}

/** A wheel of the user's, remembered in the settings; sc2-lsp is in no package index yet. */
async function chooseWheel(): Promise<string | undefined> {
  const files = await vscode.window.showOpenDialog({
    title: 'The wheel of sc2-lsp to install (sc2_lsp-….whl)',
    filters: { 'Python wheels': ['whl'] },
    openLabel: 'Install',
  });
  const path = files?.[0]?.fsPath;
  if (path !== undefined) await setOwnSetting('package', path);
  return path;
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
      await run(path, ['-c', IS_FIT], log, { token });
      return path;
    } catch (error) {
      if (token.isCancellationRequested) throw error;
      log.info(`${path} is no Python from 3.10 to 3.13 with venv and pip.`);
    }
  }
  throw new ProgramFailed(
    set === ''
      ? 'No Python from 3.10 to 3.13 with venv and pip was found. Install one, or name yours in sc2.vscode.python.'
      : `sc2.vscode.python names ${set}, which is no Python from 3.10 to 3.13 with venv and pip.`,
  );
}
