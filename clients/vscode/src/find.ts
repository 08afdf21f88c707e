/** Finds the program `sc2-lsp`. Starts nothing but what it is told is Python, to ask its version. */

import { access, constants, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { environmentInUse } from './environments';
import { ownSetting } from './settings';

const windows = process.platform === 'win32';
export const EXE = windows ? '.exe' : '';
export const PROGRAM = `sc2-lsp${EXE}`;
export const BIN = windows ? 'Scripts' : 'bin';

export interface Found {
  readonly path: string;
  /** Where it was found, for people to read. */
  readonly from: string;
  /** Whether it is in an environment that this extension made. */
  readonly isOurs: boolean;
}

export interface NotFound {
  readonly why: string;
}

/**
 * The server to start: the one of the settings, of the workspace's interpreter if its authors are
 * trusted, of PATH, or of the environment that the extension made in `storage`. One that the
 * settings name and that cannot be started is not replaced by another.
 */
export async function findServer(storage: string): Promise<Found | NotFound> {
  const set = ownSetting('serverPath');
  if (set !== '') {
    if (!isAbsolute(set)) return { why: `sc2.vscode.serverPath has to be a full path, and is "${set}".` };
    if (await isProgram(set)) return found(set, 'the setting sc2.vscode.serverPath');
    return { why: `sc2.vscode.serverPath names ${set}, and there is no such program.` };
  }
  for (const folder of await interpreterFolders()) {
    const path = join(folder, PROGRAM);
    if (await isProgram(path)) return found(path, "the workspace's Python environment");
  }
  const onPath = await findOnPath(PROGRAM);
  if (onPath !== undefined) return found(onPath, 'PATH');
  const ours = join(await environmentInUse(storage), BIN, PROGRAM);
  if (await isProgram(ours)) {
    return { ...found(ours, 'the environment that this extension made'), isOurs: true };
  }
  return { why: 'The language server sc2-lsp is not installed.' };
}

function found(path: string, from: string): Found {
  return { path, from, isOurs: false };
}

/** The full path of a program of PATH; entries that depend on the current folder do not count. */
export async function findOnPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (isAbsolute(folder) && (await isProgram(path))) return path;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

interface PythonExtension {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
  };
}

/** Folders with the programs of the Python environments that the workspace uses. */
async function interpreterFolders(): Promise<string[]> {
  if (!vscode.workspace.isTrusted) return [];
  const roots = vscode.workspace.workspaceFolders ?? [];
  const chosen = await chosenInterpreters(roots);
  const usual = roots
    .filter((root) => root.uri.scheme === 'file')
    .flatMap((root) => ['.venv', 'venv'].map((name) => join(root.uri.fsPath, name, BIN)));
  return [...chosen, ...usual];
}

/** What the Python extension runs, where it is installed. */
async function chosenInterpreters(roots: readonly vscode.WorkspaceFolder[]): Promise<string[]> {
  const python = vscode.extensions.getExtension<PythonExtension>('ms-python.python');
  if (python === undefined) return [];
  try {
    const { environments } = await python.activate();
    if (environments === undefined) return [];
    return roots
      .map((root) => environments.getActiveEnvironmentPath(root.uri).path)
      .filter(isAbsolute)
      .map(dirname);
  } catch {
    // Another extension's failure is shown by that extension; the other places remain.
    return [];
  }
}
