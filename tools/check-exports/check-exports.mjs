// Dead exports: names that a file exports and that no other file imports, and files that nothing imports. knip finds them.
//
// An export is used when another file of the repository imports it: product code, a test, a tool, an example or the bench.
// A library has readers that the repository does not contain, so that two more uses count for a name at an entry point
// of a library (a file that `exports` of its package.json names):
// - the library's README.md names it;
// - it is a type, and the library's own code uses it: who calls that code needs a name for what the code takes or returns.
// There is no list of exceptions: an export without a use goes.
// usage: node check-exports.mjs [root]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadProjects, projectDirOf } from '../check-boundaries/projects.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, '../..');
const root = resolve(process.argv[2] ?? repository);
const VALUES = ['exports', 'nsExports', 'enumMembers'];
const TYPES = ['types', 'nsTypes'];

/** What knip finds, as one list of { file, line, name, isType }; a file that nothing imports has no line. */
function findUnused() {
  const kinds = ['files', ...VALUES, ...TYPES].join(',');
  const options = ['--config', join(here, 'knip.json'), '--no-config-hints', '--no-exit-code', '--include', kinds];
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(repository, 'node_modules/knip/bin/knip.js'), '--directory', root, '--reporter', 'json', ...options],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (!stdout.startsWith('{')) throw new Error(`knip ended without a result: ${stdout}${stderr}`);
  const { issues } = JSON.parse(stdout);
  const named = (kinds, isType) => (issue) =>
    kinds.flatMap((kind) => issue[kind]).map(({ name, line }) => ({ file: issue.file, line, name, isType }));
  const files = issues.filter((issue) => issue.files.length > 0).map(({ file }) => ({ file, name: 'the file' }));
  return [...files, ...issues.flatMap(named(VALUES, false)), ...issues.flatMap(named(TYPES, true))];
}

const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const countOf = (name, text) => text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0;

/** A library's README, the text of its entry points, and the text of its other product code. */
function readLibrary({ dir, entryFiles }) {
  const entries = entryFiles.map((file) => join(root, dir, file));
  const sources = readdirSync(join(root, dir, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => join(root, dir, 'src', file))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts') && !path.endsWith('/index.ts'));
  return {
    readme: read(join(root, dir, 'README.md')),
    entryText: entries.map(read).join('\n'),
    starredFiles: entries.flatMap((entry) =>
      [...read(entry).matchAll(/export \* from '(.+)\.js'/g)].map(([, path]) => `${join(dirname(entry), path)}.ts`),
    ),
    code: sources.map(read).join('\n'),
  };
}

function isPublic({ file, name, isType }, library) {
  const isAtEntryPoint = countOf(name, library.entryText) > 0 || library.starredFiles.includes(join(root, file));
  // The declaration is the first place that names a type.
  return isAtEntryPoint && (countOf(name, library.readme) > 0 || (isType && countOf(name, library.code) > 1));
}

const libraries = new Map(
  loadProjects(root)
    .filter(({ dir }) => dir.startsWith('libs/'))
    .map((project) => [project.dir, readLibrary(project)]),
);
const dead = findUnused().filter((issue) => {
  const library = libraries.get(projectDirOf(issue.file));
  return !library || !isPublic(issue, library);
});
if (dead.length > 0) {
  for (const { file, line, name } of dead) console.error(`${file}${line ? `:${line}` : ''}: ${name} is never imported`);
  console.error(`${dead.length} dead export(s)`);
  process.exit(1);
}
console.log('exports ok');
