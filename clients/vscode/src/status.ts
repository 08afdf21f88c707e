/** The item in the status bar: what it says in each state. */

import * as vscode from 'vscode';
import { pauseText } from './explain';
import type { Server, State } from './server';
import type { Suggesting } from './suggesting';

const LOOKS: Record<State, { readonly icon: string; readonly word: string }> = {
  missing: { icon: 'warning', word: 'not installed' },
  starting: { icon: 'loading~spin', word: 'starting' },
  restarting: { icon: 'loading~spin', word: 'restarting' },
  loading: { icon: 'loading~spin', word: 'loading model' },
  ready: { icon: 'sparkle', word: 'ready' },
  noModel: { icon: 'error', word: 'no model' },
  stopped: { icon: 'error', word: 'stopped' },
};

const NEEDS_THE_USER: ReadonlySet<State> = new Set<State>(['missing', 'noModel', 'stopped']);

/** Owns the item, which follows the server, the pauses and the editor. */
export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    'sc2.status',
    vscode.StatusBarAlignment.Right,
    100,
  );
  private readonly subscriptions: vscode.Disposable;

  constructor(
    private readonly server: Server,
    private readonly suggesting: Suggesting,
  ) {
    this.item.name = 'StarCoder2';
    this.item.command = 'sc2.menu';
    const show = (): void => this.show();
    this.subscriptions = vscode.Disposable.from(
      server.onDidChange(show),
      suggesting.onDidChange(show),
      vscode.window.onDidChangeActiveTextEditor(show),
      vscode.workspace.onDidChangeConfiguration(show),
    );
    this.show();
    this.item.show();
  }

  dispose(): void {
    this.subscriptions.dispose();
    this.item.dispose();
  }

  private show(): void {
    const { state, detail } = this.server;
    const pause = this.suggesting.pause(vscode.window.activeTextEditor?.document);
    const isPaused = state === 'ready' && pause !== undefined;
    const isWorking = state === 'ready' && this.suggesting.isWorking;
    const { icon, word } = isPaused
      ? { icon: 'debug-pause', word: 'paused' }
      : isWorking
        ? { icon: 'loading~spin', word: 'working' }
        : LOOKS[state];
    const percent = state === 'loading' ? ` ${this.server.loadedPercent} %` : '';
    this.item.text = `$(${icon}) SC2${percent}`;
    const says = `StarCoder2: ${word}`;
    const more = isPaused ? pauseText(pause) : detail;
    this.item.accessibilityInformation = { label: more === '' ? says : `${says}. ${more}` };
    this.item.tooltip = more === '' ? says : `${says}\n${more}`;
    this.item.backgroundColor = NEEDS_THE_USER.has(state)
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
  }
}
