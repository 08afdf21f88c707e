/** The language server's life: found, started, watched, started again after a pause, stopped. */

import * as vscode from 'vscode';
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  MessageType,
  ShowMessageNotification,
  type LanguageClientOptions,
} from 'vscode-languageclient/node';
import { findServer, type Found } from './find';
import { Restarts } from './restarts';
import { SECTION, serverSettings } from './settings';
import type { Suggesting } from './suggesting';

const LOADING_POLL_MS = 500;

export type State =
  | 'missing' // there is no server to start
  | 'starting'
  | 'restarting' // it ended and is started again soon
  | 'loading' // it runs and has no weights yet
  | 'ready'
  | 'noModel' // the model cannot be used
  | 'stopped'; // it ended too often

/** What `sc2.stats` answers, as far as this extension reads it. */
export interface Stats {
  readonly requests: number;
  readonly suggestions: number;
  readonly empty: Readonly<Record<string, number>>;
  /** Why the last answer was none; older servers do not say. */
  readonly last_empty?: string | null;
  readonly latency_ms: { readonly p50: number | null; readonly p95: number | null };
  readonly model: string;
  /** `load_share` is how much of the weights is there, from 0 to 1; older servers do not say. */
  readonly engine: { readonly state: string | null; readonly load_share?: number | null };
}

