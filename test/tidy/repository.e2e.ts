import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryRoot as root } from '@rocketshop/shop-testkit';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const trackedFiles = () =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(root, file)));

/** A checkout without git (a release archive) has no list of files, so it cannot run these tests. */
const files = trackedFiles();
const sources = files.filter((file) => /^(apps|libs|test|bench|tools|examples)\/.*\.(ts|mjs)$/.test(file));
const pages = files.filter((file) => file.endsWith('.md'));

const LINES_MAX = 300;
/** Files that are longer, each with its reason. Tables of codes need none. */
const LONGER: Readonly<Record<string, string>> = {
  'libs/mq-protocol/src/header/json-scanner.ts': 'one scanner; its parts share the position, and it runs once a frame',
  'libs/shop-testkit/src/shop/shop-system.ts': 'the programs of one shop, which start and stop together',
  'test/flow/cancels-are-decided.e2e.ts': 'its stories share one shop, whose start costs more than they do',
  'test/upgrade/leave-open-orders.ts': 'a list of orders, each with its steps',
};

/** Metaphors that once named a mechanism; the name that an engineer of the field expects took the place of each. */
const METAPHORS = /passenger|patience|asItStands|AnswerDesk|GatheringSocket|(?<!round[- ]?)\btrips?\b|SharedTrip/i;

describe('the repository keeps its own rules', () => {
  it(`no source file has more than ${LINES_MAX} lines, but for those with a reason`, () => {
    const long = sources.filter((file) => read(file).split('\n').length > LINES_MAX + 1 && !file.includes('/tables/'));
    expect(long).toEqual(Object.keys(LONGER).sort());
  });

  it('no metaphor names a mechanism', () => {
    const named = sources.filter((file) => file !== 'test/tidy/repository.e2e.ts' && METAPHORS.test(read(file)));
    expect(named).toEqual([]);
  });

  it('no test is skipped or runs alone', () => {
    const pattern = /\b(it|test|describe)\.(only|todo)\(|\bx(it|describe)\(|\b(it|test)\.skip\(/;
    expect(sources.filter((file) => pattern.test(read(file)) && !file.startsWith('test/tidy/'))).toEqual([]);
  });

  it('the environment is read in *.config.ts and nowhere else', () => {
    const isProduct = (file: string) => /^(apps|libs)\//.test(file) && !/(\.config|\.spec)\.ts$/.test(file);
    // A comment may mention it.
    const readsIt = (file: string) => /^(?!\s*(\*|\/\/)).*process\.env/m.test(read(file));
    expect(sources.filter((file) => isProduct(file) && readsIt(file))).toEqual([]);
  });

  it('every command that a page names exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/npm run (?:-s )?([a-z][a-z0-9:-]*)/g)].map((match) => `${page}: ${match[1]}`),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(name.slice(name.indexOf(': ') + 2) in scripts))).toEqual([]);
  });

  it('every link between pages leads somewhere', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((match) => normalize(join(dirname(page), match[1] ?? '')))
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${page} -> ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('every project has one copy of each package', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, unknown> };
    expect(
      Object.keys(packages).filter((path) => /^(apps|libs|test|bench|tools|examples)\/.*node_modules\//.test(path)),
    ).toEqual([]);
  });

  it('every library has a README that names its terms', () => {
    const libraries = [...new Set(files.filter((file) => file.startsWith('libs/')).map((file) => file.split('/')[1]))];
    const silent = libraries.filter((name) => !existsSync(join(root, `libs/${name}/README.md`)));
    expect(silent).toEqual([]);
  });
});
