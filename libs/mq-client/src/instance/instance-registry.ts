import { clientFingerprint, type ResolvedClientOptions } from '../client.config.js';
import { ClientInstance } from './client-instance.js';

interface Shared {
  instance: ClientInstance;
  users: number;
}

const shared = new Map<ResolvedClientOptions['logger'], Map<string, Shared>>();

export interface InstanceLease {
  readonly instance: ClientInstance;
  /** The last user closes the instance. */
  release(): Promise<void>;
}

/** The instance for these options: one for equal options, name and logger within the process. */
export function leaseInstance(options: ResolvedClientOptions): InstanceLease {
  const fingerprint = clientFingerprint(options);
  let ofLogger = shared.get(options.logger);
  if (ofLogger === undefined) shared.set(options.logger, (ofLogger = new Map()));
  let entry = ofLogger.get(fingerprint);
  if (entry === undefined) {
    entry = { instance: new ClientInstance(options), users: 0 };
    entry.instance.start();
    ofLogger.set(fingerprint, entry);
  }
  entry.users += 1;
  return { instance: entry.instance, release: () => release(options.logger, fingerprint) };
}

async function release(logger: ResolvedClientOptions['logger'], fingerprint: string): Promise<void> {
  const ofLogger = shared.get(logger);
  const entry = ofLogger?.get(fingerprint);
  if (ofLogger === undefined || entry === undefined) return;
  entry.users -= 1;
  if (entry.users > 0) return;
  ofLogger.delete(fingerprint);
  if (ofLogger.size === 0) shared.delete(logger);
  await entry.instance.close();
}
