export interface NameServerConfig {
  /** NAMESRV_LISTEN_PORT; 0 takes any free port. @default 9876, RocketMQ's own */
  listenPort: number;
  /** BIND_ADDRESS. The protocol has no authentication: others reach it only when told so. @default 127.0.0.1 */
  bindAddress: string;
  /** KV_CONFIG_PATH, a file. @default none: KV configuration lives as long as the process */
  kvConfigPath: string | undefined;
}

/** Thrown when variables are wrong; the message names every one of them. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly retriable = false;
  override readonly name = 'ConfigError';
}

/** Reads the configuration from the environment. */
export function loadNameServerConfig(environment: NodeJS.ProcessEnv = process.env): NameServerConfig {
  const { NAMESRV_LISTEN_PORT: port = '9876', BIND_ADDRESS: bindAddress = '127.0.0.1', KV_CONFIG_PATH } = environment;
  const problems: string[] = [];
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    problems.push(`NAMESRV_LISTEN_PORT must be a port from 0 to 65535, not "${port}"`);
  }
  if (!/^[\w.:-]+$/.test(bindAddress)) problems.push(`BIND_ADDRESS must be an address, not "${bindAddress}"`);
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return { listenPort: Number(port), bindAddress, kvConfigPath: KV_CONFIG_PATH === '' ? undefined : KV_CONFIG_PATH };
}