/** Owns the client of the server that runs, if one does. */
export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private state_: State = 'starting';
  private detail_ = '';
  private modelComplaint = '';
  private nextLook: NodeJS.Timeout | undefined;
  private nextStart: NodeJS.Timeout | undefined;
  private readonly restarts = new Restarts();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  /** The program that was started last; undefined where none was found. */
  found: Found | undefined;
  /** The stats of the last look. */
  stats: Stats | undefined;

  constructor(
    private readonly storage: string,
    private readonly log: vscode.LogOutputChannel,
    private readonly suggesting: Suggesting,
  ) {}

  get state(): State {
    return this.state_;
  }

  /** What people should know about the state; may be empty. */
  get detail(): string {
    return this.detail_;
  }

  /** How much of the weights was there at the last look. */
  get loadedPercent(): number {
    return Math.floor(100 * (this.stats?.engine.load_share ?? 0));
  }

  /** What the server that runs says of itself. */
  get version(): string | undefined {
    return this.client?.initializeResult?.serverInfo?.version;
  }

  get isRunning(): boolean {
    return this.client?.isRunning() ?? false;
  }

  /** Starts the server that is to be found now, in place of the one that runs. */
  async restart(): Promise<void> {
    this.restarts.forget();
    await this.stop();
    await this.start();
  }

  async start(): Promise<void> {
    this.become('starting', '');
    const found = await findServer(this.storage);
    this.found = 'why' in found ? undefined : found;
    if ('why' in found) {
      this.log.warn(found.why);
      this.become('missing', found.why);
      return;
    }
    this.log.info(`Starting ${found.path}, from ${found.from}.`);
    const client = new LanguageClient(
      'sc2-lsp',
      'StarCoder2',
      { command: found.path, args: ['serve'] },
      this.options(() => this.ended(client)),
    );
    client.onNotification(ShowMessageNotification.type, ({ type, message }) =>
      this.show(type, message),
    );
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      this.log.error(`The server did not start: ${String(error)}`);
      this.ended(client);
      return;
    }
    if (this.client !== client) return;
    this.log.info('The server runs.');
    await this.look();
  }

  async dispose(): Promise<void> {
    await this.stop();
    this.changed.dispose();
  }

  /** A command of the server; undefined where there is no answer. */
  async command<Answer>(name: string, ...args: unknown[]): Promise<Answer | undefined> {
    const client = this.client;
    if (!client?.isRunning()) return undefined;
    try {
      const params = { command: name, arguments: args };
      return ((await client.sendRequest(ExecuteCommandRequest.type, params)) as Answer) ?? undefined;
    } catch (error) {
      this.log.warn(`${name} failed: ${String(error)}`);
      return undefined;
    }
  }

  /** The position as the server wants it. */
  place(document: vscode.TextDocument, position: vscode.Position): unknown {
    return this.client?.code2ProtocolConverter.asTextDocumentPositionParams(document, position);
  }

  /** Asks the server how it is; asks again soon while it has no weights. */
  async look(): Promise<void> {
    clearTimeout(this.nextLook);
    const client = this.client;
    const stats = await this.command<Stats>('sc2.stats');
    if (client === undefined || this.client !== client || stats === undefined) return;
    this.stats = stats;
    switch (stats.engine.state) {
      case 'ready':
        this.modelComplaint = '';
        this.become('ready', `${stats.model} is ready.`);
        break;
      case 'failed':
        this.become('noModel', this.modelComplaint || `${stats.model} cannot be used.`);
        break;
      default:
        this.become('loading', `${stats.model} is being loaded: ${this.loadedPercent} %.`);
        this.nextLook = setTimeout(() => void this.look(), LOADING_POLL_MS);
    }
  }

  private async stop(): Promise<void> {
    clearTimeout(this.nextLook);
    clearTimeout(this.nextStart);
    const client = this.client;
    this.client = undefined;
    this.stats = undefined;
    await discard(client);
  }

  /** The process of `client` ended, or never began, without being asked to. */
  private ended(client: LanguageClient): void {
    if (this.client !== client) return;
    this.client = undefined;
    this.stats = undefined;
    clearTimeout(this.nextLook);
    clearTimeout(this.nextStart);
    const delayMs = this.restarts.delayAfterEnd(Date.now());
    if (delayMs === undefined) {
      this.become('stopped', 'The server ended too often and is not started again.');
      void this.offerLog('The StarCoder2 server ended too often. Its log may say why.');
      return;
    }
    this.log.warn(`The server ended; it is started again in ${delayMs / 1000} s.`);
    this.become('restarting', 'The server ended and is started again.');
    this.nextStart = setTimeout(() => {
      void discard(client);
      void this.start();
    }, delayMs);
  }

  private show(type: MessageType, message: string): void {
    if (type !== MessageType.Error) {
      void vscode.window.showInformationMessage(message);
      return;
    }
    this.log.error(message);
    this.modelComplaint = message;
    void this.look();
    void this.offerModel(message);
  }

  private async offerModel(message: string): Promise<void> {
    const [model, log] = ['Choose Model…', 'Open Log'] as const;
    const chosen = await vscode.window.showErrorMessage(message, model, log);
    if (chosen === model) await vscode.commands.executeCommand('sc2.chooseModel');
    else if (chosen === log) this.log.show();
  }

  private async offerLog(message: string): Promise<void> {
    const [log, again] = ['Open Log', 'Restart'] as const;
    const chosen = await vscode.window.showErrorMessage(message, log, again);
    if (chosen === log) this.log.show();
    else if (chosen === again) await this.restart();
  }

  private become(state: State, detail: string): void {
    if (state === this.state_ && detail === this.detail_) return;
    this.state_ = state;
    this.detail_ = detail;
    this.changed.fire();
  }

  private options(onEnd: () => void): LanguageClientOptions {
    const settled = { handled: true } as const;
    return {
      documentSelector: ['file', 'untitled', 'vscode-notebook-cell', 'vscode-vfs'].map(
        (scheme) => ({ scheme }),
      ),
      outputChannel: this.log,
      initializationOptions: serverSettings(),
      // Nothing else tells the server that a setting has changed.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      synchronize: { configurationSection: SECTION },
      initializationFailedHandler: (error) => {
        this.log.error(`The server refused to start: ${String(error)}`);
        return false;
      },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, ...settled }),
        closed: () => {
          onEnd();
          return { action: CloseAction.DoNotRestart, ...settled };
        },
      },
      middleware: {
        provideInlineCompletionItems: (document, position, context, token, next) =>
          this.suggesting.provide(document, context, () =>
            next(document, position, context, token),
          ),
        workspace: {
          configuration: ({ items }) => items.map(() => serverSettings()),
          didChangeConfiguration: async () => {
            await this.client?.sendNotification(DidChangeConfigurationNotification.type, {
              settings: { [SECTION]: serverSettings() },
            });
            await this.look();
          },
        },
      },
    };
  }
}

async function discard(client: LanguageClient | undefined): Promise<void> {
  try {
    await client?.dispose();
  } catch {
    // It ended before it could be asked to.
  }
}
