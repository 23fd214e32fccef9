// The commands of package.json: what each runs, and what may be typed after it. bootstrap.mjs reads this table before anything is
// installed, so it is plain JavaScript without dependencies.
import { parseArgs } from 'node:util';

const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const stories = {
  more: { name: 'name ...', about: 'parts of the paths of the files to run; all of them when none is named' },
  options: { t: { short: 't', value: 'text', about: 'only the tests whose names contain the text' } },
};

/**
 * `run` is the program; with `build` the project is built before. `options` and `more` are what the command takes; it refuses
 * everything else. `tail` stands between the options and the other words. An option with a `value` takes one; `number` says that the value must be a number greater than 0.
 */
export const COMMANDS = {
  test: {
    about: 'Runs lint, format, types, unit and end-to-end tests. The last line is "N passed, N failed".',
    run: ['tools/verify.mjs'],
  },
  e2e: {
    about: 'Runs end-to-end stories.',
    run: jest,
    tail: ['--selectProjects', 'e2e', '--'],
    build: true,
    ...stories,
  },
  'test:long': {
    about: 'Runs the campaigns that take minutes.',
    run: jest,
    tail: ['--selectProjects', 'long', '--'],
    build: true,
    ...stories,
  },
  demo: {
    about: 'Starts the shop on this machine, plays twelve orders, makes faults, and shows that nothing was lost.',
    run: ['tools/dist/demo/demo.main.js'],
    build: true,
    options: {
      once: { about: 'stop after the twelve orders; the exit code is 0 only if every invariant holds' },
      compose: { about: 'play against the containers of docker compose' },
      'free-ports': { about: 'use any free ports instead of the documented ones' },
      'time-scale': {
        value: 'N',
        number: true,
        about: 'time passes N times as fast: with 15, the 30 minutes to pay are 2 minutes',
      },
    },
  },
  invariants: {
    about:
      "Reads every service's database once, and prints for each invariant that it holds, or the rows that break it.",
    run: ['tools/dist/invariants/invariants.main.js'],
    build: true,
  },
  reconcile: {
    about:
      "Compares the payment provider's bill with the records of pay and order, and lists every difference by kind. The exit code is 1 when there are any.",
    run: ['tools/dist/reconcile/reconcile.main.js'],
    build: true,
  },
  wait: {
    about: 'Waits until the containers of docker compose take orders.',
    run: ['tools/dist/wait/wait.main.js'],
    build: true,
  },
  compat: {
    about:
      'Runs foreign clients and tools on our broker, and our client and shop on Apache RocketMQ. Needs Java 17 and Maven.',
    run: ['test/dist/compat/compat.main.js'],
    build: true,
    more: {
      name: 'part ...',
      about: 'all when none is named',
      choices: ['java-5.5.0', 'java-4.9.7', 'ali-ons', 'mixed-group', 'mqadmin', 'apache'],
    },
  },
  crash: {
    about: 'Kills a broker process under load, tears and flips its log, and checks that nothing acknowledged is lost.',
    run: ['test/dist/crash/crash.main.js'],
    build: true,
    options: {
      rounds: { value: 'N', number: true, about: 'kills in each flush mode (50)' },
      producers: { value: 'N', number: true, about: 'connections that send, 16 requests under way on each (4)' },
      keep: { value: 'folder', about: 'keeps stores and histories there instead of removing them' },
    },
  },
  chaos: {
    about:
      'Breaks a whole shop with two replicas of every service while buyers order, heals it, and checks that nothing was lost.',
    run: ['test/dist/chaos/chaos.main.js'],
    build: true,
    options: {
      seed: { value: 'N', number: true, about: 'decides what is broken when, and what each buyer does (1)' },
      orders: { value: 'N', number: true, about: 'how many orders are placed (2000)' },
      pace: { value: 'N', number: true, about: 'milliseconds between two orders (140)' },
      folder: { value: 'folder', about: 'for the plan, the history and all logs (a new temporary folder)' },
    },
  },
  bench: {
    about: 'Measures the broker or the shop. Run it on a quiet machine; bench/README.md tells what the figures mean.',
    run: ['bench/dist/bench.main.js'],
    build: true,
    more: { name: 'broker|shop', about: 'what to measure', choices: ['broker', 'shop'], exactly: 1 },
    options: {
      quick: { about: 'shows that everything runs; the figures mean nothing' },
      profile: { about: 'writes CPU profiles of our processes to bench/results/profile' },
      against: { value: 'apache', choices: ['apache'], about: 'broker: measures Apache RocketMQ beside ours' },
      rows: { value: 'phrases', about: 'broker: only the rows whose names contain all of these phrases' },
      runs: { value: 'N', number: true, about: 'broker: runs of each row (3)' },
      buyers: { value: 'N,N', numbers: true, about: 'shop: numbers of buyers (16,64)' },
      seconds: { value: 'N', number: true, about: 'shop: measured time for each number of buyers (20)' },
    },
  },
  'docs:graph': {
    about: 'Draws the graph of the projects into docs/architecture.md.',
    run: ['tools/check-boundaries/dependency-graph.mjs'],
    options: { check: { about: 'writes nothing, and fails when the page is out of date' } },
  },
  'docs:protocol': {
    about: 'Writes docs/protocol.md from the tables of the broker.',
    run: ['tools/dist/generators/protocol-page.main.js'],
    build: true,
  },
};

