import { createResponse, RequestCode, RequestRefusedError, ResponseCode } from '@rocketshop/mq-protocol';
import type { RemotingCommand } from '@rocketshop/mq-protocol';

import { formatJavaProperties, parseJavaProperties } from '../../config/index.js';
import type { NameServerContext, NameServerProcessor } from '../nameserver-context.js';
import { applySettings } from '../nameserver-settings.js';

export function configProcessors(context: NameServerContext): [number, NameServerProcessor][] {
  return [
    [RequestCode.UPDATE_NAMESRV_CONFIG, (request) => updateConfig(context, request)],
    [RequestCode.GET_NAMESRV_CONFIG, (request) => getConfig(context, request)],
  ];
}

function updateConfig({ settings, configUpdateEnable }: NameServerContext, request: RemotingCommand): RemotingCommand {
  if (!configUpdateEnable) throw refused('changing the configuration over the network is switched off');
  const refusedKey = applySettings(settings, parseJavaProperties(request.body?.toString('utf8') ?? ''));
  if (refusedKey !== undefined) throw refused(`Can not update config in black list: ${refusedKey}`);
  return createResponse(request, ResponseCode.SUCCESS);
}

function getConfig({ settings }: NameServerContext, request: RemotingCommand): RemotingCommand {
  return createResponse(request, ResponseCode.SUCCESS, { body: Buffer.from(formatJavaProperties({ ...settings })) });
}

function refused(remark: string): RequestRefusedError {
  return new RequestRefusedError(ResponseCode.NO_PERMISSION, remark);
}
