// Bundles test/*.test.ts into dist/test and runs them; they are of modules that need no editor.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const folder = join('dist', 'test');
rmSync(folder, { recursive: true, force: true });
await build({
  entryPoints: readdirSync('test')
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name)),
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = readdirSync(folder).map((name) => join(folder, name));
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
