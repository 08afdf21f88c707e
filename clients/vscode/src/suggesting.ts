/** Whether the server is asked, how many answers are awaited, and what the last ones were. */

import * as vscode from 'vscode';
import { automatic } from './settings';
import { whatIsOff, type Off } from './toggles';

const SNOOZE_MS = 10 * 60_000;

export type Pause = 'snoozed' | Off;
type Items = vscode.InlineCompletionItem[] | vscode.InlineCompletionList | null | undefined;

/** Owns the snooze and the count of requests under way. */
export class Suggesting implements vscode.Disposable {
  private nUnderWay = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly answered = new vscode.EventEmitter<{ readonly isEmpty: boolean }>();
  readonly onDidChange = this.changed.event;
  readonly onDidAnswer = this.answered.event;

  get isWorking(): boolean {
    return this.nUnderWay > 0;
  }

  get isSnoozed(): boolean {
    return this.timer !== undefined;
  }

  /** Why nothing is suggested there without being asked for; undefined if it is. */
  pause(document: vscode.TextDocument | undefined): Pause | undefined {
    return this.isSnoozed ? 'snoozed' : whatIsOff(automatic(document));
  }

  snooze(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wake(), SNOOZE_MS);
    this.changed.fire();
  }

  wake(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.changed.fire();
  }

  /** What `ask` answers; a pause keeps it from being asked unless the user did so by a key. */
  async provide(
    document: vscode.TextDocument,
    context: vscode.InlineCompletionContext,
    ask: () => vscode.ProviderResult<Items>,
  ): Promise<Items> {
    const isInvoked = context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
    if (!isInvoked && this.pause(document) !== undefined) return undefined;
    this.count(1);
    try {
      const items = await ask();
      this.answered.fire({ isEmpty: isEmpty(items) });
      return items;
    } finally {
      this.count(-1);
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
    this.answered.dispose();
  }

  private count(step: 1 | -1): void {
    this.nUnderWay += step;
    this.changed.fire();
  }
}

function isEmpty(items: Items): boolean {
  return !items || (Array.isArray(items) ? items : items.items).length === 0;
}
