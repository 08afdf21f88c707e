/** What the server and this extension are told by the user's settings. */

import * as vscode from 'vscode';
import manifest from '../package.json';
import type { Change, Reach, Said } from './toggles';

export const SECTION = 'sc2';
const OWN = `${SECTION}.vscode.`;
const TARGETS: Record<Change['level'], vscode.ConfigurationTarget> = {
  user: vscode.ConfigurationTarget.Global,
  workspace: vscode.ConfigurationTarget.Workspace,
  folder: vscode.ConfigurationTarget.WorkspaceFolder,
};

/** The server's settings; package.json is generated from its table. */
const serverSettingNames = Object.keys(manifest.contributes.configuration.properties)
  .filter((key) => !key.startsWith(OWN))
  .map((key) => key.slice(SECTION.length + 1));

/**
 * The settings as the server takes them. Whether it may answer while somebody types depends on the
 * language here, so it is decided before the server is asked.
 */
export function serverSettings(): Record<string, unknown> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const values = Object.fromEntries(serverSettingNames.map((name) => [name, settings.get(name)]));
  return { ...values, automatic: true };
}

type OwnName = 'serverPath' | 'python' | 'package';

/** A setting of the extension itself, without blanks around it. */
export function ownSetting(name: OwnName): string {
  return vscode.workspace.getConfiguration(SECTION).get<string>(`vscode.${name}`, '').trim();
}

export async function setOwnSetting(name: OwnName, value: string): Promise<void> {
  await setForAll(`vscode.${name}`, value);
}

/** The model that the settings name, by its name or path; empty where the server decides. */
export function modelSetting(): string {
  return vscode.workspace.getConfiguration(SECTION).get<string>('model', '');
}

export async function setModel(nameOrPath: string): Promise<void> {
  await setForAll('model', nameOrPath);
}

async function setForAll(name: string, value: string): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  await settings.update(name, value, vscode.ConfigurationTarget.Global);
}

/** What is said of suggestions while somebody types in `document`, or in no document at all. */
export function automatic(document: vscode.TextDocument | undefined): Said {
  const found = vscode.workspace.getConfiguration(SECTION, document).inspect<boolean>('automatic');
  return {
    everywhere: {
      default: found?.defaultValue,
      user: found?.globalValue,
      workspace: found?.workspaceValue,
      folder: found?.workspaceFolderValue,
    },
    inLanguage: {
      default: found?.defaultLanguageValue,
      user: found?.globalLanguageValue,
      workspace: found?.workspaceLanguageValue,
      folder: found?.workspaceFolderLanguageValue,
    },
  };
}

export async function writeAutomatic(
  document: vscode.TextDocument | undefined,
  reach: Reach,
  { level, value }: Change,
): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SECTION, document);
  await settings.update('automatic', value, TARGETS[level], reach === 'inLanguage');
}
