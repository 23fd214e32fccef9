// The rules of rules.mjs in the words of dependency-cruiser, which finds the imports and judges them.
import { MAY_IMPORT, PROOF_TAG, ROOMS } from './rules.mjs';
import { PROJECT_DIR } from './projects.mjs';

const SPEC = '\\.spec\\.ts$';
const SAME_PROJECT = '^$1/';
const NOTHING = '^$';
// The "entry points" and "missing file" rules report these.
const UNRESOLVED_PROJECT_OR_FILE = '^@rocketshop/|^[.]+/(?!.*node_modules)';

const anyOf = (dirs) => (dirs.length === 0 ? NOTHING : `^(${dirs.join('|')})/`);

/** One rule a project: the other projects whose tags it may not import. */
function directionRule(project, projects) {
  const allowed = MAY_IMPORT[project.tag];
  const forbidden = projects.filter((other) => other !== project && !allowed.includes(other.tag));
  return {
    name: `direction of ${project.dir}`,
    comment: `${project.name} (${project.tag}) must not import this project; it may import: ${allowed.join(', ') || 'none'}`,
    from: { path: `^${project.dir}/`, pathNot: SPEC },
    to: { path: anyOf(forbidden.map(({ dir }) => dir)), dependencyTypesNot: ['local'] },
  };
}

function undeclaredRule({ dir }) {
  return {
    name: `third-party packages of ${dir}`,
    comment: `the package is not in ${dir}/package.json dependencies`,
    from: { path: `^${dir}/`, pathNot: SPEC },
    to: { pathNot: UNRESOLVED_PROJECT_OR_FILE, dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'unknown'] },
  };
}

const roomRule = (room) => ({
  name: `room ${room.in}`,
  comment: room.why,
  from: { path: `^${room.in}`, pathNot: SPEC },
  to: { path: room.not },
});

const CIRCLE = {
  name: 'circle',
  comment: 'circle of imports',
  from: {},
  to: { circular: true },
};

function entryPointRules(proofDirs) {
  return [
    {
      name: 'entry points',
      comment: 'the import reaches past an entry point of the project; import what its package.json exports',
      from: {},
      to: { path: '^@rocketshop/', couldNotResolve: true },
    },
    {
      name: 'missing file',
      comment: 'the file does not exist',
      from: {},
      to: { path: '^[.]', couldNotResolve: true },
    },
    {
      name: 'testing entry',
      comment: 'the /testing entry is for specs and test/ only',
      from: { pathNot: `${SPEC}|${anyOf(proofDirs)}` },
      to: { path: '^libs/[^/]+/src/testing/', dependencyTypesNot: ['local'] },
    },
    {
      name: 'relative import',
      comment: 'the relative import leaves the project',
      from: { path: PROJECT_DIR },
      to: { pathNot: SAME_PROJECT, dependencyTypes: ['local'] },
    },
    {
      name: 'own name',
      comment: 'the project imports itself by name; use a relative path',
      from: { path: PROJECT_DIR },
      to: { path: SAME_PROJECT, dependencyTypesNot: ['local'] },
    },
  ];
}

/** Every rule that an import is held against. `projects` come from loadProjects and have known tags. */
export function importRules(projects) {
  const products = projects.filter(({ tag }) => tag !== PROOF_TAG);
  const proofDirs = projects.filter(({ tag }) => tag === PROOF_TAG).map(({ dir }) => dir);
  const rules = [
    ...projects.map((project) => directionRule(project, projects)),
    ...products.map(undeclaredRule),
    ...ROOMS.map(roomRule),
    ...entryPointRules(proofDirs),
    CIRCLE,
  ];
  return rules.map((rule) => Object.assign(rule, { severity: 'error' }));
}
