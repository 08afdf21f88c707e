/** Choosing a model: the server's own program lists and fetches them, this shows what it says. */

import * as vscode from 'vscode';
import { ProgramFailed, run } from './programs';
import { modelSetting, setModel } from './settings';

interface Model {
  readonly name: string;
  readonly title: string;
  readonly size_bytes: number;
  readonly licence: string;
  readonly url: string;
  /** Where it is; null while it is not downloaded. */
  readonly path: string | null;
  readonly is_current: boolean;
  readonly expected_tokens_per_s: number | null;
  readonly fits: boolean;
}

interface Entry extends vscode.QuickPickItem {
  readonly model?: Model;
}

/** Offers the models that `program` knows and a file of the user's; fetches what is not here. */
export async function chooseModel(
  program: string | undefined,
  log: vscode.LogOutputChannel,
): Promise<void> {
  if (program === undefined) {
    await chooseFile();
    return;
  }
  let models: readonly Model[];
  try {
    models = await listed(program, log);
  } catch (error) {
    await complain('The models cannot be listed', error, log);
    return;
  }
  const ownFile: Entry = { label: '$(folder-opened) A GGUF file of your own…' };
  const chosen = await vscode.window.showQuickPick([...models.map(entry), ownFile], {
    title: 'A model for StarCoder2 suggestions',
    placeHolder: 'Speeds are rough estimates for this machine.',
    matchOnDescription: true,
  });
  if (chosen === ownFile) await chooseFile();
  else if (chosen?.model !== undefined) await use(chosen.model, program, log);
}

async function listed(program: string, log: vscode.LogOutputChannel): Promise<readonly Model[]> {
  const lines: string[] = [];
  const onData = (line: string): unknown => lines.push(line);
  const options = { location: vscode.ProgressLocation.Window, title: 'SC2: looking at models' };
  await vscode.window.withProgress(options, () =>
    run(program, ['model', 'list', '--json'], log, { onData }),
  );
  try {
    return (JSON.parse(lines.join('\n')) as { models: readonly Model[] }).models;
  } catch {
    throw new ProgramFailed(`${program} did not answer with a list of models.`);
  }
}

function entry(model: Model): Entry {
  const set = modelSetting();
  const isCurrent = set === '' ? model.is_current : set === model.name || set === model.path;
  const speed = model.expected_tokens_per_s;
  const facts = [
    size(model.size_bytes),
    ...(speed === null ? [] : [`about ${speed} tokens/s`]),
    ...(model.path === null ? ['not downloaded'] : []),
    ...(model.fits ? [] : ['too large for this machine']),
  ];
  const icon = isCurrent ? 'check' : model.path === null ? 'cloud-download' : 'file-binary';
  return { label: `$(${icon}) ${model.title}`, description: facts.join(' · '), model };
}

async function use(model: Model, program: string, log: vscode.LogOutputChannel): Promise<void> {
  if (model.path === null && !(await fetched(model, program, log))) return;
  await setModel(model.name);
}

/** Downloads a model under a licence that the user accepts here; whether it is there then. */
async function fetched(
  model: Model,
  program: string,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  const [download, more] = ['Accept and Download', 'Read More'] as const;
  const question = `Download ${model.title} (${size(model.size_bytes)}) under the licence ${model.licence}?`;
  const detail = `It comes from ${model.url}, where the licence is as well. Nothing else is sent or fetched.`;
  const answer = await vscode.window.showInformationMessage(
    question,
    { modal: true, detail },
    download,
    more,
  );
  if (answer === more) await vscode.env.openExternal(vscode.Uri.parse(model.url));
  if (answer !== download) return false;
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: `Downloading ${model.title}`,
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (progress, token) => {
    let percent = 0;
    const onData = (line: string): void => {
      const [done, total] = portion(line);
      if (total === 0) return;
      const now = Math.floor((100 * done) / total);
      progress.report({ increment: now - percent, message: `${size(done)} of ${size(total)}` });
      percent = now;
    };
    const args = ['model', 'pull', model.name, '--progress', 'json', '--accept-licence'];
    try {
      await run(program, args, log, { token, onData });
      return true;
    } catch (error) {
      if (!token.isCancellationRequested) {
        void complain(`${model.title} was not downloaded`, error, log);
      }
      return false;
    }
  });
}

/** Bytes that are here and bytes in all, of a line of `model pull`; zeros where it says neither. */
function portion(line: string): readonly [number, number] {
  try {
    const { done_bytes: done = 0, total_bytes: total = 0 } = JSON.parse(line) as Record<
      string,
      number
    >;
    return [done, total];
  } catch {
    return [0, 0];
  }
}

async function complain(what: string, error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const why = error instanceof ProgramFailed ? error.message : String(error);
  const chosen = await vscode.window.showErrorMessage(`${what}: ${why}`, 'Open Log');
  if (chosen === 'Open Log') log.show();
}

async function chooseFile(): Promise<void> {
  const files = await vscode.window.showOpenDialog({
    title: 'A StarCoder2 model, as a GGUF file',
    filters: { 'GGUF models': ['gguf'] },
    openLabel: 'Use',
  });
  if (files?.[0] !== undefined) await setModel(files[0].fsPath);
}

function size(nBytes: number): string {
  return nBytes < 1e9 ? `${Math.round(nBytes / 1e6)} MB` : `${(nBytes / 1e9).toFixed(1)} GB`;
}
