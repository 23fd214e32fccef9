import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = import.meta.dirname;

// Workspace packages resolve to their sources. A plain mapper, not an export condition, is used because
// `jest --changedSince` follows mappers across packages and ignores custom conditions.
const nested = ['apps', 'libs'].flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`));
const workspaces = [...nested, 'tools'];
const toSource = {};
for (const dir of workspaces) {
  const manifest = join(root, dir, 'package.json');
  if (!existsSync(manifest)) continue;
  const { name, exports } = JSON.parse(readFileSync(manifest, 'utf8'));
  for (const [entry, target] of Object.entries(exports ?? {})) {
    const source = target['@rocketshop/source'];
    if (source) toSource[`^${name}${entry.slice(1)}$`] = `<rootDir>/${dir}/${source.slice(2)}`;
  }
}

const swc = [
  '@swc/jest',
  {
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      keepClassNames: true,
    },
    module: { type: 'es6' },
    sourceMaps: true,
  },
];

const base = {
  rootDir: root,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': swc },
  moduleNameMapper: { ...toSource, '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/(apps|libs)/[^/]+/dist/', '<rootDir>/(test|bench|tools)/dist/'],
  setupFiles: ['<rootDir>/tools/jest/realm.js'],
};

/** End-to-end tests run from their compiled files, see tools/jest/native-runner.js. */
const native = { rootDir: root, runner: '<rootDir>/tools/jest/native-runner.js', roots: ['<rootDir>/test'] };

/** @type {import('jest').Config} */
export default {
  projects: [
    {
      ...base,
      displayName: 'unit',
      roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/bench'],
      testMatch: ['**/src/**/*.spec.ts', '<rootDir>/bench/**/*.spec.ts'],
    },
    {
      ...native,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/**/*.e2e.ts'],
    },
    // Campaigns of minutes. `npm run test:long` runs them; `npm test` does not.
    {
      ...native,
      displayName: 'long',
      testMatch: ['<rootDir>/test/**/*.long.ts'],
    },
  ],
  workerIdleMemoryLimit: '400MB',
  coverageProvider: 'v8',
  collectCoverageFrom: ['{apps,libs}/*/src/**/*.ts', '!**/*.spec.ts', '!**/main.ts'],
};
