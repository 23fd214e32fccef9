// Import direction between workspaces. The rules stand in rules.mjs, the facts come from package.json and tsconfig.json.
// usage: node check-boundaries.mjs [root]
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAY_IMPORT, PROOF_TAG, ROOMS } from './rules.mjs';

const SCOPE = '@rocketshop/';
const root = resolve(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '../..'));
const IMPORT = /(?:^|[^.\w])(?:import|export)\s*(?:type\s+)?(?:[\w*{][^'"`;]*?\sfrom\s*)?\(?\s*['"]([^'"\n]+)['"]/gm;

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

function projectDirs() {
  const nested = ['apps', 'libs', 'examples'].flatMap((parent) =>
    existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [],
  );
  return [...nested, 'bench', 'test', 'tools'].filter((dir) => existsSync(join(root, dir, 'package.json')));
}

function* sourceFiles(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist') continue;
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (/\.(ts|mjs)$/.test(entry.name)) yield path;
  }
}

function loadProjects() {
  return projectDirs().map((dir) => {
    const manifest = readJson(join(root, dir, 'package.json'));
    const references = (readJson(join(root, dir, 'tsconfig.json')).references ?? []).map(({ path }) =>
      relative(root, resolve(root, dir, path)),
    );
    return {
      dir,
      name: manifest.name,
      tag: manifest.rocketshop?.tag,
      dependencies: manifest.dependencies ?? {},
      references,
      entries: Object.keys(manifest.exports ?? {}),
    };
  });
}

const isProof = (project, file) => project.tag === PROOF_TAG || file.endsWith('.spec.ts');

function checkWorkspaceImport(project, file, specifier, at, context) {
  const [name, entry] = splitEntry(specifier);
  const target = context.byName.get(name);
  if (!target || (entry && !target.entries.includes(`./${entry}`)))
    return [`${at}: ${specifier} reaches past an entry point; import ${name}`];
  if (entry === 'testing' && !isProof(project, file)) return [`${at}: ${specifier} is for specs and test/ only`];
  if (target === project) return [`${at}: ${project.name} imports itself by name; use a relative path`];
  if (!file.endsWith('.spec.ts')) context.used.add(target);
  if (file.endsWith('.spec.ts') || MAY_IMPORT[project.tag].includes(target.tag)) return [];
  return [`${at}: ${project.name} (${project.tag}) must not import ${specifier} (${target.tag})`];
}

function splitEntry(specifier) {
  const [scope, name, ...rest] = specifier.split('/');
  return [`${scope}/${name}`, rest.join('/')];
}

function checkImport(project, file, specifier, at, context) {
  const errors = [];
  const path = relative(root, file);
  const target = specifier.startsWith('.') ? relative(root, resolve(dirname(file), specifier)) : specifier;
  for (const room of ROOMS) {
    if (path.startsWith(room.in) && !file.endsWith('.spec.ts') && room.not.test(target)) {
      errors.push(`${at}: ${specifier}: ${room.why}`);
    }
  }
  if (specifier.startsWith('.')) {
    if (!target.startsWith(`${project.dir}/`)) errors.push(`${at}: relative import leaves the project: ${specifier}`);
  } else if (specifier.startsWith(SCOPE)) {
    errors.push(...checkWorkspaceImport(project, file, specifier, at, context));
  } else if (!specifier.startsWith('node:') && !isProof(project, file)) {
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    if (!(name in project.dependencies))
      errors.push(`${at}: ${name} is not in ${project.dir}/package.json dependencies`);
  }
  return errors;
}

function checkProject(project, byName) {
  if (!(project.tag in MAY_IMPORT)) {
    return [`${project.dir}/package.json: rocketshop.tag ${JSON.stringify(project.tag)} has no rule in rules.mjs`];
  }
  const context = { byName, used: new Set() };
  const errors = [];
  for (const file of sourceFiles(join(root, project.dir))) {
    const text = readFileSync(file, 'utf8').replace(/^\s*\*.*$|\/\/.*$/gm, '');
    for (const match of text.matchAll(IMPORT)) {
      const line = text.slice(0, match.index + match[0].length).split('\n').length;
      errors.push(...checkImport(project, file, match[1], `${relative(root, file)}:${line}`, context));
    }
  }
  return [...errors, ...checkDeclarations(project, context)];
}

/** package.json and tsconfig.json say the same as the imports, so that `tsc -b` builds in the right order. */
function checkDeclarations(project, { byName, used }) {
  const errors = [];
  const declared = Object.keys(project.dependencies).flatMap((name) => byName.get(name) ?? []);
  for (const target of used) {
    if (!declared.includes(target)) errors.push(`${project.dir}/package.json: add "${target.name}" to dependencies`);
    if (!project.references.includes(target.dir))
      errors.push(`${project.dir}/tsconfig.json: add a reference to ${target.dir}`);
  }
  for (const target of declared) {
    if (!used.has(target)) errors.push(`${project.dir}/package.json: "${target.name}" is declared and never imported`);
  }
  for (const dir of project.references) {
    if (![...used].some((target) => target.dir === dir))
      errors.push(`${project.dir}/tsconfig.json: reference to ${dir} is never imported`);
  }
  return errors;
}

const projects = loadProjects();
const byName = new Map(projects.map((project) => [project.name, project]));
const built = new Set(readJson(join(root, 'tsconfig.json')).references.map(({ path }) => path));
const errors = projects.flatMap((project) => checkProject(project, byName));
for (const { dir } of projects) {
  if (!built.has(dir)) errors.push(`tsconfig.json: add a reference to ${dir}`);
}

if (errors.length > 0) {
  console.error(errors.join('\n'));
  console.error(`${errors.length} boundary error(s)`);
  process.exit(1);
}
console.log(`boundaries ok: ${projects.length} projects`);
