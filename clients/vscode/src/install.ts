/** Makes a Python environment of the extension's own and installs the server into it. */

import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { whyNotCompiled } from './compiling';
import { replaceEnvironment } from './environments';
import { BIN, EXE, findOnPath, PROGRAM } from './find';
import { ProgramFailed, run } from './programs';
import { ownSetting } from './settings';

const PYTHONS = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3', 'python'];
const PIP = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input'];
const IS_FIT = 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 14))';

/** What pip is to install, and from where. */
export interface Source {
  /** The path of a wheel or a folder, or the name of a package. */
  readonly wanted: string;
  /** A package index that has llama.cpp compiled; it is compiled here where none is named. */
  readonly prebuilt?: string;
}

/** llama.cpp could not be compiled. */
export class NotCompiled extends ProgramFailed {}

/**
 * Makes a new environment from `source` and shows what it does; false if
 * the user stopped it. It takes the place of the one in `storage` once its server runs; until then,
 * and if that never comes, the old one stays as it is. Raises ProgramFailed; the log says more.
 */
export async function install(
  source: Source,
  storage: string,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: 'Installing the StarCoder2 server',
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (progress, token) => {
    const say = (message: string): void => progress.report({ message });
    const make = async (folder: string): Promise<void> => {
      say('making an environment');
      await run(python, ['-m', 'venv', folder], log, { token });
      say('pip installs (llama.cpp may be compiled, which takes some minutes)');
      const made = join(folder, BIN, `python${EXE}`);
      const onLine = (line: string): void => say(line.trim().slice(0, 100));
      await run(made, [...PIP, ...pipArguments(source)], log, { token, onLine }).catch(explain);
      say('trying it');
      await run(join(folder, BIN, PROGRAM), ['--version'], log, { token });
      await run(made, ['-c', 'import llama_cpp'], log, { token });
    };
    let python = '';
    try {
      await checkThere(source);
      say('looking for Python');
      python = await findPython(log, token);
      await replaceEnvironment(storage, make);
      return true;
    } catch (error) {
      if (!token.isCancellationRequested) throw error;
      log.info('The installation was stopped.');
      return false;
    }
  });
}

/** A wheel of the user's, since sc2-lsp is in no package index yet; undefined if none is chosen. */
export async function chooseWheel(): Promise<string | undefined> {
  const files = await vscode.window.showOpenDialog({
    title: 'The wheel of sc2-lsp to install (sc2_lsp-….whl)',
    filters: { 'Python wheels': ['whl'] },
    openLabel: 'Install',
  });
  return files?.[0]?.fsPath;
}

/** A package index that has llama.cpp for this machine; undefined if none is named. */
export async function askForIndex(): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: 'Install without compiling',
    prompt:
      'Address of a package index with prebuilt wheels of llama-cpp-python. Its README names one for each kind of machine, under Installation.',
    placeHolder: 'https://…',
    ignoreFocusOut: true,
    validateInput: (text) =>
      /^(https|file):\/\/\S+$/.test(text.trim()) ? undefined : 'It begins with https://.',
  });
}

/** Says of a file or folder that is gone what pip says less clearly. */
async function checkThere({ wanted }: Source): Promise<void> {
  if (!isAbsolute(wanted)) return;
  try {
    await stat(wanted);
  } catch {
    throw new ProgramFailed(`${wanted} is not there any more.`);
  }
}

function pipArguments({ wanted, prebuilt }: Source): string[] {
  if (prebuilt === undefined) return [wanted];
  return ['--only-binary', 'llama-cpp-python', '--extra-index-url', prebuilt, wanted];
}

function explain(error: unknown): never {
  const lines = error instanceof ProgramFailed ? error.lines : [];
  const why = whyNotCompiled(lines, process.platform);
  throw why === undefined ? error : new NotCompiled(why);
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
