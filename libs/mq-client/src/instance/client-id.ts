import { localIpv4 } from '@rocketshop/mq-protocol';

/** `<ip>@<pid>#<nanos>`, as the Java client builds it for instanceName DEFAULT. It is unique for each instance. */
export function createClientId(): string {
  return `${localIpv4()}@${process.pid}#${process.hrtime.bigint()}`;
}
