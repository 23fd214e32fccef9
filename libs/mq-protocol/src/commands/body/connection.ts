import type { JsonReader } from '../../json/index.js';

/** One client as administration tools see it. Source: remoting/protocol/body/Connection.java. */
export interface ClientConnection {
  clientId: string;
  /** `ip:port`. */
  clientAddr: string;
  language: string;
  version: number;
}

export function readConnection(reader: JsonReader): ClientConnection {
  return {
    clientId: reader.string('clientId'),
    clientAddr: reader.string('clientAddr', ''),
    language: reader.string('language', 'OTHER'),
    version: reader.number('version', 0),
  };
}

export function writeConnection(connection: ClientConnection): object {
  return {
    clientAddr: connection.clientAddr,
    clientId: connection.clientId,
    language: connection.language,
    version: connection.version,
  };
}
