import {
  createResponse,
  DeleteKvConfig,
  GetKvConfig,
  GetKvListByNamespace,
  kvTableBody,
  PutKvConfig,
  RequestRefusedError,
  ResponseCode,
} from '@rocketshop/mq-protocol';
import type { RemotingCommand } from '@rocketshop/mq-protocol';

import type { KvConfigTable } from '../kv-config-table.js';
import type { NameServerContext, NameServerProcessor } from '../nameserver-context.js';

export function kvProcessors({ kv }: NameServerContext): [number, NameServerProcessor][] {
  return [
    [PutKvConfig.code, (request) => putKvConfig(kv, request)],
    [GetKvConfig.code, (request) => getKvConfig(kv, request)],
    [DeleteKvConfig.code, (request) => deleteKvConfig(kv, request)],
    [GetKvListByNamespace.code, (request) => listKvConfig(kv, request)],
  ];
}

async function putKvConfig(kv: KvConfigTable, request: RemotingCommand): Promise<RemotingCommand> {
  const { namespace, key, value } = PutKvConfig.readRequest(request);
  if (!kv.put(namespace, key, value)) {
    throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, 'the KV configuration is full');
  }
  await kv.saved();
  return createResponse(request, ResponseCode.SUCCESS);
}

function getKvConfig(kv: KvConfigTable, request: RemotingCommand): RemotingCommand {
  const { namespace, key } = GetKvConfig.readRequest(request);
  const value = kv.get(namespace, key);
  if (value === undefined) throw notFound(`No config item, Namespace: ${namespace} Key: ${key}`);
  return GetKvConfig.createResponse(request, { value });
}

async function deleteKvConfig(kv: KvConfigTable, request: RemotingCommand): Promise<RemotingCommand> {
  const { namespace, key } = DeleteKvConfig.readRequest(request);
  kv.delete(namespace, key);
  await kv.saved();
  return createResponse(request, ResponseCode.SUCCESS);
}

function listKvConfig(kv: KvConfigTable, request: RemotingCommand): RemotingCommand {
  const { namespace } = GetKvListByNamespace.readRequest(request);
  const table = kv.list(namespace);
  if (table === undefined) throw notFound(`No config item, Namespace: ${namespace}`);
  return createResponse(request, ResponseCode.SUCCESS, { body: kvTableBody.encode(new Map(table)) });
}

function notFound(remark: string): RequestRefusedError {
  return new RequestRefusedError(ResponseCode.QUERY_NOT_FOUND, remark);
}
