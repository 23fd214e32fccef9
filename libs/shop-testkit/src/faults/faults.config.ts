/** The variables of the program that makes faults on demand. */
export interface FaultsConfig {
  /** BIND_ADDRESS: the HTTP interface and the proxies listen on it. @default 127.0.0.1 */
  readonly bindAddress: string;
  /** HTTP_PORT of the HTTP interface; 0 takes any free port. @default 3020 */
  readonly httpPort: number;
  /** TARGETS, such as `stock:4002,coupon:4003`. A target's name is its host, and its proxy listens on the target's port. */
  readonly targets: readonly FaultTarget[];
}

export interface FaultTarget {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Port of the proxy; 0 takes any free port. */
  readonly listenPort: number;
}

const PORT_MAX = 65_535;

/** @throws an error that names every wrong variable */
export function loadFaultsConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): FaultsConfig {
  const problems: string[] = [];
  const httpPort = environment['HTTP_PORT'] || '3020';
  if (!isPort(httpPort)) problems.push(`HTTP_PORT must be a port, but is "${httpPort}"`);
  const texts = (environment['TARGETS'] ?? '').split(',').map((text) => text.trim());
  const targets = texts.flatMap((text) => {
    const [, host, port] = /^([^\s:/]+):(\d+)$/.exec(text) ?? [];
    if (host !== undefined && isPort(port)) return { name: host, host, port: Number(port), listenPort: Number(port) };
    problems.push(`TARGETS must be host:port,host:port, but has "${text}" in it`);
    return [];
  });
  const names = new Set(targets.map(({ name }) => name));
  if (names.size < targets.length) problems.push('TARGETS must name every host once');
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return { bindAddress: environment['BIND_ADDRESS'] || '127.0.0.1', httpPort: Number(httpPort), targets };
}

const isPort = (text: string | undefined): boolean =>
  text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX;
