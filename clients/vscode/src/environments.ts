/**
 * The Python environments that this extension makes, in a folder of its own, and which one is used.
 * A new one stands beside the old one, whose files a server may have open, and takes its place once
 * it is whole. Knows neither Python nor the editor.
 */

import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Holds the name of the folder that is used. */
const POINTER = 'environment.txt';
/** The one that is used where nothing else is said. */
const FIRST = 'environment';
const NAME = /^environment(-\d+)?(\.old)?$/;
const DAY_MS = 86_400_000;

/** The folder of the environment that is used, whether it is there or not. */
export async function environmentInUse(storage: string): Promise<string> {
  let name = '';
  try {
    name = (await readFile(join(storage, POINTER), 'utf8')).trim();
  } catch {
    // None was ever replaced.
  }
  return join(storage, NAME.test(name) ? name : FIRST);
}

/**
 * Lets `make` fill a new folder, and uses that from then on. If it rejects, so does this: the new
 * folder is gone and the old one used as before.
 */
export async function replaceEnvironment(
  storage: string,
  make: (folder: string) => Promise<void>,
): Promise<void> {
  await mkdir(storage, { recursive: true });
  const before = await environmentInUse(storage);
  const name = `${FIRST}-${Date.now()}`;
  const folder = join(storage, name);
  try {
    await make(folder);
    await write(join(storage, POINTER), `${name}\n`);
  } catch (error) {
    await remove(folder);
    throw error;
  }
  // Servers of other windows still run from it; its last day begins now.
  const now = new Date();
  await utimes(before, now, now).catch(() => undefined);
}

/** Removes what has not been used for a day: what was replaced, and what never became whole. */
export async function sweepEnvironments(storage: string, nowMs: number): Promise<void> {
  const used = await environmentInUse(storage);
  const names = await readdir(storage).catch(() => []);
  for (const folder of names.filter((name) => NAME.test(name)).map((name) => join(storage, name))) {
    if (folder === used) continue;
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs > DAY_MS) await remove(folder);
  }
}

/** Removes all of a folder or, where Windows holds a file of it, nothing; there is a next time. */
async function remove(folder: string): Promise<void> {
  const old = folder.endsWith('.old') ? folder : `${folder}.old`;
  try {
    if (old !== folder) await rename(folder, old);
    await rm(old, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // It is not there, or is in use.
  }
}

async function write(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}
