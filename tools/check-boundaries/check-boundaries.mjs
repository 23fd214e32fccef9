// Import direction between and inside workspaces, and circles of imports. dependency-cruiser finds the imports, type-only
// ones too, and holds them against rules.mjs. What it cannot know stays here: tags, workspace dependencies, references.
// usage: node check-boundaries.mjs [root]
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import { importRules } from './import-rules.mjs';
import { loadProjects, projectDirOf, readJson } from './projects.mjs';
import { MAY_IMPORT } from './rules.mjs';

const root = resolve(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '../..'));

/** Reads every import below the projects' folders. TypeScript 7 has no parser for tools, so swc reads the sources. */
async function findImports(projects) {
  const options = {
    baseDir: root,
    parser: 'swc',
    validate: true,
    ruleSet: { forbidden: importRules(projects) },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(?!.*node_modules).*/dist/' },
  };
  const resolution = {
    extensions: ['.ts', '.js', '.mjs', '.cjs'],
    exportsFields: ['exports'],
    conditionNames: ['@rocketshop/source', 'import', 'node', 'default'],
  };
  const { output } = await cruise(
    projects.map(({ dir }) => dir),
    options,
    resolution,
  );
  return output;
}

function describe({ from, to, cycle, rule }, rules) {
  if (cycle) return `${[from, ...cycle.map(({ name }) => name)].join(' -> ')}: circle of imports`;
  return `${from} -> ${to}: ${rules.get(rule.name)}`;
}

/** The projects that the product code of each project imports. */
function usedProjects(modules, byName) {
  const used = new Map();
  const dirs = new Map([...byName.values()].map((project) => [project.dir, project]));
  for (const { source, dependencies } of modules) {
    if (source.endsWith('.spec.ts')) continue;
    const from = dirs.get(projectDirOf(source));
    if (!from) continue;
    for (const { resolved } of dependencies) {
      const target = dirs.get(projectDirOf(resolved));
      if (target && target !== from) used.set(from, (used.get(from) ?? new Set()).add(target));
    }
  }
  return used;
}

/** package.json and tsconfig.json say the same as the imports, so that `tsc -b` builds in the right order. */
function checkDeclarations(project, used, byName) {
  const errors = [];
  const declared = project.dependencies.flatMap((name) => byName.get(name) ?? []);
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

function checkProjects(projects) {
  const built = new Set(readJson(join(root, 'tsconfig.json')).references.map(({ path }) => path));
  return projects.flatMap(({ dir, tag }) => [
    ...(tag in MAY_IMPORT ? [] : [`${dir}/package.json: rocketshop.tag "${tag}" has no rule in rules.mjs`]),
    ...(built.has(dir) ? [] : [`tsconfig.json: add a reference to ${dir}`]),
  ]);
}

function finish(errors, projects) {
  if (errors.length === 0) return console.log(`boundaries ok: ${projects.length} projects`);
  console.error(errors.join('\n'));
  console.error(`${errors.length} boundary error(s)`);
  process.exitCode = 1;
}

async function checkAll(projects) {
  const errors = checkProjects(projects);
  // Without a tag there is no rule to judge the imports by.
  if (projects.some(({ tag }) => !(tag in MAY_IMPORT))) return errors;
  const byName = new Map(projects.map((project) => [project.name, project]));
  const { modules, summary } = await findImports(projects);
  const rules = new Map(summary.ruleSetUsed.forbidden.map(({ name, comment }) => [name, comment]));
  const used = usedProjects(modules, byName);
  return [
    ...errors,
    ...summary.violations.map((violation) => describe(violation, rules)),
    ...projects.flatMap((project) => checkDeclarations(project, used.get(project) ?? new Set(), byName)),
  ];
}

const projects = loadProjects(root);
finish(await checkAll(projects), projects);
