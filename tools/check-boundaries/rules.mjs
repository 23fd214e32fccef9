/**
 * Who may import whom, by tag (`rocketshop.tag` in each package.json). No wildcard: a new tag needs a line here.
 * A project may always import itself by relative path; nobody may reach into another project past its entry points.
 */
export const MAY_IMPORT = {
  wire: [],
  contract: [],
  engine: ['wire'],
  client: ['wire'],
  transport: ['client'],
  kit: ['kit'],
  app: ['contract', 'kit', 'transport'],
  'admin app': ['contract', 'kit', 'transport', 'client'],
  process: ['engine', 'kit'],
  'command line': ['engine', 'client', 'wire'],
  testkit: ['wire', 'contract', 'engine', 'client', 'transport', 'kit', 'app', 'admin app', 'process', 'command line'],
  proof: [
    'wire',
    'contract',
    'engine',
    'client',
    'transport',
    'kit',
    'app',
    'admin app',
    'process',
    'command line',
    'testkit',
    'proof',
  ],
};

/** Rooms inside one project that must not know each other: `in` may not import what `not`, a pattern of paths, matches. */
export const ROOMS = [
  {
    in: 'libs/mq-broker/src/store/',
    not: '^libs/mq-broker/src/(broker|nameserver)/',
    why: 'the store knows no broker',
  },
  { in: 'libs/mq-broker/src/store/', not: '^(net|tls|http|dgram)$', why: 'the store knows no socket' },
  {
    in: 'libs/mq-broker/src/nameserver/',
    not: '^libs/mq-broker/src/(broker|store)/',
    why: 'the name server knows neither broker nor store',
  },
];

/** Projects that hold tests or tools; only these and specs may use another project's `/testing` entry. */
export const PROOF_TAG = 'proof';
