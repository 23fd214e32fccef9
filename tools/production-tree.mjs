// Copies what one program needs at run time to an empty folder, for its image:
//   node tools/production-tree.mjs order /tree
// It follows `dependencies` from apps/<program> through the installed packages, so the folder has no test tool, no compiler and
// no embedded PostgreSQL, although they lie in the same node_modules. It is plain JavaScript without dependencies.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));

/** Packages that nothing loads at run time, although a package declares them. */
const NOT_LOADED = new Set([
  'typescript', // @nestjs/swagger needs it in its compiler plugin only, which the shop does not use.
  '@scarf/scarf', // swagger-ui-dist reports its installation with it.
]);

/** What the compiler and the tests left beside the programs. */
const isLeftOut = (path) => /\.(d\.[cm]?ts|tsbuildinfo)(\.map)?$|\.spec\.js(\.map)?$/.test(path);
/** The source maps of other people's packages explain no error of ours. */
const isMap = (path) => path.endsWith('.map');
/** What other people's packages bring for their own development. */
const isForDevelopers = (entry) =>
  entry === 'node_modules' || /^(\..*|tests?|__tests__|benchmarks?|examples?|oxlint.*)$/.test(entry);

const readManifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** The folder that Node finds when code in `from` imports `name`, before links are followed. */
function find(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === root || folder === dirname(folder)) return undefined;
  }
}

/** The names of the packages that a package imports, and whether each must be there. */
function wanted({ dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const names = new Map();
  for (const name of Object.keys(peerDependencies)) {
    if (!peerDependenciesMeta[name]?.optional) names.set(name, true);
  }
  for (const name of Object.keys(dependencies)) names.set(name, true);
  for (const name of Object.keys(optionalDependencies)) names.set(name, false);
  for (const name of NOT_LOADED) names.delete(name);
  return names;
}

/** @returns {{ folders: Set<string>, links: Map<string, string> }} real folders below the root, and links to workspaces */
function collect(program) {
  const folders = new Set();
  const links = new Map();
  const visit = (folder) => {
    if (folders.has(folder)) return;
    folders.add(folder);
    for (const [name, isRequired] of wanted(readManifest(folder))) {
      const found = find(name, folder);
      if (!found && isRequired) throw new Error(`${relative(root, folder)} needs ${name}, which is not installed`);
      if (!found) continue;
      const real = realpathSync(found);
      if (real !== found) links.set(found, real);
      visit(real);
    }
  };
  visit(join(root, 'apps', program));
  return { folders, links };
}

function copy(folder, target) {
  const isOwn = !relative(root, folder).startsWith('node_modules');
  const entries = isOwn ? ['package.json', 'dist'] : readdirSync(folder).filter((entry) => !isForDevelopers(entry));
  for (const entry of entries) {
    cpSync(join(folder, entry), join(target, relative(root, folder), entry), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !isLeftOut(path) && (isOwn || !isMap(path)) && basename(path) !== '.bin',
    });
  }
}

const [program = '', target = ''] = process.argv.slice(2);
if (program === '' || target === '' || !existsSync(join(root, 'apps', program, 'package.json'))) {
  console.error('usage: node tools/production-tree.mjs <program of apps/> <empty folder>');
  process.exit(2);
}
const { folders, links } = collect(program);
for (const folder of folders) copy(folder, target);
for (const [link, folder] of links) {
  const path = join(target, relative(root, link));
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(relative(dirname(link), folder), path);
}
cpSync(join(root, 'package.json'), join(target, 'package.json'));
console.log(`${folders.size} packages for ${program}`);
