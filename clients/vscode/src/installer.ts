/** When the server is installed, from what, and what is offered where that fails. */

import * as vscode from 'vscode';
import { version as ownVersion } from '../package.json';
import { sweepEnvironments } from './environments';
import { askForIndex, chooseWheel, install, NotCompiled, type Source } from './install';
import type { Server } from './server';
import { ownSetting, setOwnSetting } from './settings';
import { isOlder } from './versions';

/** Remembers for which version of the extension an update was offered. */
const OFFERED = 'sc2.updateOffered';

/** Owns the installation that is under way, if one is. */
export class Installer {
  private isBusy = false;

  constructor(
    private readonly storage: string,
    private readonly log: vscode.LogOutputChannel,
    private readonly server: Server,
    private readonly memory: vscode.Memento,
  ) {
    void sweepEnvironments(storage, Date.now());
  }

  /** What the command does: a server that is there already is not replaced unasked. */
  async ask(): Promise<void> {
    const { found } = this.server;
    if (found !== undefined) {
      const text = found.isOurs
        ? 'The StarCoder2 server is installed already.'
        : `The StarCoder2 server of ${found.from} is used already, and would be used before one that is installed here.`;
      const again = found.isOurs ? 'Install Again' : 'Install All the Same';
      if ((await vscode.window.showInformationMessage(text, again)) !== again) return;
    }
    await this.install();
  }

  /** Installs from what the settings name, or else from a wheel that the user chooses now. */
  async install(): Promise<void> {
    const wanted = ownSetting('package');
    if (wanted === '') await this.installChosen();
    else await this.installFrom({ wanted });
  }

  /** Offers an update where the server of ours is older than this; once for each version of this. */
  async offerUpdate(): Promise<void> {
    const { found, version } = this.server;
    if (found?.isOurs !== true || version === undefined || !isOlder(version, ownVersion)) return;
    if (this.memory.get(OFFERED) === ownVersion) return;
    await this.memory.update(OFFERED, ownVersion);
    const text = `The StarCoder2 server is version ${version}, and this extension is ${ownVersion}.`;
    const chosen = await vscode.window.showInformationMessage(text, 'Update…', 'Not Now');
    if (chosen !== 'Update…') return;
    // A wheel that was installed once has the old version in it.
    const wanted = ownSetting('package');
    if (wanted === '' || wanted.endsWith('.whl')) await this.installChosen();
    else await this.installFrom({ wanted });
  }

  private async installFrom(source: Source): Promise<void> {
    if (this.isBusy) {
      void vscode.window.showInformationMessage('The StarCoder2 server is being installed already.');
      return;
    }
    this.isBusy = true;
    const outcome = await install(source, this.storage, this.log).catch((error: unknown) => ({ error }));
    this.isBusy = false;
    if (typeof outcome === 'object') {
      await this.complain(source, outcome.error);
    } else if (outcome) {
      await this.server.restart();
      if (source.wanted !== ownSetting('package')) await setOwnSetting('package', source.wanted);
    }
  }

  private async complain(source: Source, error: unknown): Promise<void> {
    const why = `The server was not installed: ${error instanceof Error ? error.message : String(error)}`;
    this.log.error(why);
    const [open, again, other] = ['Open Log', 'Try Again', 'Choose Another Wheel…'] as const;
    const prebuilt = 'Without Compiling…';
    // With another wheel there would be as much to compile.
    const last = error instanceof NotCompiled ? prebuilt : other;
    const chosen = await vscode.window.showErrorMessage(why, open, again, last);
    if (chosen === open) this.log.show();
    else if (chosen === again) await this.installFrom(source);
    else if (chosen === other) await this.installChosen();
    else if (chosen === prebuilt) {
      const index = await askForIndex();
      if (index !== undefined) await this.installFrom({ ...source, prebuilt: index.trim() });
    }
  }

  private async installChosen(): Promise<void> {
    const wheel = await chooseWheel();
    if (wheel !== undefined) await this.installFrom({ wanted: wheel });
  }
}
