import { configFileStorage } from './config-file-storage.js';
import { NameServer } from './nameserver/index.js';
import type { NameServerOptions } from './nameserver/index.js';

export interface StartNameServerOptions extends Omit<NameServerOptions, 'storage'> {
  /** File of the KV configuration. @default none: it lives as long as the process, and nothing touches the disk */
  kvConfigPath?: string;
}

/**
 * Starts a name server and resolves when it serves requests. Throws ConfigFileBrokenError on an unreadable KV file and
 * the system's error when it cannot listen, as EADDRINUSE.
 */
export function startNameServer({ kvConfigPath, ...options }: StartNameServerOptions = {}): Promise<NameServer> {
  return NameServer.start({
    ...options,
    ...(kvConfigPath === undefined ? {} : { storage: configFileStorage(kvConfigPath, options.log ?? (() => {})) }),
  });
}
