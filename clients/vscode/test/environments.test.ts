import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { environmentInUse, replaceEnvironment, sweepEnvironments } from '../src/environments';

const DAY_MS = 86_400_000;

/** A folder of the extension, with an environment that an older version made. */
function storage(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'sc2-environments-')), 'storage');
  mkdirSync(join(folder, 'environment'), { recursive: true });
  writeFileSync(join(folder, 'environment', 'program'), 'old');
  return folder;
}

async function make(folder: string): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, 'program'), 'new');
}

async function fail(folder: string): Promise<void> {
  await make(folder);
  throw new Error('no compiler');
}

test('a new environment is used once it is whole, and the old one still there', async () => {
  const folder = storage();
  const old = await environmentInUse(folder);
  assert.equal(old, join(folder, 'environment'));
  await replaceEnvironment(folder, async (place) => {
    await make(place);
    assert.equal(await environmentInUse(folder), old);
  });
  const used = await environmentInUse(folder);
  assert.notEqual(used, old);
  assert.ok(existsSync(join(used, 'program')));
  assert.ok(existsSync(join(old, 'program')));
});

test('the first environment needs no folder to be there', async () => {
  const folder = join(storage(), 'deeper', 'still');
  await replaceEnvironment(folder, make);
  assert.ok(existsSync(join(await environmentInUse(folder), 'program')));
});

test('one that fails leaves all as it was', async () => {
  const folder = storage();
  const before = readdirSync(folder);
  await assert.rejects(replaceEnvironment(folder, fail), /no compiler/);
  assert.deepEqual(readdirSync(folder), before);
  assert.equal(await environmentInUse(folder), join(folder, 'environment'));
  assert.ok(existsSync(join(folder, 'environment', 'program')));
});

test('what was replaced stays for a day', async () => {
  const folder = storage();
  const old = join(folder, 'environment');
  utimesSync(old, 1, 1);
  await replaceEnvironment(folder, make);
  await sweepEnvironments(folder, Date.now());
  assert.ok(existsSync(old), 'another window may use it still');
  await sweepEnvironments(folder, Date.now() + DAY_MS + 60_000);
  assert.ok(!existsSync(old));
  const used = await environmentInUse(folder);
  assert.deepEqual(readdirSync(folder).sort(), [basename(used), 'environment.txt']);
});

test('nothing else is swept, and nothing is where there is nothing', async () => {
  const folder = storage();
  mkdirSync(join(folder, 'models'));
  for (const name of ['models', 'environment']) utimesSync(join(folder, name), 1, 1);
  await sweepEnvironments(folder, Date.now());
  assert.deepEqual(readdirSync(folder).sort(), ['environment', 'models']);
  await sweepEnvironments(join(folder, 'nothing'), Date.now());
});

test('a name that leads elsewhere is not followed', async () => {
  const folder = storage();
  writeFileSync(join(folder, 'environment.txt'), '../../environment-1');
  assert.equal(await environmentInUse(folder), join(folder, 'environment'));
});
