/** Turns suggestions on and off as the user asks; says so where other settings overrule that. */

import * as vscode from 'vscode';
import { automatic, writeAutomatic } from './settings';
import { changeFor, isOn, type Change, type Reach } from './toggles';

type Place = vscode.TextDocument | undefined;

export function isTurnedOn(document: Place, reach: Reach): boolean {
  return isOn(automatic(document), reach);
}

export async function turn(document: Place, reach: Reach, wanted: boolean): Promise<void> {
  const change = changeFor(automatic(document), reach, wanted);
  if (change.level !== 'user' && !(await mayChange(change.level, wanted))) return;
  await writeAutomatic(document, reach, change);
  if (isTurnedOn(document, reach) === wanted) return;
  const text = `Other settings still turn suggestions ${word(!wanted)}.`;
  if ((await vscode.window.showWarningMessage(text, 'Open Settings')) !== undefined) openSettings();
}

/** The settings of a workspace may be other people's too, so they are not changed unasked. */
async function mayChange(level: Change['level'], wanted: boolean): Promise<boolean> {
  // In a window of one folder its settings are those of the workspace.
  const isOneOfMany = level === 'folder' && vscode.workspace.workspaceFile !== undefined;
  const [where, name] = isOneOfMany ? ['folder', 'Folder'] : ['workspace', 'Workspace'];
  const text = `The settings of this ${where} turn suggestions ${word(!wanted)}.`;
  const change = `Turn ${wanted ? 'On' : 'Off'} in This ${name}`;
  const chosen = await vscode.window.showWarningMessage(text, change, 'Open Settings');
  if (chosen === 'Open Settings') openSettings();
  return chosen === change;
}

function word(isOn: boolean): string {
  return isOn ? 'on' : 'off';
}

function openSettings(): void {
  void vscode.commands.executeCommand('workbench.action.openSettings', 'sc2.automatic');
}
