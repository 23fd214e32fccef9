import { localIpv4 } from '@rocketshop/mq-protocol';

/** `<ip>@<pid>#<nanos>`, as Java makes it for instanceName DEFAULT: unique for each instance of each process. */
export function createClientId(): string {
  return `${localIpv4()}@${process.pid}#${process.hrtime.bigint()}`;
}
