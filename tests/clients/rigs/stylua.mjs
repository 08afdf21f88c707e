// stylua.mjs RIG FOLDER [--write]: compares the Lua files below FOLDER with StyLua's format, as
// FOLDER/stylua.toml wants it. The exit code is 1 where a file differs, or 2 where one is no Lua.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';

const [rig, folder, mode] = process.argv.slice(2);
const stylua = createRequire(join(resolve(rig), 'package.json'))('@johnnymorganz/stylua');

const KINDS = { indent_type: stylua.IndentType, quote_style: stylua.QuoteStyle };

function config() {
  const made = stylua.Config.new();
  for (const line of readFileSync(join(folder, 'stylua.toml'), 'utf8').split('\n')) {
    const found = /^(\w+) = (?:"(\w+)"|(\d+))$/.exec(line);
    if (line.trim() === '') continue;
    if (!found || !(found[1] in made)) throw new Error(`stylua.toml: not understood: ${line}`);
    const [, name, word, number] = found;
    made[name] = word === undefined ? Number(number) : KINDS[name][word];
    if (made[name] === undefined) throw new Error(`stylua.toml: no such value: ${line}`);
  }
  return made;
}

let exitCode = 0;
for (const name of readdirSync(folder, { recursive: true }).sort()) {
  if (!name.endsWith('.lua')) continue;
  const path = join(folder, name);
  const text = readFileSync(path, 'utf8');
  try {
    const wanted = stylua.formatCode(text, config(), undefined, stylua.OutputVerification.Full);
    if (wanted === text) continue;
    if (mode === '--write') writeFileSync(path, wanted);
    else exitCode = Math.max(exitCode, 1);
    console.log(`${mode === '--write' ? 'rewritten' : 'not formatted'}: ${relative('.', path)}`);
  } catch (error) {
    console.log(`${relative('.', path)}: ${error.message ?? error}`);
    exitCode = 2;
  }
}
process.exit(exitCode);
