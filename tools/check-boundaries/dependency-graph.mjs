// Writes the graph of the projects into docs/architecture.md. check-boundaries.mjs keeps the dependencies of each
// package.json equal to the imports, so that package.json is enough to draw by.
// usage: node dependency-graph.mjs [--check]   with --check it writes nothing and fails when the page is out of date
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadProjects } from './projects.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const page = join(root, 'docs/architecture.md');
const PLACE = /(<!-- graph: npm run docs:graph -->\n)[^]*?(<!-- end of graph -->)/;

/** Projects with the same tag and the same dependencies are drawn as one node: the services differ in neither. */
function drawnNodes(projects) {
  const names = new Set(projects.map(({ name }) => name));
  const nodes = new Map();
  for (const { dir, name, tag, dependencies } of projects) {
    const targets = dependencies.filter((dependency) => names.has(dependency)).sort();
    const key = dir.startsWith('apps/') ? [tag, ...targets].join() : name;
    const node = nodes.get(key) ?? { id: basename(dir), labels: [], targets };
    node.labels.push(basename(dir));
    nodes.set(key, node);
  }
  return [...nodes.values()];
}

function drawGraph() {
  const products = loadProjects(root).filter(({ dir, tag }) => /^(apps|libs)\//.test(dir) && tag !== 'testkit');
  const dirOf = new Map(products.map(({ name, dir }) => [name, dir]));
  const nodes = drawnNodes(products);
  const lines = [
    ...nodes.map(({ id, labels }) => `  ${id}["${labels.join(', ')}"]`),
    ...nodes.flatMap(({ id, targets }) => targets.map((target) => `  ${id} --> ${basename(dirOf.get(target))}`)),
  ];
  return ['```mermaid', 'flowchart LR', ...lines, '```'].join('\n');
}

const text = readFileSync(page, 'utf8');
if (!PLACE.test(text)) throw new Error(`${page} has no place for the graph`);
const drawn = text.replace(PLACE, (_all, start, end) => `${start}\n${drawGraph()}\n\n${end}`);
if (!process.argv.includes('--check')) writeFileSync(page, drawn);
else if (drawn !== text) {
  console.error('docs/architecture.md: the graph is out of date; run npm run docs:graph');
  process.exitCode = 1;
}