/** Thrown when a command was given what it does not take. */
export class UsageError extends Error {}

const isNumber = (text) => /^\d+(\.\d+)?$/.test(text) && Number(text) > 0;

/** npm keeps options without `--` before them for itself and passes them as variables: `npm run demo --once`. */
function keptByNpm(options, environment) {
  return Object.entries(options).flatMap(([name, { value }]) => {
    const text = environment[`npm_config_${name.replaceAll('-', '_')}`];
    if (name.length === 1 || text === undefined || text === '' || text === 'false') return [];
    return value ? [`--${name}`, text] : [`--${name}`];
  });
}

function checkValue(name, { number, numbers, choices }, text) {
  const wanted = number ? 'a number greater than 0' : numbers ? 'numbers with commas between' : choices?.join(' or ');
  const isRight = number
    ? isNumber(text)
    : numbers
      ? text.split(',').every(isNumber)
      : (choices?.includes(text) ?? true);
  if (!isRight) throw new UsageError(`--${name} must be ${wanted}, but is ${JSON.stringify(text)}`);
}

const asWords = (values, options) =>
  Object.entries(values).flatMap(([key, value]) => {
    const option = `${key.length === 1 ? '-' : '--'}${key}`;
    return options[key].value ? [option, value] : [option];
  });

/**
 * @returns the arguments for the program, or undefined when help is wanted
 * @throws {UsageError} in one line that names what is not known
 */
export function readArguments(name, args, environment) {
  const { options = {}, more } = COMMANDS[name];
  const all = [...args, ...keptByNpm(options, environment).filter((_, index, kept) => !args.includes(kept[index]))];
  const known = Object.fromEntries(
    Object.entries(options).map(([key, { short, value }]) => [
      key,
      { type: value ? 'string' : 'boolean', ...(short ? { short } : {}) },
    ]),
  );
  let parsed;
  try {
    parsed = parseArgs({
      args: all,
      allowPositionals: true,
      options: { ...known, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    const [what] = error.message.split('. ');
    throw new UsageError(what);
  }
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  for (const [key, value] of Object.entries(values)) checkValue(key, options[key], String(value));
  const unknown = positionals.find((word) => !more || (more.choices && !more.choices.includes(word)));
  if (unknown !== undefined)
    throw new UsageError(`unknown ${JSON.stringify(unknown)}${more ? `; known: ${more.choices.join(', ')}` : ''}`);
  if (more?.exactly !== undefined && positionals.length !== more.exactly)
    throw new UsageError(`say ${more.choices.join(' or ')}`);
  return [...asWords(values, options), ...(COMMANDS[name].tail ?? []), ...positionals];
}

/** The page of `--help`. */
export function helpOf(name) {
  const { about, options = {}, more } = COMMANDS[name];
  const lines = Object.entries(options).map(([key, { value, about: text }]) => [
    `${key.length === 1 ? '-' : '--'}${key}${value ? ` ${value}` : ''}`,
    text,
  ]);
  if (more) lines.unshift([more.name, more.choices ? `${more.about}: ${more.choices.join(', ')}` : more.about]);
  const dashes = lines.length > 0 ? ' -- ' : '';
  const usage =
    `${more ? (more.exactly ? more.name : `[${more.name}]`) : ''}${Object.keys(options).length > 0 ? ' [options]' : ''}`.trim();
  const width = Math.max(0, ...lines.map(([left]) => left.length));
  return [
    `usage: npm run ${name}${dashes}${usage}`,
    about,
    ...lines.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`),
  ].join('\n');
}
