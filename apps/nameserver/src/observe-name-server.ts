import type { NameServerMetrics } from '@rocketshop/mq-broker';
import type { Metrics } from '@rocketshop/service-defaults/process';

const GAUGES: readonly (readonly [string, string, (nameServer: NameServerMetrics) => number])[] = [
  ['nameserver_brokers', 'Brokers that are registered', ({ brokers }) => brokers],
  ['nameserver_topics', 'Topics that have routes', ({ topics }) => topics],
  [
    'nameserver_oldest_registration_seconds',
    'Time since the last registration of the broker that was heard of longest ago',
    ({ oldestRegistrationAgeMs = 0 }) => oldestRegistrationAgeMs / 1000,
  ],
  ['nameserver_connections', 'Open connections', ({ connections }) => connections],
  ['nameserver_partial_frame_bytes', 'Memory of frames whose rest has not arrived', ({ partialBytes }) => partialBytes],
  ['nameserver_unsent_bytes', 'Bytes that slow readers have not taken', ({ unsentBytes }) => unsentBytes],
];

/** Registers the metrics of the name server. They are read when somebody scrapes them, and zero before it listens. */
export function observeNameServer(metrics: Metrics, read: () => NameServerMetrics | undefined): void {
  for (const [name, help, value] of GAUGES) {
    metrics.gauge({
      name,
      help,
      collect() {
        const nameServer = read();
        this.set(nameServer === undefined ? 0 : value(nameServer));
      },
    });
  }
  metrics.counter({
    name: 'nameserver_connections_refused_total',
    help: 'Connections closed at once, since too many were open',
    collect() {
      this.reset();
      this.inc(read()?.connectionsRefused ?? 0);
    },
  });
}
