/** Why nothing was suggested, and what a prompt shows of other files, as documents to read. */

import * as vscode from 'vscode';
import reasons from './reasons.json';
import type { Stats } from './server';
import type { Pause } from './suggesting';

const SCHEME = 'sc2-report';

const PAUSES: Record<Pause, string> = {
  snoozed: 'Suggestions are snoozed for some minutes.',
  off: 'Suggestions while you type are turned off.',
  offInLanguage: 'Suggestions while you type are turned off in this language.',
};

export interface Context {
  readonly snippets: readonly {
    readonly path: string;
    readonly start_line: number;
    readonly text: string;
    readonly reason: string;
    readonly n_tokens: number;
  }[];
  readonly n_tokens: number;
  readonly budget: number;
}

function meaning(reason: string): string {
  return (reasons as Record<string, string>)[reason] ?? reason;
}

export function pauseText(pause: Pause): string {
  return PAUSES[pause];
}

export function whyNothing(
  stats: Stats | undefined,
  pause: Pause | undefined,
  state: string,
): string {
  const lines = ['# Why nothing was suggested', ''];
  if (pause !== undefined) lines.push(pauseText(pause), '');
  if (stats === undefined) return [...lines, state, ''].join('\n');
  lines.push(`The last answer: ${lastAnswer(stats)}`, '');
  lines.push(`${state} ${stats.suggestions} of ${stats.requests} requests got a suggestion.`, '');
  const counted = Object.entries(stats.empty).sort(([, a], [, b]) => b - a);
  if (counted.length > 0) {
    lines.push('| Empty answers | Reason |', '|---:|---|');
    lines.push(...counted.map(([reason, count]) => `| ${count} | ${meaning(reason)} |`), '');
  }
  return lines.join('\n');
}

function lastAnswer(stats: Stats): string {
  if (stats.last_empty != null) return meaning(stats.last_empty);
  return stats.suggestions > 0 ? 'A suggestion.' : 'There was none yet.';
}

export function contextText(name: string, line: number, context: Context): string {
  const lines = [
    `# What the model is shown of other files for ${name}, line ${line}`,
    '',
    `${context.n_tokens} of at most ${context.budget} tokens, in the order of the prompt.`,
    '',
  ];
  for (const snippet of context.snippets) {
    // A fence longer than any run of backticks inside ends where the snippet does.
    const longest = Math.max(2, ...[...snippet.text.matchAll(/`+/g)].map(([run]) => run.length));
    const fence = '`'.repeat(longest + 1);
    lines.push(`## ${snippet.path}, from line ${snippet.start_line}`, '');
    lines.push(`${snippet.n_tokens} tokens: ${snippet.reason}`, '');
    lines.push(fence, snippet.text.replace(/\n$/, ''), fence, '');
  }
  return lines.join('\n');
}

/** Shows texts as read-only documents; owns those that are open. */
export class Reports implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly registered = vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => this.texts.delete(uri.toString())),
  );

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? '';
  }

  async show(title: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${title}.md` });
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    this.registered.dispose();
    this.changed.dispose();
  }
}
