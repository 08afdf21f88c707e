/** Wires the extension: the server, the status item, the commands. What is suggested is not its business. */

import * as vscode from 'vscode';
import { contextText, Reports, whyNothing, type Context } from './explain';
import { Installer } from './installer';
import { chooseModel } from './models';
import { stopAll } from './programs';
import { Server } from './server';
import { modelSetting, ownSetting, setOwnSetting } from './settings';
import { Status } from './status';
import { Suggesting } from './suggesting';
import type { Reach } from './toggles';
import { isTurnedOn, turn } from './turning';

/** As package.json names it, behind the extension's own name. */
const WALKTHROUGH = 'sc2-lsp.sc2-lsp#start';

let running: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('StarCoder2', { log: true });
  const storage = context.globalStorageUri.fsPath;
  const suggesting = new Suggesting();
  const server = new Server(storage, log, suggesting);
  const installer = new Installer(storage, log, server, context.globalState);
  const reports = new Reports();
  running = server;
  context.subscriptions.push(log, suggesting, reports, new Status(server, suggesting));

  context.subscriptions.push(
    suggesting.onDidAnswer(({ isEmpty }) => {
      if (isEmpty || server.state !== 'ready') void server.look();
    }),
  );

  const offerToInstall = async (): Promise<void> => {
    const [now, choose, open] = ['Install', 'Choose Program…', 'Open Log'] as const;
    const chosen = await vscode.window.showWarningMessage(server.detail, now, choose, open);
    if (chosen === now) await installer.install();
    else if (chosen === choose) await chooseServer();
    else if (chosen === open) log.show();
  };

  const startAgain = async (): Promise<void> => {
    await server.restart();
    if (server.state === 'missing') await offerToInstall();
    else await installer.offerUpdate();
  };

  const pickModel = (): Promise<void> => chooseModel(server.found?.path, log);

  const explain = async (): Promise<void> => {
    await server.look();
    const pause = suggesting.pause(vscode.window.activeTextEditor?.document);
    const text = whyNothing(server.stats, pause, server.detail);
    await reports.show('Why nothing was suggested', text);
  };

  const showContext = async (): Promise<void> => {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) {
      void vscode.window.showInformationMessage('Open a file first: the context is that of a place in it.');
      return;
    }
    const { document, selection } = editor;
    const place = server.place(document, selection.active);
    const shown = await server.command<Context>('sc2.context', place);
    if (shown === undefined) {
      void vscode.window.showInformationMessage(`There is no context now. ${server.detail}`);
      return;
    }
    const name = vscode.workspace.asRelativePath(document.uri);
    const text = contextText(name, selection.active.line + 1, shown);
    await reports.show('What the model is shown', text);
  };

  const menu = async (): Promise<void> => {
    const document = vscode.window.activeTextEditor?.document;
    interface Entry extends vscode.QuickPickItem {
      readonly run: () => unknown;
    }
    const entries: Entry[] = [];
    if (server.state === 'missing') {
      entries.push({ label: '$(cloud-download) Install the server', run: () => installer.install() });
    }
    const onOrOff = (reach: Reach, where: string): Entry => {
      const isOn = isTurnedOn(document, reach);
      const label = isOn ? '$(circle-slash) Turn suggestions off' : '$(check) Turn suggestions on';
      return { label: label + where, run: () => turn(document, reach, !isOn) };
    };
    entries.push(onOrOff('everywhere', ''));
    // While all are off there is nothing to turn on or off in one language.
    if (document !== undefined && isTurnedOn(document, 'everywhere')) {
      entries.push(onOrOff('inLanguage', ` in ${document.languageId}`));
    }
    entries.push(
      suggesting.isSnoozed
        ? { label: '$(bell) End the snooze', run: () => suggesting.wake() }
        : { label: '$(bell-slash) Snooze for 10 minutes', run: () => suggesting.snooze() },
      {
        label: '$(file-binary) Choose a model…',
        description: modelSetting(),
        run: pickModel,
      },
      { label: '$(question) Why was nothing suggested?', run: explain },
      { label: '$(list-tree) What is the model shown here?', run: showContext },
      {
        label: '$(book) Get started',
        run: () =>
          vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH, false),
      },
      { label: '$(output) Open log', run: () => log.show() },
      { label: '$(refresh) Restart the server', run: startAgain },
    );
    const chosen = await vscode.window.showQuickPick(entries, {
      title: 'StarCoder2',
      placeHolder: server.detail,
    });
    // The click on the status bar has taken the keys away from the editor.
    if (vscode.window.activeTextEditor !== undefined) {
      await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
    }
    await chosen?.run();
  };

  const toggle = (): Promise<void> => {
    const document = vscode.window.activeTextEditor?.document;
    return turn(document, 'everywhere', !isTurnedOn(document, 'everywhere'));
  };

  const commands: Record<string, () => unknown> = {
    'sc2.menu': menu,
    'sc2.install': () => installer.ask(),
    'sc2.restart': startAgain,
    'sc2.openLog': () => log.show(),
    'sc2.chooseModel': pickModel,
    'sc2.toggle': toggle,
    'sc2.snooze': () => suggesting.snooze(),
    'sc2.explain': explain,
    'sc2.showContext': showContext,
  };
  for (const [name, run] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(name, run));
  }

  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('sc2.vscode.serverPath')) void startAgain();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      if (server.state === 'missing') void startAgain();
    }),
  );
  void startAgain();
}

export async function deactivate(): Promise<void> {
  await Promise.all([running?.dispose(), stopAll()]);
}

async function chooseServer(): Promise<void> {
  const files = await vscode.window.showOpenDialog({
    title: 'The program sc2-lsp',
    openLabel: 'Use',
    ...(ownSetting('serverPath') !== '' && {
      defaultUri: vscode.Uri.file(ownSetting('serverPath')),
    }),
  });
  if (files?.[0] !== undefined) await setOwnSetting('serverPath', files[0].fsPath);
}
