// The facts about the projects of this repository: what their package.json and tsconfig.json declare.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** The folder of the project that a file belongs to is the first group. */
export const PROJECT_DIR = '^((?:apps|libs|examples)/[^/]+|bench|test|tools)/';

/**
 * @param {string} file a path relative to the root
 * @returns {string | undefined} the folder of its project
 */
export const projectDirOf = (file) => new RegExp(PROJECT_DIR).exec(file)?.[1];

function projectDirs(root) {
  const nested = ['apps', 'libs', 'examples'].flatMap((parent) =>
    existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [],
  );
  return [...nested, 'bench', 'test', 'tools'].filter((dir) => existsSync(join(root, dir, 'package.json')));
}

/** Every project with its tag, and with what it declares in package.json and in tsconfig.json. */
export function loadProjects(root) {
  return projectDirs(root).map((dir) => {
    const manifest = readJson(join(root, dir, 'package.json'));
    const references = (readJson(join(root, dir, 'tsconfig.json')).references ?? []).map(({ path }) =>
      relative(root, resolve(root, dir, path)),
    );
    return {
      dir,
      name: manifest.name,
      tag: manifest.rocketshop?.tag,
      dependencies: Object.keys(manifest.dependencies ?? {}),
      references,
      entryFiles: Object.values(manifest.exports ?? {}).flatMap((entry) => entry['@rocketshop/source'] ?? []),
    };
  });
}
