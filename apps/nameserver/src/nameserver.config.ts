import { configField, internalFields, loadConfig, LOG_LEVELS } from '@rocketshop/service-defaults/config';
import type { ConfigOf } from '@rocketshop/service-defaults/config';

/** Every variable of the name server process, its default, and why one would set it. */
const nameServerFields = {
  listenPort: configField.port({
    variable: 'NAMESRV_LISTEN_PORT',
    default: 9876,
    reason: 'port for brokers and clients; 0 takes any free one',
  }),
  bindAddress: configField.text({
    default: '127.0.0.1',
    reason: 'address to listen on; the protocol has no authentication, so others reach it only when told so',
  }),
  ...internalFields(5021),
  logLevel: configField.oneOf(LOG_LEVELS, { default: 'info', reason: 'least severe level that is written' }),
  kvConfigPath: configField.optional(
    configField.text({ reason: 'file that keeps KV configuration; without it, it lives as long as the process' }),
  ),
};

export type NameServerConfig = ConfigOf<typeof nameServerFields>;

/** @throws ConfigurationError naming every wrong variable */
export function loadNameServerConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): NameServerConfig {
  return loadConfig(nameServerFields, environment);
}
