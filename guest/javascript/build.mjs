// Makes a component of a source: node build.mjs SOURCE COMPONENT [WIT]
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentize } from '@bytecodealliance/componentize-js';
import { _setPreopens } from '@bytecodealliance/preview2-shim/filesystem';

const wit = fileURLToPath(new URL('../../wit', import.meta.url));
const [sourcePath, output, witPath = wit] = process.argv.slice(2);
// The builder is a component itself, and this release of the shim shows it no file unless it is told to.
_setPreopens({ '/': '/' });
const { component } = await componentize({
  sourcePath: resolve(sourcePath),
  witPath: resolve(witPath),
  worldName: 'configurable-source-component',
  // What is left is `fetch`: nothing beyond what the world imports.
  disableFeatures: ['clocks', 'stdio', 'random', 'fetch-event'],
});
await writeFile(output, component);
